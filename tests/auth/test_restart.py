"""What a single server without Redis remembers, and what it does not need to."""

from collections.abc import Iterator
from socket import socket

import httpx
import pytest
from fastmcp.server.auth.cimd import CIMDDocument
from pydantic import SecretStr

from qarnot_mcp.auth.oauth.clients import ClientDocuments, Clients
from qarnot_mcp.auth.oauth.sealing import Sealer
from tests.support.oauth_only_server import ALICE, SECRET, Accounts, oauth_only_server, origin_of
from tests.support.serving import listening
from tests.support.sign_in import SignIn

DOCUMENT = "https://claude.ai/oauth/client.json"
NEW = SecretStr("a new secret, which is long enough as well")


@pytest.fixture
def listener() -> Iterator[socket]:
    """The address of the server, which is the same after a restart."""
    with listening() as bound:
        yield bound


async def test_a_restart_signs_nobody_out(accounts: Accounts, http: httpx.AsyncClient, listener: socket) -> None:
    sign_in = SignIn(origin_of(listener), http)
    async with oauth_only_server(accounts, listener):
        tokens = await sign_in.tokens(ALICE)
    async with oauth_only_server(accounts, listener):
        assert (await sign_in.call(tokens["access_token"])).status_code == 200
        refreshed = await sign_in.refresh(tokens["refresh_token"])
        assert refreshed.status_code == 200
        assert (await sign_in.refresh(tokens["refresh_token"])).status_code == 400


async def test_a_new_secret_keeps_everybody_as_long_as_the_old_one_stays(
    accounts: Accounts, http: httpx.AsyncClient, listener: socket
) -> None:
    sign_in = SignIn(origin_of(listener), http)
    async with oauth_only_server(accounts, listener):
        tokens = await sign_in.tokens(ALICE)
    async with oauth_only_server(accounts, listener, secrets=(NEW, SECRET)):
        assert (await sign_in.call(tokens["access_token"])).status_code == 200
        refreshed = (await sign_in.refresh(tokens["refresh_token"])).json()
    async with oauth_only_server(accounts, listener, secrets=(NEW,)):
        assert (await sign_in.call(tokens["access_token"])).status_code == 401
        assert (await sign_in.call(refreshed["access_token"])).status_code == 200
        sign_in.http.headers["Accept"] = "text/html"
        assert "does not know the program" in (await sign_in.authorize()).text


async def test_a_client_with_a_document_signs_in_without_registering(
    accounts: Accounts, http: httpx.AsyncClient, listener: socket
) -> None:
    sign_in = SignIn(origin_of(listener), http, client_id=DOCUMENT)
    reads = []

    async def fetch(address: str) -> CIMDDocument:
        reads.append(address)
        return CIMDDocument(client_id=DOCUMENT, client_name="Claude", redirect_uris=["http://localhost/callback"])

    clients = Clients(Sealer([SECRET]), (), ClientDocuments(fetch))
    async with oauth_only_server(accounts, listener, clients=clients):
        code = await sign_in.code(ALICE)
        reads.clear()
        tokens = (await sign_in.exchange(code)).json()
        assert (await sign_in.call(tokens["access_token"])).status_code == 200
        assert (await sign_in.refresh(tokens["refresh_token"])).status_code == 200
    assert reads == []  # a document that cannot be reached for a while signs nobody out
