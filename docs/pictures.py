"""Take the pictures of the dashboard from the real server on the sandbox: python docs/pictures.py.

Needs Chromium (on Debian: apt-get install chromium). Prints how long the browser took to draw each page.
"""

import asyncio
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import expect

from tests.support.browser import browsing
from tests.support.pipelines import failed_night
from tests.support.running_server import KEY, RunningServer, call, ended, running_server, submitted
from tests.support.view_host import Host, HostPages, hosting

IMAGES = Path(__file__).parent / "images"
SEED = 4
JOB_KEY = "sandbox-empty-jobs"
WIDTH = 1040
PHONE = 320
SCALE = 1.5
MARGIN = 24
HIGHEST = 1300
DRAWN = "performance.getEntriesByName('qarnot:draw').map(entry => Math.round(entry.duration * 10) / 10)"


async def take(host: Host, name: str, width: int = WIDTH) -> None:
    """Take the picture of what the host shows on the full screen, as high as the view is but for a long log."""
    height = await host.view.locator("body").evaluate("body => Math.ceil(body.getBoundingClientRect().height)")
    height = min(height, HIGHEST)
    await host.page.set_viewport_size({"width": width, "height": height + 2 * (MARGIN if width == WIDTH else 0)})
    await host.page.wait_for_function("height => document.querySelector('iframe').offsetHeight === height", arg=height)
    await host.page.screenshot(path=IMAGES / f"dashboard-{name}.png")


async def show_pages(host: Host, uuids: dict[str, str], theme: str) -> None:
    """Take the three pages in one theme."""
    context: dict[str, Any] = {"theme": theme, "availableDisplayModes": ["inline", "fullscreen"]}
    await host.open("list_tasks", context=context)
    await expect(host.view.locator("tbody tr")).to_have_count(len(uuids))
    await take(host, f"tasks-{theme}")
    await host.open("get_task", {"task_uuid": uuids["orchard calibration"]}, context=context)
    await expect(host.view.locator(".bars li")).to_have_count(4)
    await take(host, f"task-{theme}")
    await host.open("get_task", {"task_uuid": uuids["seawall flow"]}, context=context)
    await expect(host.view.locator(".bars li")).to_have_count(6)
    await take(host, f"running-{theme}")
    await host.open("get_task_logs", {"task_uuid": uuids["orchard training"]}, context=context)
    await expect(host.view.locator(".line").nth(20)).to_be_attached()
    await host.view.get_by_role("searchbox").fill("accuracy=0.6")
    await host.view.locator("body").evaluate("() => document.activeElement.blur()")
    await take(host, f"log-{theme}")


async def take_files(host: Host) -> None:
    """Take the files of a rendering, in both themes."""
    for theme in ("light", "dark"):
        await host.open("list_files", {"bucket": "scenes", "recursive": True}, context={"theme": theme})
        await expect(host.view.locator(".thumbnail img")).to_have_count(12, timeout=30_000)
        await take(host, f"files-{theme}")


async def take_job(server: RunningServer) -> None:
    """Take a job as a pipeline, in both themes."""
    async with httpx.AsyncClient(base_url=server.api_url, headers={"Authorization": server.key}) as api:
        job = await failed_night(api)
    async with (
        browsing() as browser,
        hosting(HostPages(browser, scale=SCALE, real_clock=True), server, width=WIDTH, query="?toolsets=jobs") as host,
    ):
        for theme in ("light", "dark"):
            await host.open("get_job", {"job_uuid": job}, context={"theme": theme})
            await expect(host.view.locator(".step")).to_have_count(4)
            await take(host, f"job-{theme}")


async def take_pictures(server: RunningServer) -> None:
    """Take all pictures, and one of a phone."""
    async with browsing() as browser:
        pages = HostPages(browser, scale=SCALE, real_clock=True)
        async with hosting(pages, server, width=WIDTH, query="?toolsets=storage") as host:
            uuids = {row["name"]: row["uuid"] for row in (await call(host.client, "list_tasks"))["tasks"]}
            for theme in ("light", "dark"):
                await show_pages(host, uuids, theme)
            await take_files(host)
        async with hosting(pages, server, width=PHONE) as host:
            await host.page.evaluate("document.body.classList.add('narrow')")
            await host.open("get_task", {"task_uuid": uuids["seawall flow"]}, context={"theme": "dark"})
            await expect(host.view.locator(".bars li")).to_have_count(6)
            await take(host, "phone-dark", PHONE)


async def measure(server: RunningServer) -> None:
    """Print the milliseconds of script that 100 tasks and 1,000 instances take to draw, each drawing of its own."""
    async with browsing() as browser, hosting(HostPages(browser, real_clock=True), server) as host:
        uuid = await submitted(host.client, "echo hi", name="many", instance_count=1000)
        await ended(host.client, uuid)
        await host.open("get_task", {"task_uuid": uuid})
        await expect(host.view.locator(".bars li")).to_have_count(200)
        print("1,000 instances:", await host.page.frames[1].evaluate(DRAWN))
        for number in range(99):
            await submitted(host.client, name=f"task {number}", tags=["a", "b"])
        await host.open("list_tasks", {"limit": 100})
        await expect(host.view.locator("tbody tr")).to_have_count(100)
        print("100 tasks:", await host.page.frames[1].evaluate(DRAWN))


async def main() -> None:
    """Take the pictures of the sandbox's own week, then measures on an empty account."""
    IMAGES.mkdir(exist_ok=True)
    async with running_server(key=KEY, seed=SEED, speed=1) as server:
        await take_pictures(server)
    async with running_server() as server:
        await measure(server)
    async with running_server(speed=1, key=JOB_KEY) as server:
        await take_job(server)


if __name__ == "__main__":
    asyncio.run(main())
