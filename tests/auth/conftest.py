from collections.abc import AsyncIterator

import httpx
import pytest

from tests.support.oauth_server import WholeServer, whole_server
from tests.support.ports import free_port
from tests.support.serving import serve
from tests.support.sign_in import SignIn
from tests.support.sign_in_server import Accounts, small_app, small_provider


@pytest.fixture
def accounts() -> Accounts:
    return Accounts()


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=10) as client:
        yield client


@pytest.fixture
async def sign_in(accounts: Accounts, http: httpx.AsyncClient) -> AsyncIterator[SignIn]:
    """A sign-in at a running small server."""
    port = free_port()
    origin = f"http://localhost:{port}"
    async with serve(small_app(small_provider(origin, accounts)), port=port):
        yield SignIn(origin, http)


@pytest.fixture
async def whole() -> AsyncIterator[WholeServer]:
    """The whole server in mode `oauth`, on a sandbox."""
    async with whole_server() as server:
        yield server


@pytest.fixture
def whole_sign_in(whole: WholeServer, http: httpx.AsyncClient) -> SignIn:
    """A sign-in at the whole server."""
    return SignIn(whole.origin, http)
