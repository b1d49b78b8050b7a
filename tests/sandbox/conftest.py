"""A sandbox whose clock only the test moves, spoken to in-process."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from qarnot_mcp.sandbox.app import create_app
from tests.support.sandbox_calls import EMPTY_KEY, KEY, Caller, caller


@pytest.fixture
def app() -> Any:
    """A sandbox of 2026-11-20, in which time stands still."""
    return create_app(speed=1, seed=5, clock=lambda: 1_795_168_800.0)


@pytest.fixture
async def furnished(app: Any) -> AsyncIterator[Caller]:
    """The account with a past."""
    with_past = caller(app, KEY)
    yield with_past
    await with_past.http.aclose()


@pytest.fixture
async def api(app: Any) -> AsyncIterator[Caller]:
    """An account without tasks."""
    empty = caller(app, EMPTY_KEY)
    yield empty
    await empty.http.aclose()
