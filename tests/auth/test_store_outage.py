from collections.abc import AsyncIterator

import httpx
import pytest
from key_value.aio.stores.memory import MemoryStore

from qarnot_mcp.auth.oauth.session_store import SessionStore
from tests.support.oauth_only_server import ALICE, Accounts, oauth_only_server
from tests.support.sign_in import SignIn


class Network:
    """Whether the store can be reached."""

    up = True


class DistantEntries(MemoryStore):
    """A store behind a network that can go down."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self._network = network

    async def setup_collection(self, *, collection: str) -> None:
        if not self._network.up:
            raise ConnectionRefusedError("nobody listens")
        await super().setup_collection(collection=collection)


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
async def sign_in(network: Network, accounts: Accounts, http: httpx.AsyncClient) -> AsyncIterator[SignIn]:
    async with oauth_only_server(accounts, store=SessionStore(DistantEntries(network), 600)) as origin:
        yield SignIn(origin, http)


async def test_nobody_gets_in_unchecked_while_the_store_is_down(sign_in: SignIn, network: Network) -> None:
    tokens = await sign_in.tokens(ALICE)
    network.up = False
    call = await sign_in.call(tokens["access_token"])
    refresh = await sign_in.refresh(tokens["refresh_token"])
    for response in (call, refresh):
        assert response.status_code == 503
        assert response.headers["retry-after"]
        assert response.json()["error"] == "temporarily_unavailable"


async def test_the_page_says_that_the_store_is_down(sign_in: SignIn, network: Network) -> None:
    await sign_in.register()
    page = await sign_in.page()
    network.up = False
    answer = await sign_in.post(page, ALICE)
    assert answer.status_code == 503
    assert "Try again in a moment" in answer.text
    network.up = True
    assert (await sign_in.post(answer, ALICE)).status_code == 303


async def test_a_session_goes_on_when_the_store_is_back(sign_in: SignIn, network: Network) -> None:
    tokens = await sign_in.tokens(ALICE)
    network.up = False
    await sign_in.refresh(tokens["refresh_token"])
    network.up = True
    assert (await sign_in.call(tokens["access_token"])).status_code == 200
    assert (await sign_in.refresh(tokens["refresh_token"])).status_code == 200
