"""A client in a time of its own, and the API's answers to it."""

from collections.abc import AsyncIterator, Iterator

import pytest
import respx

from qarnot_mcp.qarnot.client import QarnotClient
from tests.support.qarnot_api import BASE, FakeClock, opened


@pytest.fixture
def time() -> FakeClock:
    """The time of the client: it passes only while the client waits."""
    return FakeClock()


@pytest.fixture
async def client(time: FakeClock) -> AsyncIterator[QarnotClient]:
    """A client whose calls end at `api`."""
    async with opened(time, request_id="req-7") as client:
        yield client


@pytest.fixture
def api() -> Iterator[respx.MockRouter]:
    """What the API answers below `/v1`."""
    with respx.mock(base_url=BASE, assert_all_called=False) as router:
        yield router
