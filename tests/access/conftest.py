from collections.abc import AsyncIterator

import httpx
import pytest

from access.signing_in import SignIn
from access.small_server import Accounts, free_port, served, small_app, small_provider


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
    async with served(small_app(small_provider(origin, accounts)), port):
        yield SignIn(origin, http)
