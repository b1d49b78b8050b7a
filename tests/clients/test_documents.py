"""What clients that cannot run here send when they register, as their sources and their servers' logs have it."""

from collections.abc import AsyncIterator
from typing import NamedTuple

import httpx
import pytest

from tests.support.running_server import full_server
from tests.support.sign_in import SignIn, parameters_of

BOTH_GRANTS = ["authorization_code", "refresh_token"]


class Document(NamedTuple):
    """What a client registers with, and the callback that it then uses; `seen` is where it was read."""

    client: str
    registration: dict[str, object]
    callback: str
    seen: str


DOCUMENTS = (
    Document(
        "Visual Studio Code",
        {
            "client_name": "Visual Studio Code",
            "client_uri": "https://code.visualstudio.com",
            "grant_types": [*BOTH_GRANTS, "urn:ietf:params:oauth:grant-type:device_code"],
            "response_types": ["code"],
            "redirect_uris": [
                "https://insiders.vscode.dev/redirect",
                "https://vscode.dev/redirect",
                "http://127.0.0.1/",
                "http://127.0.0.1:33418/",
            ],
            "token_endpoint_auth_method": "none",
            "application_type": "native",
        },
        "http://127.0.0.1:33418/",
        "microsoft/vscode, src/vs/base/common/oauth.ts, fetchDynamicRegistration",
    ),
    Document(
        "Visual Studio Code in the browser",
        {
            "client_name": "Visual Studio Code",
            "redirect_uris": ["https://vscode.dev/redirect", "http://127.0.0.1:33418"],
            "token_endpoint_auth_method": "none",
        },
        "https://vscode.dev/redirect",
        "the same, as GitHub Copilot registers",
    ),
    Document(
        "Cursor",
        {
            "client_name": "Cursor",
            "redirect_uris": ["cursor://anysphere.cursor-mcp/oauth/callback"],
            "grant_types": BOTH_GRANTS,
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
        },
        "cursor://anysphere.cursor-mcp/oauth/callback",
        "workers-oauth-provider#29",
    ),
    Document(
        "Cursor in the cloud",
        {"client_name": "Cursor", "redirect_uris": ["https://www.cursor.com/agents/mcp/oauth/callback"]},
        "https://www.cursor.com/agents/mcp/oauth/callback",
        "its documents on custom connectors",
    ),
    Document(
        "ChatGPT",
        {
            "client_name": "ChatGPT",
            "redirect_uris": ["https://chatgpt.com/connector_platform_oauth_redirect"],
            "grant_types": BOTH_GRANTS,
            "token_endpoint_auth_method": "none",
        },
        "https://chatgpt.com/connector_platform_oauth_redirect",
        "workers-oauth-provider#29",
    ),
    Document(
        "Gemini CLI",
        {
            "client_name": "Gemini CLI MCP Client",
            "redirect_uris": ["http://localhost:7777/oauth/callback"],
            "grant_types": BOTH_GRANTS,
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
        },
        "http://localhost:7777/oauth/callback",
        "google-gemini/gemini-cli, packages/core/src/mcp/oauth-provider.ts",
    ),
    Document(
        "Claude",
        {
            "client_name": "Claude",
            "redirect_uris": ["https://claude.ai/api/mcp/auth_callback"],
            "grant_types": BOTH_GRANTS,
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
            "scope": "qarnot:read qarnot:write offline_access",
        },
        "https://claude.ai/api/mcp/auth_callback",
        "played as the documents on connectors describe it",
    ),
)


@pytest.fixture(scope="module")
async def origin() -> AsyncIterator[str]:
    async with full_server() as server:
        yield server.origin


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.client)
async def test_what_a_client_sends_leads_to_tokens_that_work(origin: str, document: Document) -> None:
    async with httpx.AsyncClient(timeout=10) as http:
        sign_in = SignIn(origin, http, redirect=document.callback)
        registered = await sign_in.register(**document.registration)
        assert registered.status_code == 201, registered.text
        assert set(registered.json()["redirect_uris"]) >= {document.callback}
        page = await sign_in.page()
        assert str(document.registration["client_name"]) in page.text
        answer = await sign_in.post(page, "sandbox-alice")
        assert answer.headers["location"].startswith(document.callback)
        tokens = (await sign_in.exchange(parameters_of(answer)["code"])).json()
        assert (await sign_in.call(tokens["access_token"], "list_profiles")).status_code == 200
        assert (await sign_in.refresh(tokens["refresh_token"])).status_code == 200


@pytest.mark.parametrize("era", ["2025-06-18", "2026-07-28"])
async def test_claude_on_the_web_signs_in_and_calls_through_a_tunnel(era: str) -> None:
    public = "https://some-words.trycloudflare.com"
    # As the tunnel passes requests on: with the public host name, and the scheme that the person's browser used.
    tunnel = {"Host": public.removeprefix("https://"), "X-Forwarded-Proto": "https"}
    claude = next(document for document in DOCUMENTS if document.client == "Claude")
    async with full_server(public_url=public) as server, httpx.AsyncClient(timeout=10, headers=tunnel) as http:
        unknown = await http.post(server.url, json={})
        assert unknown.status_code == 401
        resource = f"{public}/.well-known/oauth-protected-resource/mcp"
        assert f'resource_metadata="{resource}"' in unknown.headers["www-authenticate"]
        metadata = (await http.get(resource.replace(public, server.origin))).json()
        assert (metadata["resource"], metadata["authorization_servers"]) == (f"{public}/mcp", [public])

        async def keep_cookie(response: httpx.Response) -> None:
            """Send a cookie back as the person's browser does, which is on the https side of the tunnel."""
            if cookie := response.headers.get("set-cookie"):
                http.headers["cookie"] = cookie.partition(";")[0]

        http.event_hooks["response"].append(keep_cookie)
        sign_in = SignIn(public, http, redirect=claude.callback, at=server.origin)
        assert (await sign_in.register(**claude.registration)).status_code == 201
        tokens = (await sign_in.exchange(await sign_in.code("sandbox-alice"))).json()
        meta = {
            "io.modelcontextprotocol/protocolVersion": era,
            "io.modelcontextprotocol/clientInfo": {"name": "Claude", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        }
        modern = {"Mcp-Method": "tools/list"} if era == "2026-07-28" else {}
        headers = {
            "Accept": "application/json, text/event-stream",
            "Authorization": f"Bearer {tokens['access_token']}",
            "MCP-Protocol-Version": era,
            **modern,
        }
        params = {"_meta": meta} if modern else {}
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": params}
        answer = await http.post(server.url, json=body, headers=headers)
        assert "submit_task" in answer.text
        assert f"{public}/icons/" in answer.text
