"""The list of pools, in a host's frame."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.dashboard.test_accessibility import SMALL_TARGETS, violations
from tests.support.axe import read_axe
from tests.support.running_server import RunningServer, call, running_server
from tests.support.view_host import Host, HostPages, hosting

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

POOLS_KEY = "sandbox-empty-shown-pools"
COMPACT = {"displayMode": "inline", "availableDisplayModes": ["inline", "fullscreen"], "locale": "fr-FR"}
MAX_INLINE_PIXELS = 500


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server() -> AsyncIterator[RunningServer]:
    async with running_server(speed=1, toolsets="pools", key=POOLS_KEY) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def host(pages: HostPages, server: RunningServer) -> AsyncIterator[Host]:
    async with hosting(pages, server) as host:
        for name in ("meshes", "renders"):
            await call(host.client, "create_pool", name=name, profile="docker-batch", slots=2, tags=["coast"])
        yield host


async def test_the_pools_are_a_list_in_the_face_of_the_tasks(host: Host) -> None:
    await host.open("list_tasks")
    await host.view.get_by_role("group", name="Lists").get_by_role("button", name="Pools").click()
    await expect(host.view.get_by_role("heading", name="Pools")).to_be_visible()
    row = host.view.get_by_role("row", name="meshes")
    for text in ("Open", "docker-batch · 2 slots", "coast", "machine", "ago"):
        await expect(row).to_contain_text(text)


async def test_closing_a_pool_asks_by_name_and_tells_the_model(host: Host) -> None:
    await host.open("list_pools")
    close = host.view.get_by_role("button", name="Close “renders”?")
    await close.click()
    panel = host.view.get_by_role("alertdialog", name="Close “renders”?")
    await expect(panel).to_contain_text("Its cost ends, for good.")
    await panel.press("Escape")
    await expect(close).to_be_focused()
    await close.click()
    await panel.get_by_role("button", name="Close").click()
    await expect(host.view.locator(".notice")).to_have_text("“renders” is being closed.")
    await expect(close).to_have_count(0)
    [told] = await host.heard("ui/update-model-context")
    assert "closed the pool" in told["content"][0]["text"]
    pools = (await call(host.client, "list_pools"))["pools"]
    closed = {pool["name"] for pool in pools if pool["state"] in ("Closing", "Closed")}
    assert closed == {"renders"}


async def test_a_connection_that_only_reads_closes_no_pool(pages: HostPages, server: RunningServer, host: Host) -> None:
    async with hosting(pages, server, query="?toolsets=pools&read_only=true") as reader:
        await reader.open("list_pools")
        await expect(reader.view.get_by_role("row", name="meshes")).to_be_visible()
        await expect(reader.view.get_by_role("button", name="Close")).to_have_count(0)


@pytest.mark.parametrize(("theme", "width"), [("light", 1000), ("dark", 320)])
async def test_the_list_of_pools_is_low_in_a_conversation_and_has_no_fault_that_axe_knows(
    host: Host, theme: str, width: int
) -> None:
    axe = await read_axe()
    await host.page.set_viewport_size({"width": width, "height": 900})
    await host.open("list_pools", context={**COMPACT, "theme": theme})
    await expect(host.view.locator("tbody tr").first).to_be_visible()
    assert await host.view.locator("body").evaluate("body => body.scrollHeight") <= MAX_INLINE_PIXELS
    assert await host.view.locator("html").evaluate("root => root.scrollWidth - root.clientWidth") == 0
    await host.view.get_by_role("button", name="Tout afficher").click()
    await expect(host.view.get_by_role("group", name="Listes")).to_be_visible()
    assert await host.view.locator("html").evaluate(SMALL_TARGETS) == []
    assert await violations(host, axe) == []
    await host.page.set_viewport_size({"width": 1000, "height": 900})


async def test_a_pool_tells_its_state_policies_machines_and_what_it_has_to_do(
    pages: HostPages, server: RunningServer
) -> None:
    policies = ["4 slots, Mon to Fri 08:00-18:00 UTC", "1 to 9 slots by queue, an idle one goes after 60 s"]
    pool = {
        "uuid": "11111111-2222-3333-4444-555555555555",
        "name": "<b>meshes</b>",
        "state": "FullyExecuting",
        "profile": "docker-batch",
        "policies": policies,
        "machines": 4,
        "unfinished_instances": 12,
        "created": "2026-11-01T00:00:00Z",
    }
    closed = {**pool, "uuid": "11111111-2222-3333-4444-666666666666", "name": "renders", "state": "Closed"}
    content = {"pools": [pool, closed], "total": 2, "open": 1}
    async with hosting(pages, server) as host:
        await host.open("list_tasks", capabilities={}, result={"content": [], "structuredContent": content})
        rows = host.view.locator("tbody tr")
        await expect(rows.nth(0)).to_contain_text("<b>meshes</b>")
        for text in ("docker-batch", *policies, "Open", "4 machines", "12 waiting or running"):
            await expect(rows.nth(0)).to_contain_text(text)
        await expect(rows.nth(1)).to_contain_text("Closed")
        await expect(rows.nth(1)).not_to_contain_text("4 machines")
        await expect(host.view.get_by_text("2 pools")).to_be_visible()
