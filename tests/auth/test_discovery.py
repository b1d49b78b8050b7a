import httpx
import pytest

from tests.support.sign_in import SignIn

RESOURCE_PLACES = (
    "/.well-known/oauth-protected-resource",
    "/.well-known/oauth-protected-resource/mcp",
    "/.well-known/oauth-protected-resource/mcp/",
)
SERVER_PLACES = (
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-authorization-server/mcp",
    "/.well-known/openid-configuration",
    "/.well-known/openid-configuration/mcp",
)


@pytest.mark.parametrize("place", RESOURCE_PLACES)
async def test_the_resource_is_described_wherever_clients_look(sign_in: SignIn, place: str) -> None:
    response = await sign_in.http.get(sign_in.origin + place)
    assert response.status_code == 200
    document = response.json()
    assert document["resource"] == f"{sign_in.origin}/mcp"
    assert document["authorization_servers"] == [sign_in.origin]
    assert document["scopes_supported"] == ["qarnot:read", "qarnot:write"]


@pytest.mark.parametrize("place", SERVER_PLACES)
async def test_the_server_is_described_wherever_clients_look(sign_in: SignIn, place: str) -> None:
    document = (await sign_in.http.get(sign_in.origin + place)).json()
    assert document["issuer"] == sign_in.origin
    assert document["code_challenge_methods_supported"] == ["S256"]
    # Claude uses client metadata documents only where both are there.
    assert document["token_endpoint_auth_methods_supported"] == ["none"]
    assert document["client_id_metadata_document_supported"] is True
    assert document["authorization_response_iss_parameter_supported"] is True


async def test_every_endpoint_of_the_metadata_is_served(sign_in: SignIn) -> None:
    document = (await sign_in.http.get(sign_in.origin + SERVER_PLACES[0])).json()
    for name in ("authorization_endpoint", "token_endpoint", "registration_endpoint", "revocation_endpoint"):
        response = await sign_in.http.post(document[name])
        assert response.status_code not in (404, 405), name


async def test_the_challenge_leads_to_the_resource_document(sign_in: SignIn) -> None:
    response = await sign_in.call(None)
    assert response.status_code == 401
    challenge = response.headers["www-authenticate"]
    assert f'resource_metadata="{sign_in.origin}{RESOURCE_PLACES[1]}"' in challenge
    assert 'scope="qarnot:read qarnot:write"' in challenge


@pytest.mark.parametrize(("path", "method"), [("/token", "POST"), ("/register", "POST"), (SERVER_PLACES[0], "GET")])
async def test_a_web_page_on_this_machine_may_ask(
    http: httpx.AsyncClient, sign_in: SignIn, path: str, method: str
) -> None:
    headers = {
        "Origin": "http://localhost:6274",
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "content-type,mcp-protocol-version",
    }
    response = await http.options(sign_in.origin + path, headers=headers)
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == "*"
