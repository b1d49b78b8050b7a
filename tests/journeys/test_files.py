"""The journey of files: from a person's machine through a browser into a task, and its results back."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from mcp_types import ImageContent, TextContent
from playwright.async_api import Browser, expect

from qarnot_mcp.sandbox.commands.pictures import draw_frame
from tests.support.conversation import Conversation, conversation

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

LARGE_BYTES = 200 * 10**6
LONG_ENOUGH = 200_000


@pytest_asyncio.fixture(loop_scope="session")
async def model() -> AsyncIterator[Conversation]:
    async with conversation(query="?toolsets=storage") as begun:
        yield begun


def mesh(folder: Path) -> Path:
    """Make a folder with 200 files, and one of 200 MB beside them."""
    (folder / "mesh" / "parts").mkdir(parents=True)
    (folder / "mesh" / "loads.csv").write_text("".join(f"{row},{row * row}\n" for row in range(1000)))
    for number in range(198):
        (folder / "mesh" / "parts" / f"{number:03}.stl").write_text(f"solid part {number}\n")
    (folder / "mesh" / "view.png").write_bytes(draw_frame(5))
    block = os.urandom(10**6)
    with (folder / "mesh" / "volume.bin").open("wb") as large:
        for _ in range(LARGE_BYTES // len(block)):
            large.write(block)
    return folder / "mesh"


async def test_input_from_a_browser_becomes_results_in_the_conversation(
    model: Conversation, browser: Browser, tmp_path: Path
) -> None:
    upload = await model.call("request_upload", bucket="inputs", prefix="in/", create_bucket=True)
    context = await browser.new_context(locale="en-GB")
    page = await context.new_page()
    await page.goto(upload["link"])
    async with page.expect_file_chooser() as choosing:
        await page.get_by_role("button", name="Choose a folder").click()
    await (await choosing.value).set_files(mesh(tmp_path))
    await expect(page.locator(".tell")).to_have_text(
        "I uploaded 201 files to the bucket inputs, under in/mesh/.", timeout=LONG_ENOUGH
    )
    await context.close()

    task = await model.call(
        "submit_task",
        name="loads",
        profile="docker-batch",
        resource_buckets=["inputs/in/mesh"],
        result_bucket="outputs",
        constants=[{"key": "DOCKER_CMD", "value": "sh -c 'cat loads.csv > sums.csv'"}],
    )
    assert "warnings" not in task
    ended = await model.call("get_task", task_uuid=task["uuid"], wait_seconds=45)
    assert ended["state"] == "Success"
    listed = await model.call("list_files", task_uuid=task["uuid"])
    assert [(row["path"], row["instance_id"]) for row in listed["files"]] == [("sums.csv", 0)]
    end = await model.call("read_file", bucket="outputs", path="sums.csv", lines=5)
    assert end["text"].splitlines()[-1] == "999,998001"
    seen = await model.client.call_tool("read_file", {"bucket": "inputs", "path": "in/mesh/view.png"})
    assert isinstance(seen.content[0], TextContent)
    model.calls, model.characters = model.calls + 1, model.characters + len(seen.content[0].text)
    assert isinstance(seen.content[1], ImageContent)
    shared = await model.call("share_file", bucket="outputs", path="sums.csv")
    async with httpx.AsyncClient() as http:
        assert (await http.get(shared["link"])).text.endswith("999,998001\n")
    await model.call("delete_files", bucket="inputs", prefix="in/", expected_files=201, delete_bucket=True)
    await model.call("delete_task", task_uuid=task["uuid"])
    model.told("files from a browser into a task, and results back")
    assert model.calls <= 9
    assert model.characters < 8_000
