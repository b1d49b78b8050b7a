"""axe-core finds nothing to mend on any page, in both themes and on a phone."""

from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.support.axe import read_axe
from tests.support.running_server import KEY, call, running_server
from tests.support.view_host import Host, HostPages, hosting

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def axe() -> str:
    """The script of axe-core."""
    return await read_axe()


async def violations(host: Host, axe: str) -> list[str]:
    """Return what axe-core finds in the view: the rule, and the elements that break it."""
    frame = host.page.frames[1]
    await frame.evaluate(axe)
    # axe does not see the host through the transparent ground of the view.
    ground = await host.page.evaluate("getComputedStyle(document.body).backgroundColor")
    await frame.evaluate("ground => { document.documentElement.style.background = ground; }", ground)
    found: list[dict[str, Any]] = await frame.evaluate(
        "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"
    )
    return [f"{one['impact']} {one['id']}: {[node['html'][:160] for node in one['nodes'][:4]]}" for one in found]


@pytest.mark.parametrize(("theme", "width"), [("light", 1000), ("dark", 1000), ("light", 320)])
async def test_no_page_has_a_fault_that_axe_knows(pages: HostPages, axe: str, theme: str, width: int) -> None:
    context = {"theme": theme, "availableDisplayModes": ["inline", "fullscreen"]}
    async with running_server(key=KEY, speed=1) as server, hosting(pages, server, width=width) as host:
        rows = (await call(host.client, "list_tasks"))["tasks"]
        uuids = {row["name"]: row["uuid"] for row in rows}

        await host.open("list_tasks", context=context)
        await expect(host.view.locator("tbody tr")).to_have_count(13)
        assert await violations(host, axe) == []

        await host.open("get_task", {"task_uuid": uuids["orchard calibration"]}, context=context)
        await expect(host.view.locator(".bars li")).to_have_count(4)
        assert await violations(host, axe) == []
        await host.view.get_by_role("button", name="Run again").click()
        assert await violations(host, axe) == []

        await host.open("get_task", {"task_uuid": uuids["seawall flow"]}, context=context)
        await expect(host.view.locator(".bars li")).to_have_count(6)
        await host.view.get_by_role("button", name="Abort").click()
        assert await violations(host, axe) == []

        await host.open("get_task_logs", {"task_uuid": uuids["seawall flow"]}, context=context)
        await expect(host.view.locator(".line").first).to_be_visible()
        await host.view.get_by_role("searchbox").fill("part")
        host.is_lost = True
        await host.page.clock.run_for(3000)
        await expect(host.view.get_by_role("alert")).to_be_visible()
        assert await violations(host, axe) == []


SMALL_TARGETS = """() => {
  const hits = (control, x, y) => {
    const hit = document.elementFromPoint(x, y);
    return hit === control || control.contains(hit);
  };
  return [...document.querySelectorAll("button, input, select, textarea")].filter(control => {
    control.scrollIntoView({ block: "center" });
    const { left, right, top, bottom } = control.getBoundingClientRect();
    const [x, y] = [(left + right) / 2, (top + bottom) / 2];
    const reach = (dx, dy) => [...Array(22).keys()].every(step => hits(control, x + dx * step, y + dy * step));
    const isWide = right - left >= 44 || (reach(-1, 0) && reach(1, 0)) || reach(2, 0);
    const isHigh = bottom - top >= 44 || (reach(0, -1) && reach(0, 1)) || reach(0, 2) || reach(0, -2);
    return !(isWide && isHigh);
  }).map(control => control.outerHTML.slice(0, 160));
}"""


@pytest.mark.parametrize("width", [1000, 320])
async def test_every_control_is_as_large_as_a_fingertip(pages: HostPages, width: int) -> None:
    async with running_server(key=KEY, speed=1) as server, hosting(pages, server, width=width) as host:
        frame = host.view.locator("html")
        rows = (await call(host.client, "list_tasks"))["tasks"]
        uuids = {row["name"]: row["uuid"] for row in rows}
        await host.open("list_tasks")
        await expect(host.view.locator("tbody tr")).to_have_count(13)
        assert await frame.evaluate(SMALL_TARGETS) == []
        await host.open("get_task", {"task_uuid": uuids["orchard calibration"]})
        await expect(host.view.locator(".bars li")).to_have_count(4)
        await host.view.get_by_role("button", name="Run again").click()
        assert await frame.evaluate(SMALL_TARGETS) == []
        await host.open("get_task_logs", {"task_uuid": uuids["seawall flow"]})
        await expect(host.view.locator(".line").first).to_be_visible()
        assert await frame.evaluate(SMALL_TARGETS) == []
