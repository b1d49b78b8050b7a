"""What all tests of the dashboard in a browser need."""

import pytest_asyncio
from playwright.async_api import Browser

from tests.support.view_host import HostPages


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def pages(browser: Browser) -> HostPages:
    """The pages of this worker, which show one host after another."""
    return HostPages(browser)
