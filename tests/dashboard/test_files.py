"""The face Files: the results of a task and what is in a bucket, in a host's frame."""

import pytest
from playwright.async_api import expect

from tests.dashboard.test_accessibility import violations
from tests.support.axe import read_axe
from tests.support.running_server import ended, running_server, submitted
from tests.support.view_host import HostPages, hosting

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

STORAGE = "?toolsets=storage"
LONG_ENOUGH = (
    20_000  # milliseconds: the first call loads the library of the storage, the first picture that of pictures
)


async def test_the_results_of_a_task_are_thumbnails_and_names_on_the_way_from_its_page(pages: HostPages) -> None:
    async with running_server() as server, hosting(pages, server, query=STORAGE) as host:
        uuid = await submitted(
            host.client, profile="blender", constants=[], accept_warnings=True, name="turntable", result_bucket="frames"
        )
        await ended(host.client, uuid)
        await host.open("get_task", {"task_uuid": uuid})
        await host.view.get_by_role("button", name="Files").click()
        thumbnail = host.view.get_by_role("button", name="Show frame_0000.png")
        await expect(thumbnail.locator("img")).to_be_visible(timeout=LONG_ENOUGH)
        assert await thumbnail.locator("img").evaluate("img => img.decode().then(() => img.naturalWidth)") > 10
        await thumbnail.click()
        await expect(host.view.locator(".file-opened img")).to_be_visible(timeout=LONG_ENOUGH)
        await host.view.get_by_role("button", name="Close").click()
        await host.view.get_by_role("button", name="Link to frame_0000.png").click()
        await host.page.wait_for_function("window.heard.some(m => m.method === 'ui/open-link')")
        [link] = await host.heard("ui/open-link")
        assert "/frames/frame_0000.png" in link["url"]
        await host.view.get_by_role("button", name="turntable").click()
        await expect(host.view.get_by_role("heading", name="turntable")).to_be_visible()


async def test_a_bucket_has_folders_texts_and_a_way_to_upload(pages: HostPages) -> None:
    async with running_server() as server, hosting(pages, server, query=STORAGE) as host:
        for path in ("in/a.csv", "in/deep/b.csv", "c.txt"):
            arguments = {"bucket": "inputs", "path": path, "text": f"content of {path}", "create_bucket": True}
            await host.client.call_tool("write_file", arguments)
        await host.open("list_files", {"bucket": "inputs"})
        await host.view.get_by_role("button", name="in/").click()
        await host.view.get_by_role("button", name="Show in/a.csv").click()
        await expect(host.view.locator(".file-opened pre")).to_have_text("content of in/a.csv")
        await host.view.get_by_role("button", name="Upload").click()
        await expect(host.view.get_by_role("alert")).to_have_count(0)
        await host.page.wait_for_function("window.heard.some(m => m.method === 'ui/open-link')")
        [link] = await host.heard("ui/open-link")
        assert "/files#" in link["url"]
        await host.view.get_by_role("button", name="inputs", exact=True).click()
        await expect(host.view.get_by_role("button", name="Show c.txt")).to_be_visible()


async def test_there_is_no_way_to_files_where_their_tools_are_not_shown(pages: HostPages) -> None:
    async with running_server() as server, hosting(pages, server) as host:
        uuid = await submitted(
            host.client, profile="blender", constants=[], accept_warnings=True, name="turntable", result_bucket="frames"
        )
        await ended(host.client, uuid)
        await host.open("get_task", {"task_uuid": uuid})
        await expect(host.view.get_by_role("button", name="Log", exact=True)).to_be_visible()
        await expect(host.view.get_by_role("button", name="Files")).to_have_count(0)


@pytest.mark.parametrize(("theme", "width"), [("light", 1000), ("dark", 320)])
async def test_the_face_has_no_fault_that_axe_knows(pages: HostPages, theme: str, width: int) -> None:
    axe = await read_axe()
    async with running_server() as server, hosting(pages, server, width=width, query=STORAGE) as host:
        uuid = await submitted(
            host.client, profile="blender", constants=[], accept_warnings=True, name="turntable", result_bucket="frames"
        )
        await ended(host.client, uuid)
        await host.open("list_files", {"task_uuid": uuid}, context={"theme": theme})
        await host.view.get_by_role("button", name="Show frame_0000.png").click()
        await expect(host.view.locator(".file-opened img")).to_be_visible(timeout=LONG_ENOUGH)
        assert await violations(host, axe) == []
