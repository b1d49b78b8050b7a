"""The server under a public https address, as a tunnel or proxy forwards to it."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.support.running_server import full_server
from tests.support.sign_in import SignIn, parameters_of

PUBLIC = "https://mcp.example.org"
COOKIE = "__Host-qarnot-mcp-sign-in"


@pytest.fixture
async def public_sign_in(http: httpx.AsyncClient) -> AsyncIterator[SignIn]:
    async with full_server(public_url=PUBLIC) as server:
        http.headers.update({"Host": "mcp.example.org", "X-Forwarded-Proto": "https"})
        yield SignIn(PUBLIC, http, redirect="https://claude.ai/api/mcp/auth_callback", at=server.origin)


async def test_every_address_in_the_documents_is_the_public_one(public_sign_in: SignIn) -> None:
    for place in ("oauth-protected-resource", "oauth-protected-resource/mcp", "oauth-authorization-server"):
        document = (await public_sign_in.http.get(f"{public_sign_in.at}/.well-known/{place}")).json()
        assert "localhost" not in str(document)
        assert PUBLIC in str(document)
    challenge = (await public_sign_in.call(None)).headers["www-authenticate"]
    assert f"{PUBLIC}/.well-known/oauth-protected-resource/mcp" in challenge


async def test_claude_on_the_web_signs_in(public_sign_in: SignIn) -> None:
    await public_sign_in.register(client_name="Claude", scope="qarnot:read qarnot:write offline_access")
    page = await public_sign_in.page()
    assert "claude.ai" in page.text
    assert "form-action" not in page.headers["content-security-policy"]  # Claude forwards to claude://
    # The test's browser speaks http, so it does not send the secure cookie by itself.
    browser = page.cookies[COOKIE]
    public_sign_in.http.headers["Cookie"] = f"{COOKIE}={browser}"
    response = await public_sign_in.post(page, "sandbox-alice")
    assert response.headers["location"].startswith("https://claude.ai/api/mcp/auth_callback?code=")
    answer = parameters_of(response)
    assert answer["iss"] == PUBLIC
    tokens = (await public_sign_in.exchange(answer["code"])).json()
    assert (await public_sign_in.call(tokens["access_token"], "list_profiles")).status_code == 200


async def test_the_cookie_is_secure_and_bound_to_the_host(public_sign_in: SignIn) -> None:
    await public_sign_in.register()
    cookie = (await public_sign_in.page()).headers["set-cookie"].lower()
    assert cookie.startswith(f"{COOKIE.lower()}=")
    for part in ("secure", "httponly", "samesite=lax", "path=/"):
        assert part in cookie.split("; ")
    assert "domain" not in cookie


async def test_only_the_public_host_and_this_machine_are_served(public_sign_in: SignIn) -> None:
    for host, status in (("mcp.example.org", 401), ("localhost", 401), ("other.example.org", 421)):
        public_sign_in.http.headers["Host"] = host
        assert (await public_sign_in.call(None)).status_code == status
