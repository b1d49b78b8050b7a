"""Each attack on the sign-in and on the endpoint behind it, with the status that refuses it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx
import pytest
from pydantic import SecretStr

from qarnot_mcp.auth.oauth.sealing import AccessGrant, CodeGrant, RefreshGrant, Sealer, SignInForm, SignInRequest
from tests.support.processes import OAUTH, server_process
from tests.support.running_server import SECRET, SERVER_KEY, RunningServer, full_server, used
from tests.support.sign_in import SignIn, form_of, parameters_of

ALICE = "sandbox-alice"
CHARGED = {"task_uuid": "11111111-2222-3333-4444-555555555555"}


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[RunningServer]:
    """The full server in mode `oauth` for all attacks: none may change what the next one meets."""
    async with full_server() as running:
        yield running


@pytest.fixture(scope="module")
async def server_in_mode_key() -> AsyncIterator[RunningServer]:
    async with full_server(auth="key") as running:
        yield running


def forged(server: RunningServer, *, secret: SecretStr = SECRET, **changes: object) -> str:
    """An access token as this server would seal it, but for the changes."""
    fields = {
        "expires_at": time.time() + 600,
        "session_id": "f",
        "key": SecretStr(ALICE),
        "client_id": "c",
        "scopes": ["qarnot:read", "qarnot:write"],
        "resource": server.url,
        **changes,
    }
    return Sealer([secret], now=lambda: 0).seal(AccessGrant.model_validate(fields))


async def assert_no_entry(server: RunningServer, sign_in: SignIn, token: str | None) -> None:
    before = len(await server.requests())
    response = await sign_in.call(token, "list_profiles")
    assert response.status_code == 401
    challenge = response.headers["www-authenticate"]
    assert challenge.startswith("Bearer ")
    assert f'resource_metadata="{server.origin}/.well-known/oauth-protected-resource/mcp"' in challenge
    assert len(await server.requests()) == before


async def test_the_forgery_of_these_tests_would_work_with_everything_right(
    server: RunningServer, full_sign_in: SignIn
) -> None:
    response = await full_sign_in.call(forged(server), "list_profiles")
    assert response.status_code == 200
    assert used(await server.requests(), ALICE) > 0


async def test_no_token(server: RunningServer, full_sign_in: SignIn) -> None:
    await assert_no_entry(server, full_sign_in, None)


async def test_an_expired_token(server: RunningServer, full_sign_in: SignIn) -> None:
    await assert_no_entry(server, full_sign_in, forged(server, expires_at=time.time() - 1))


async def test_a_tampered_token(server: RunningServer, full_sign_in: SignIn) -> None:
    token = forged(server)
    for place in (0, 12, 40, len(token) // 2, len(token) - 2):
        letter = "A" if token[place] != "A" else "B"
        await assert_no_entry(server, full_sign_in, token[:place] + letter + token[place + 1 :])


async def test_a_token_of_another_server(server: RunningServer, full_sign_in: SignIn) -> None:
    await assert_no_entry(server, full_sign_in, forged(server, secret=SecretStr("the secret of another server, long")))


async def test_a_token_for_another_resource(server: RunningServer, full_sign_in: SignIn) -> None:
    await assert_no_entry(server, full_sign_in, forged(server, resource="https://other.example/mcp"))


async def test_a_refresh_token_as_an_access_token(server: RunningServer, full_sign_in: SignIn) -> None:
    tokens = await full_sign_in.tokens(ALICE)
    await assert_no_entry(server, full_sign_in, tokens["refresh_token"])


async def test_a_code_or_a_client_id_as_an_access_token(server: RunningServer, full_sign_in: SignIn) -> None:
    await full_sign_in.register()
    await assert_no_entry(server, full_sign_in, await full_sign_in.code(ALICE))
    await assert_no_entry(server, full_sign_in, full_sign_in.client_id)


async def test_a_qarnot_key_as_an_access_token(server: RunningServer, full_sign_in: SignIn) -> None:
    await assert_no_entry(server, full_sign_in, ALICE)
    await assert_no_entry(server, full_sign_in, SERVER_KEY)


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": ALICE},
        {"Authorization": "Basic c2FuZGJveDprZXk="},
        {"Authorization": "Bearer a b"},
        {"X-Api-Key": ALICE},
        {"X-Api-Key": ""},
    ],
)
async def test_a_malformed_header_in_mode_oauth(server: RunningServer, headers: dict[str, str]) -> None:
    async with httpx.AsyncClient(headers=headers) as http:
        await assert_no_entry(server, SignIn(server.origin, http), None)


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic c2FuZGJveDprZXk="},
        {"Authorization": "Bearer a b"},
        {"X-Api-Key": ""},
        {"X-Api-Key": "a b"},
        {"Authorization": f"Bearer {ALICE}", "X-Api-Key": "sandbox-bob"},
    ],
)
async def test_a_malformed_header_in_mode_key_never_falls_back(
    server_in_mode_key: RunningServer, headers: dict[str, str]
) -> None:
    async with httpx.AsyncClient(headers=headers) as http:
        response = await SignIn(server_in_mode_key.origin, http).call(None, "list_profiles")
        assert response.status_code == 200
        assert '"isError":true' in response.text
        assert "is malformed" in response.text
        assert await server_in_mode_key.requests() == []


async def test_a_replayed_code_and_the_end_of_what_it_brought(full_sign_in: SignIn) -> None:
    await full_sign_in.register()
    code = await full_sign_in.code(ALICE)
    first = await full_sign_in.exchange(code)
    assert first.status_code == 200
    replay = await full_sign_in.exchange(code)
    assert (replay.status_code, replay.json()["error"]) == (400, "invalid_grant")
    assert (await full_sign_in.call(first.json()["access_token"], "list_profiles")).status_code == 401
    assert (await full_sign_in.refresh(first.json()["refresh_token"])).status_code == 400


async def test_a_code_that_is_used_many_times_at_once_works_once_at_most(full_sign_in: SignIn) -> None:
    await full_sign_in.register()
    code = await full_sign_in.code(ALICE)
    responses = await asyncio.gather(*(full_sign_in.exchange(code) for _ in range(8)))
    assert sorted(response.status_code for response in responses) == [200] + [400] * 7


async def test_a_replayed_refresh_token_ends_its_session(full_sign_in: SignIn) -> None:
    first = await full_sign_in.tokens(ALICE)
    second = (await full_sign_in.refresh(first["refresh_token"])).json()
    third = (await full_sign_in.refresh(second["refresh_token"])).json()
    replay = await full_sign_in.refresh(first["refresh_token"])
    assert (replay.status_code, replay.json()["error"]) == (400, "invalid_grant")
    assert (await full_sign_in.refresh(third["refresh_token"])).status_code == 400
    for tokens in (first, second, third):
        assert (await full_sign_in.call(tokens["access_token"], "list_profiles")).status_code == 401


async def test_an_access_token_as_a_refresh_token(full_sign_in: SignIn) -> None:
    tokens = await full_sign_in.tokens(ALICE)
    response = await full_sign_in.refresh(tokens["access_token"])
    assert (response.status_code, response.json()["error"]) == (400, "invalid_grant")


async def test_a_code_with_a_wrong_or_missing_verifier(full_sign_in: SignIn) -> None:
    await full_sign_in.register()
    code = await full_sign_in.code(ALICE)
    wrong = await full_sign_in.exchange(code, code_verifier="x" * 43)
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_grant")
    missing = await full_sign_in.exchange(code, code_verifier=None)
    assert (missing.status_code, missing.json()["error"]) == (400, "invalid_request")


async def test_a_code_or_refresh_token_of_another_client(server: RunningServer, full_sign_in: SignIn) -> None:
    tokens = await full_sign_in.tokens(ALICE)
    code = await full_sign_in.code(ALICE)
    thief = SignIn(server.origin, full_sign_in.http, verifier=full_sign_in.verifier)
    await thief.register(client_name="Thief")
    for response in (await thief.exchange(code), await thief.refresh(tokens["refresh_token"])):
        assert (response.status_code, response.json()["error"]) == (400, "invalid_grant")


async def test_an_unknown_client_at_the_token_endpoint(full_sign_in: SignIn) -> None:
    full_sign_in.client_id = "unknown"
    response = await full_sign_in.exchange("x")
    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")


async def test_an_expired_code_refresh_token_or_form(server: RunningServer, full_sign_in: SignIn) -> None:
    await full_sign_in.register()
    late = {"expires_at": time.time() - 1, "scopes": ["qarnot:read"], "client_id": full_sign_in.client_id}
    kept = {**late, "id": "i", "session_id": "f", "key": SecretStr(ALICE), "resource": server.url}
    asked = {"redirect_uri": full_sign_in.redirect, "redirect_uri_given": True, "code_challenge": "c" * 43}
    sealer = Sealer([SECRET])
    code = sealer.seal(CodeGrant.model_validate({**kept, **asked}))
    assert (await full_sign_in.exchange(code)).json()["error"] == "invalid_grant"
    refresh_token = sealer.seal(RefreshGrant.model_validate(kept))
    assert (await full_sign_in.refresh(refresh_token)).json()["error"] == "invalid_grant"
    request = SignInRequest.model_validate({**late, **asked, "client_name": "x", "resource": server.url})
    form = sealer.seal(SignInForm(expires_at=late["expires_at"], request=request, browser="b"))
    response = await full_sign_in.http.post(f"{server.origin}/login", data={"form": form, "key": ALICE})
    assert response.status_code == 400


async def test_a_foreign_redirect(full_sign_in: SignIn) -> None:
    refused = await full_sign_in.register(redirect_uris=["https://evil.example/callback"])
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_redirect_uri")
    await full_sign_in.register()
    response = await full_sign_in.authorize(redirect_uri="https://evil.example/callback")
    assert response.status_code == 400
    assert "location" not in response.headers
    other = await full_sign_in.exchange(await full_sign_in.code(ALICE), redirect_uri="http://localhost:1/callback")
    assert (other.status_code, other.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "wrong", [{"code_challenge": None}, {"code_challenge": ""}, {"code_challenge_method": "plain"}]
)
async def test_a_request_without_s256(full_sign_in: SignIn, wrong: dict[str, str | None]) -> None:
    await full_sign_in.register()
    response = await full_sign_in.authorize(**wrong)
    assert response.status_code == 302
    assert parameters_of(response)["error"] == "invalid_request"
    assert response.headers["location"].startswith(full_sign_in.redirect)


async def test_a_request_for_another_resource(full_sign_in: SignIn) -> None:
    await full_sign_in.register()
    for resource in ("https://other.example/mcp", f"{full_sign_in.origin}/other", "http://[", "x"):
        response = await full_sign_in.authorize(resource=resource)
        assert parameters_of(response)["error"] == "invalid_target"
    code = await full_sign_in.code(ALICE)
    response = await full_sign_in.exchange(code, resource="https://other.example/mcp")
    assert (response.status_code, response.json()["error"]) == (400, "invalid_target")
    assert (await full_sign_in.exchange(code, resource=None)).status_code == 200


async def test_a_cross_site_post_of_the_page(server: RunningServer, full_sign_in: SignIn) -> None:
    await full_sign_in.register()
    page = await full_sign_in.page()
    before = used(await server.requests(), ALICE)
    data = {"form": form_of(page), "key": ALICE, "answer": "sign-in"}
    async with httpx.AsyncClient() as victim:  # holds no cookie, as a browser sends none along with a cross-site post
        response = await victim.post(f"{server.origin}/login", data=data)
        assert response.status_code == 403
        assert "came from another browser" in response.text
        own = SignIn(server.origin, victim, client_id=full_sign_in.client_id)
        await own.page()  # now it has a cookie, but the form is tied to the attacker's
        assert (await victim.post(f"{server.origin}/login", data=data)).status_code == 403
    foreign = {"Origin": "https://evil.example"}
    assert (await full_sign_in.http.post(f"{server.origin}/login", data=data, headers=foreign)).status_code == 403
    assert used(await server.requests(), ALICE) == before


async def test_a_framed_page(full_sign_in: SignIn) -> None:
    await full_sign_in.register()
    page = await full_sign_in.page()
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "DENY"


async def test_a_reading_token_calls_a_writing_tool(server: RunningServer, full_sign_in: SignIn) -> None:
    tokens = await full_sign_in.tokens(ALICE, read_only="yes")
    before = len(await server.requests())
    for tool in ("abort_task", "delete_task"):
        response = await full_sign_in.call(tokens["access_token"], tool, **CHARGED)
        assert '"isError":true' in response.text or '"error":' in response.text
    assert len(await server.requests()) == before


PATHS = (
    "/mcp",
    "/mcp/",
    "/login",
    "/token",
    "/register",
    "/revoke",
    "/authorize",
    "/.well-known/oauth-protected-resource",
)


@pytest.mark.parametrize("path", PATHS)
async def test_a_wrong_host_or_a_foreign_origin(server: RunningServer, http: httpx.AsyncClient, path: str) -> None:
    for method in ("GET", "POST"):
        wrong = await http.request(method, f"{server.origin}{path}", headers={"Host": "evil.example"})
        assert wrong.status_code == 421
        foreign = await http.request(method, f"{server.origin}{path}", headers={"Origin": "https://evil.example"})
        assert foreign.status_code == 403


@pytest.mark.parametrize("path", ["/login", "/token", "/register", "/revoke", "/authorize"])
async def test_a_body_of_a_megabyte(server: RunningServer, http: httpx.AsyncClient, path: str) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    response = await http.post(f"{server.origin}{path}", content=b"key=" + b"a" * 1_000_000, headers=form)
    assert response.status_code == 413


async def test_a_body_of_a_megabyte_without_a_token(server: RunningServer, http: httpx.AsyncClient) -> None:
    response = await http.post(server.url, content=b'{"x":"' + b"a" * 1_000_000 + b'"}')
    assert response.status_code == 413


@pytest.mark.e2e
async def test_a_header_of_a_megabyte_is_not_read_to_its_end() -> None:
    async with server_process("--sandbox", **OAUTH) as server:
        for header in ("Authorization", "X-Other"):
            await assert_head_is_refused(server.port, header)
        async with httpx.AsyncClient() as http:
            assert (await http.get(f"{server.origin}/health")).status_code == 200


async def assert_head_is_refused(port: int, header: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"POST /mcp HTTP/1.1\r\nHost: localhost\r\n{header}: ".encode() + b"a" * 1_000_000)
    # No blank line ends the head: a server that waited for one would not answer. It hangs up on a sender that is
    # still busy, which may cost the sender the answer.
    with suppress(ConnectionError):
        assert b" 431 " in await reader.readline()
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
