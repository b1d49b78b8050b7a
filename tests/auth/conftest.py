from collections.abc import AsyncIterator

import httpx
import pytest

from tests.support.oauth_only_server import Accounts, oauth_only_server
from tests.support.running_server import RunningServer, full_server
from tests.support.sign_in import SignIn


@pytest.fixture
def accounts() -> Accounts:
    return Accounts()


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=10) as client:
        yield client


@pytest.fixture
async def sign_in(accounts: Accounts, http: httpx.AsyncClient) -> AsyncIterator[SignIn]:
    """A sign-in at a running server that has nothing else."""
    async with oauth_only_server(accounts) as origin:
        yield SignIn(origin, http)


@pytest.fixture
async def server() -> AsyncIterator[RunningServer]:
    """The full server in mode `oauth`, on a sandbox."""
    async with full_server() as running:
        yield running


@pytest.fixture
def full_sign_in(server: RunningServer, http: httpx.AsyncClient) -> SignIn:
    """A sign-in at the full server."""
    return SignIn(server.origin, http)
