"""The web face of the server over a real socket: one endpoint, its health, its guards and its refusals."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from qarnot_mcp import __version__
from qarnot_mcp.web.app import create_app
from qarnot_mcp.web.request_guard import MAX_BODY_BYTES
from tests.support.running_server import ERAS, Era, running_server, settings_for
from tests.support.serving import serve

INSPECTOR = "http://localhost:6274"
MODERN = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/list"}
MODERN_LIST = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/list",
    "params": {
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        }
    },
}
LEGACY_LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@asynccontextmanager
async def server(**changes: Any) -> AsyncIterator[httpx.AsyncClient]:
    """The server at a base address, on a sandbox; redirects are not followed."""
    public_url = changes.pop("public_url_found", None)
    base_url = changes.pop("base_url", "http://127.0.0.1:9")
    settings = settings_for(base_url, connect_timeout_seconds=1, retry_seconds=0, **changes)
    async with (
        serve(create_app(settings, public_url=public_url)) as url,
        httpx.AsyncClient(base_url=url, timeout=10, headers=ACCEPT) as http,
    ):
        yield http


async def listed(http: httpx.AsyncClient, era: Era, path: str = "/mcp", **headers: str) -> httpx.Response:
    modern = era == "auto"
    return await http.post(
        path,
        json=MODERN_LIST if modern else LEGACY_LIST,
        headers={**(MODERN if modern else {"MCP-Protocol-Version": "2025-11-25"}), **headers},
    )


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("path", ["/mcp", "/mcp/"])
async def test_the_endpoint_answers_with_and_without_its_last_slash(era: Era, path: str) -> None:
    async with server() as http:
        answer = await listed(http, era, path)
        assert answer.status_code == 200
        assert "get_task_logs" in answer.text


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("path", ["/mcp?read_only=true", "/mcp/?read_only=true"])
async def test_the_query_of_the_address_reaches_the_server_with_and_without_its_last_slash(era: Era, path: str) -> None:
    async with server() as http:
        answer = await listed(http, era, path)
        assert answer.status_code == 200
        assert "get_task_logs" in answer.text
        assert '"delete_task"' not in answer.text


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_of_either_era_works_behind_a_path_of_its_own(era: Era) -> None:
    async with server(path="/qarnot/v2") as http:
        assert (await listed(http, era, "/qarnot/v2/")).status_code == 200
        assert (await listed(http, era)).status_code == 404


async def test_health_tells_name_and_version_without_a_key() -> None:
    async with server() as http:
        answer = await http.get("/health")
        assert answer.json() == {"status": "ok", "name": "qarnot-mcp", "version": __version__}


async def test_ready_while_the_api_answers() -> None:
    async with running_server() as server, httpx.AsyncClient(timeout=10) as http:
        answer = await http.get(server.url.replace("/mcp", "/ready"))
        assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


async def test_not_ready_tells_strangers_nothing_of_the_api_and_the_log_why(caplog: pytest.LogCaptureFixture) -> None:
    async with server() as http:
        first = await http.get("/ready")
        assert first.status_code == 503
        assert first.json()["status"] == "unavailable"
        assert "the log says more" in first.json()["reason"]
        assert "127.0.0.1" not in first.text
        assert (await http.get("/ready")).json() == first.json()
        (line,) = [record.getMessage() for record in caplog.records if "not ready" in record.getMessage()]
        assert "cannot be reached" in line
        assert "QARNOT_BASE_URL" in line
        assert (await http.get("/health")).status_code == 200


async def test_nobody_is_told_ready_while_the_first_look_is_under_way() -> None:
    async with server() as http:
        answers = await asyncio.gather(*(http.get("/ready") for _ in range(5)))
        assert [answer.status_code for answer in answers] == [503] * 5


async def test_ready_asks_the_api_once_for_many_questions() -> None:
    async with running_server() as server, httpx.AsyncClient(timeout=10) as http:
        ready = server.url.replace("/mcp", "/ready")
        assert {(await http.get(ready)).status_code for _ in range(5)} == {200}
        journal = (await http.get(f"{server.api_url}/sandbox/journal")).json()
        assert [entry["path"] for entry in journal["requests"]] == ["/settings"]


async def test_an_unknown_host_is_told_which_setting_lets_it_in() -> None:
    async with server() as http:
        answer = await listed(http, "auto", Host="mcp.example.org")
        assert answer.status_code == 421
        assert "QARNOT_MCP_ALLOWED_HOSTS" in answer.text
        assert "QARNOT_MCP_PUBLIC_URL" in answer.text


@pytest.mark.parametrize("host", ["mcp.example.org", "MCP.example.org:443", "a.tunnels.example"])
async def test_the_hosts_of_the_settings_are_let_in(host: str) -> None:
    async with server(allowed_hosts=["mcp.example.org", "*.tunnels.example"]) as http:
        assert (await listed(http, "auto", Host=host)).status_code == 200


async def test_a_foreign_origin_is_told_which_setting_lets_it_in() -> None:
    async with server() as http:
        answer = await listed(http, "auto", Origin="https://evil.example")
        assert answer.status_code == 403
        assert "QARNOT_MCP_ALLOWED_ORIGINS" in answer.text
        assert "access-control-allow-origin" not in answer.headers


async def test_the_public_address_joins_both_guards() -> None:
    async with server(public_url_found="https://mcp.example.org", auth="key") as http:
        answer = await listed(http, "auto", Host="mcp.example.org", Origin="https://mcp.example.org")
        assert answer.status_code == 200
        assert (await listed(http, "auto", Host="other.example.org")).status_code == 421


async def test_a_page_of_the_inspector_may_ask_with_the_headers_of_the_modern_era() -> None:
    wanted = (
        "authorization,content-type,mcp-method,mcp-name,mcp-protocol-version,x-api-key,x-mcp-readonly,x-mcp-toolsets"
    )
    async with server() as http:
        preflight = await http.options(
            "/mcp",
            headers={
                "Origin": INSPECTOR,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": wanted,
            },
        )
        assert preflight.status_code == 200
        assert preflight.headers["access-control-allow-origin"] == INSPECTOR
        allowed = preflight.headers["access-control-allow-headers"].replace(" ", "").split(",")
        assert set(allowed) >= set(wanted.split(","))
        answer = await listed(http, "auto", Origin=INSPECTOR)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == INSPECTOR
        exposed = answer.headers["access-control-expose-headers"].lower().replace(" ", "").split(",")
        assert set(exposed) == {"mcp-session-id", "www-authenticate"}


async def test_a_page_of_a_foreign_origin_gets_no_preflight() -> None:
    async with server() as http:
        preflight = await http.options(
            "/mcp", headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
        )
        assert preflight.status_code in (400, 403)
        assert "access-control-allow-origin" not in preflight.headers


async def test_there_is_no_stream_to_get() -> None:
    async with server() as http:
        assert (await http.get("/mcp", headers={"Accept": "text/event-stream"})).status_code == 405


async def test_a_body_that_declares_too_much_is_refused() -> None:
    async with server() as http:
        answer = await http.post("/mcp", content=b"x" * (MAX_BODY_BYTES + 1))
        assert answer.status_code == 413
        assert f"{MAX_BODY_BYTES}" in answer.text


async def test_a_body_that_declares_nothing_is_read_up_to_the_limit() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(MAX_BODY_BYTES // 65_536 + 1):
            yield b" " * 65_536

    async with server() as http:
        answer = await http.post("/mcp", content=pieces(), headers={"Content-Type": "application/json", **MODERN})
        assert answer.status_code == 413
        assert f"{MAX_BODY_BYTES}" in answer.text
        assert (await listed(http, "auto")).status_code == 200


async def test_a_body_at_the_limit_is_served() -> None:
    body = httpx.Request("POST", "http://x", json=LEGACY_LIST).content
    async with server() as http:
        answer = await http.post(
            "/mcp", content=body.ljust(MAX_BODY_BYTES), headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 200


async def test_blanks_around_a_header_value_belong_to_no_value() -> None:
    body = httpx.Request("POST", "http://x", json=MODERN_LIST).content
    async with server() as http:
        url = urlsplit(str(http.base_url))
        head = (
            f"POST /mcp HTTP/1.1\r\nHost:  {url.netloc} \r\nContent-Type: application/json \t\r\n"
            f"Accept: application/json, text/event-stream \r\nMCP-Protocol-Version:  2026-07-28 \t\r\n"
            f"Mcp-Method: tools/list \r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        assert (await sent(url.hostname or "", url.port or 0, head.encode() + body)).startswith(b"HTTP/1.1 200")


async def sent(host: str, port: int, request: bytes) -> bytes:
    """Send raw bytes, which no client library tidies up, and return what comes back."""
    reader, writer = await asyncio.open_connection(host, port, family=socket.AF_INET)
    writer.write(request)
    await writer.drain()
    answer = await reader.read()
    writer.close()
    return answer


async def test_a_length_that_is_no_number_is_not_believed() -> None:
    async with server() as http:
        url = urlsplit(str(http.base_url))
        request = f"POST /mcp HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Length: many\r\n\r\n"
        assert (await sent(url.hostname or "", url.port or 0, request.encode())).startswith(b"HTTP/1.1 400")
        assert (await listed(http, "auto")).status_code == 200


@pytest.mark.parametrize(
    "request_line_and_hosts",
    [
        "HTTP/1.1\r\nHost: localhost\r\nHost: evil.example",
        "HTTP/1.1\r\nHost: localhost\r\nHost: localhost",
        "HTTP/1.1\r\nHost: [localhost]evil",
        "HTTP/1.1\r\nHost: [localhost]",
        "HTTP/1.1\r\nHost: localhost@evil.example",
        "HTTP/1.1\r\nHost: localhost:8000:9",
        "HTTP/1.1\r\nHost: localhost/",
        "HTTP/2.0\r\nHost: localhost",
    ],
)
async def test_a_request_whose_host_could_be_read_in_two_ways_is_refused(request_line_and_hosts: str) -> None:
    async with server() as http:
        url = urlsplit(str(http.base_url))
        request = f"GET /health {request_line_and_hosts}\r\n\r\n"
        answer = await sent(url.hostname or "", url.port or 0, request.encode())
        assert answer.startswith(b"HTTP/1.1 400")
        assert b"exactly one Host header" in answer


@pytest.mark.parametrize("host", ["[::1]", "[::1]:8000", "localhost:80", "LOCALHOST"])
async def test_a_plain_host_is_served(host: str) -> None:
    async with server() as http:
        assert (await http.get("/health", headers={"Host": host})).status_code == 200


async def test_an_api_that_redirects_is_not_ready(caplog: pytest.LogCaptureFixture) -> None:
    async def elsewhere(_: Scope, __: Receive, send: Send) -> None:
        headers: Mapping[bytes, bytes] = {b"location": b"https://elsewhere.example", b"content-length": b"0"}
        await send({"type": "http.response.start", "status": 302, "headers": list(headers.items())})
        await send({"type": "http.response.body", "body": b""})

    async with serve(elsewhere) as api_url, server(base_url=api_url) as http:
        answer = await http.get("/ready")
        assert answer.status_code == 503
        assert "redirects (status 302)" in caplog.text


CALL = {
    "jsonrpc": "2.0",
    "id": 7,
    "method": "tools/call",
    "params": {"name": "list_profiles", "arguments": {}, "_meta": {"progressToken": None}},
}
OLD = {"MCP-Protocol-Version": "2025-11-25"}


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("", "application/json"),
        ("text/event-stream;q=0.5, application/json", "application/json"),
        ("text/event-stream", "text/event-stream"),
        ("application/json, text/event-stream", "text/event-stream"),
    ],
)
@pytest.mark.parametrize("era", ERAS)
async def test_a_client_gets_the_form_of_response_that_it_takes(era: Era, accept: str, form: str) -> None:
    async with server() as http:
        answer = await listed(http, era, Accept=accept)
        assert answer.status_code == 200
        kind = answer.headers["content-type"]
        if era == "legacy" or form == "application/json":  # the modern era streams only what takes time
            assert kind.startswith(form)
        if kind.startswith("application/json"):
            assert "list_tasks" in str(answer.json()["result"]["tools"])


async def test_a_client_that_takes_neither_form_is_refused() -> None:
    async with server() as http:
        assert (await listed(http, "legacy", Accept="text/html")).status_code == 406


async def test_json_for_clients_that_name_both_forms_and_read_one_is_a_setting() -> None:
    async with server(json_responses=True) as http:
        assert "list_tasks" in str((await listed(http, "legacy")).json()["result"]["tools"])


async def test_a_progress_token_of_null_is_one_that_was_left_out() -> None:
    async with running_server() as running, httpx.AsyncClient(headers={**ACCEPT, **OLD}) as http:
        answer = await http.post(running.url, json=CALL, headers={"Authorization": f"Bearer {running.key}"})
        assert "docker-batch" in answer.text


@pytest.mark.parametrize("path", ["/health", "/ready"])
@pytest.mark.parametrize("host", ["10.0.0.9:8000", "qarnot-mcp.default.svc.cluster.local", ""])
async def test_a_probe_is_answered_whatever_name_it_uses(path: str, host: str) -> None:
    async with running_server() as running:
        parts = urlsplit(running.origin)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        line = f"Host: {host}\r\n" if host else ""
        writer.write(f"GET {path} HTTP/1.{1 if host else 0}\r\n{line}Connection: close\r\n\r\n".encode())
        assert (await reader.readline()).startswith((b"HTTP/1.1 200", b"HTTP/1.0 200"))
        writer.close()


async def test_an_unknown_host_reads_the_line_that_lets_it_in_and_the_log_keeps_it_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with server() as http:
        for _ in range(2):
            refused = await listed(http, "legacy", Host="qarnot.example.org")
            assert refused.status_code == 421
            assert "QARNOT_MCP_ALLOWED_HOSTS=qarnot.example.org" in refused.text
    assert caplog.text.count("QARNOT_MCP_ALLOWED_HOSTS=qarnot.example.org; if it is the new name of a tunnel") == 1


async def test_a_full_name_with_its_last_dot_is_the_same_host() -> None:
    async with server(public_url_found="https://mcp.example.org") as http:
        assert (await listed(http, "legacy", Host="mcp.example.org.")).status_code in (200, 401)
        assert (await listed(http, "legacy", Host="mcp.example.org.:443")).status_code in (200, 401)


async def test_a_page_on_the_private_network_gets_its_preflight() -> None:
    asked = {
        "Origin": INSPECTOR,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Private-Network": "true",
    }
    async with server() as http:
        allowed = await http.options("/mcp", headers=asked)
        assert allowed.status_code == 200
        assert allowed.headers["access-control-allow-private-network"] == "true"


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/health/", 200), ("POST", "/health/", 405), ("POST", "/x/", 404)]
)
async def test_no_address_redirects_to_http_behind_a_proxy(method: str, path: str, status: int) -> None:
    async with server() as http:
        answer = await http.request(method, path, headers={"X-Forwarded-Proto": "https"})
        assert answer.status_code == status
        assert "location" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/sse", "/mcp/messages"])
async def test_an_address_beside_the_endpoint_says_where_it_is(path: str, caplog: pytest.LogCaptureFixture) -> None:
    async with server() as http:
        for _ in range(2):
            answer = await listed(http, "legacy", path)
            assert answer.status_code == 404
            assert "the MCP endpoint is /mcp" in answer.text
    assert caplog.text.count("the MCP endpoint is /mcp") == 1
