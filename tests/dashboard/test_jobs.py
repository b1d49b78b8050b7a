"""The lists of jobs and the drawing of a job's tasks, in a host's frame."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.dashboard.test_accessibility import SMALL_TARGETS, violations
from tests.support.axe import read_axe
from tests.support.pipelines import advance, failed_night, made, waiting_chain
from tests.support.running_server import RunningServer, call, running_server
from tests.support.view_host import Host, HostPages, hosting

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

JOBS_KEY = "sandbox-empty-drawn-jobs"
HOSTILE = "<img src=x onerror=alert(1)>"
COMPACT = {"displayMode": "inline", "availableDisplayModes": ["inline", "fullscreen"]}
MAX_INLINE_PIXELS = 500
WIDE = {"width": 1000, "height": 900}
PHONE = {"width": 320, "height": 900}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server() -> AsyncIterator[RunningServer]:
    async with running_server(speed=1, toolsets="jobs", key=JOBS_KEY) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def jobs(server: RunningServer) -> dict[str, str]:
    """A job whose tasks have run, and one without tasks."""
    async with httpx.AsyncClient(base_url=server.api_url, headers={"Authorization": JOBS_KEY}) as api:
        night = await failed_night(api)
        empty = await made(api, "/v1/jobs", name=HOSTILE, maxWallTime="1.02:00:00")
    return {"night": night, "empty": empty}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def host(pages: HostPages, server: RunningServer) -> AsyncIterator[Host]:
    async with hosting(pages, server) as host:
        yield host


async def test_a_pipeline_is_drawn_with_names_states_and_the_ends_that_lead_on(
    host: Host, jobs: dict[str, str]
) -> None:
    await host.open("get_job", {"job_uuid": jobs["night"]})
    drawing = host.view.get_by_role("group", name="Steps of night")
    for name in (
        "prepare Success",
        "train Failed after prepare (success)",
        "report Never ran after train (success)",
        "alarm Success after train (failure)",
    ):
        await expect(drawing.get_by_role("button", name=name, exact=True)).to_be_visible()
    await expect(drawing.locator(".edge-word")).to_have_text(["success", "success", "failure"])
    await expect(drawing.locator(".edge-word.unmet")).to_have_text(["success"])
    await expect(drawing.locator("path[class~=unmet]")).to_have_count(1)
    lefts = [box["x"] for box in [await step.bounding_box() for step in await drawing.locator("li").all()] if box]
    assert lefts[0] < lefts[1] < lefts[2] == lefts[3]
    await expect(host.view.locator(".counts")).to_contain_text("Failed: 1")
    await expect(host.view.locator(".reasons")).to_contain_text("exit code 3")
    await expect(host.view.locator(".reasons")).to_contain_text("Cancelled without a start")


async def test_a_step_opens_its_task_by_keyboard_and_the_way_back_leads_to_it(host: Host, jobs: dict[str, str]) -> None:
    await host.open("get_job", {"job_uuid": jobs["night"]})
    step = host.view.get_by_role("button", name="train Failed")
    await step.focus()
    await step.press("Enter")
    await expect(host.view.get_by_role("heading", name="train")).to_be_focused()
    await host.view.get_by_role("button", name="Log", exact=True).click()
    await host.view.get_by_role("button", name="train", exact=True).click()
    await host.view.get_by_role("button", name="night").click()
    await expect(step).to_be_focused()


async def test_a_task_of_a_job_leads_to_that_job(host: Host, jobs: dict[str, str]) -> None:
    [train] = (await call(host.client, "get_job", job_uuid=jobs["night"], state="failed"))["tasks"]
    await host.open("get_task", {"task_uuid": train["uuid"]})
    await host.view.get_by_role("button", name="Job", exact=True).click()
    await expect(host.view.get_by_role("heading", name="night")).to_be_focused()
    await expect(host.view.get_by_role("group", name="Steps of night")).to_be_visible()


async def test_the_jobs_are_a_list_in_the_face_of_the_tasks(host: Host, jobs: dict[str, str]) -> None:
    await host.open("list_tasks")
    lists = host.view.get_by_role("group", name="Lists")
    await expect(lists.get_by_role("button")).to_have_text(["Tasks", "Jobs"])
    await lists.get_by_role("button", name="Jobs").click()
    await expect(lists.get_by_role("button", name="Jobs")).to_be_focused()
    row = host.view.get_by_role("row", name="night")
    await expect(row).to_contain_text("Open")
    await expect(row).to_contain_text("demo")
    await expect(row).to_contain_text("ago")
    await expect(host.view.get_by_role("row", name="onerror")).to_contain_text("1.02:00:00")
    await expect(host.view.locator("tbody img")).to_have_count(0)
    await row.get_by_role("button", name="night").click()
    await expect(host.view.get_by_role("group", name="Steps of night")).to_be_visible()
    await host.view.get_by_role("button", name="Jobs").click()
    await expect(row.get_by_role("button")).to_be_focused()
    await lists.get_by_role("button", name="Tasks").click()
    await expect(host.view.get_by_role("heading", name="Tasks")).to_be_visible()


async def test_there_is_no_way_to_jobs_where_their_tools_are_not_shown(pages: HostPages, server: RunningServer) -> None:
    async with hosting(pages, server, query="?toolsets=default") as plain:
        await plain.open("list_tasks")
        await expect(plain.view.get_by_role("heading", name="Tasks")).to_be_visible()
        await expect(plain.view.get_by_role("group", name="Lists")).to_have_count(0)


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
async def test_in_a_conversation_the_pages_of_jobs_are_low(
    host: Host, jobs: dict[str, str], size: dict[str, int]
) -> None:
    await host.page.set_viewport_size({"width": size["width"], "height": size["height"]})
    for tool, arguments, part in (("list_jobs", {}, "tbody tr"), ("get_job", {"job_uuid": jobs["night"]}, ".step")):
        await host.open(tool, arguments, context={**COMPACT, "locale": "fr-FR"})
        await expect(host.view.locator(part).first).to_be_visible()
        await expect(host.view.get_by_role("alert")).to_have_count(0)
        assert await host.view.locator("body").evaluate("body => body.scrollHeight") <= MAX_INLINE_PIXELS, tool
        assert await host.view.locator("html").evaluate("root => root.scrollWidth - root.clientWidth") == 0
        await expect(host.view.get_by_role("button", name="Tout afficher")).to_be_visible()


async def test_a_narrow_pipeline_is_a_list_and_widens_to_a_drawing(host: Host, jobs: dict[str, str]) -> None:
    await host.page.set_viewport_size({"width": 320, "height": 900})
    await host.open("get_job", {"job_uuid": jobs["night"]})
    steps = host.view.get_by_role("list", name="Steps of night").get_by_role("listitem")
    await expect(steps.nth(1)).to_contain_text("after prepare (success)")
    assert await host.view.locator("html").evaluate("root => root.scrollWidth - root.clientWidth") == 0
    await host.page.set_viewport_size({"width": 1000, "height": 900})
    await expect(host.view.get_by_role("group", name="Steps of night")).to_be_visible()


@pytest.mark.parametrize(("theme", "size"), [("light", WIDE), ("dark", WIDE), ("light", PHONE)])
async def test_the_pages_of_jobs_have_no_fault_that_axe_knows_and_no_small_target(
    host: Host, jobs: dict[str, str], theme: str, size: dict[str, int]
) -> None:
    axe = await read_axe()
    await host.page.set_viewport_size({"width": size["width"], "height": size["height"]})
    for tool, arguments, part in (("list_jobs", {}, "tbody tr"), ("get_job", {"job_uuid": jobs["night"]}, ".step")):
        await host.open(tool, arguments, context={"theme": theme})
        await expect(host.view.locator(part).first).to_be_visible()
        assert await violations(host, axe) == []
        assert await host.view.locator("html").evaluate(SMALL_TARGETS) == []
    await host.page.set_viewport_size({"width": 1000, "height": 900})


async def test_the_drawing_follows_the_tasks_while_they_run(host: Host, server: RunningServer) -> None:
    async with httpx.AsyncClient(base_url=server.api_url, headers={"Authorization": JOBS_KEY}) as api:
        job = await waiting_chain(api)
        await host.open("get_job", {"job_uuid": job})
        steps = host.view.locator(".step")
        await expect(steps).to_contain_text(["Queued", "Queued"])
        await advance(api)
        await host.run_until(steps.nth(1), "Success")
        await expect(steps.nth(0)).to_contain_text("Success")
        await expect(host.view.locator(".liveness")).to_have_text("Up to date")


async def test_a_host_that_lets_views_call_no_tools_shows_the_drawing_alone(host: Host, jobs: dict[str, str]) -> None:
    await host.open("get_job", {"job_uuid": jobs["night"]}, capabilities={})
    await expect(host.view.get_by_role("group", name="Steps of night")).to_contain_text("Never ran")
    await expect(host.view.locator("button:enabled")).to_have_count(0)


async def test_a_connection_that_only_reads_terminates_no_job(
    pages: HostPages, server: RunningServer, jobs: dict[str, str]
) -> None:
    async with hosting(pages, server, query="?toolsets=jobs&read_only=true") as reader:
        await reader.open("get_job", {"job_uuid": jobs["night"]})
        await expect(reader.view.get_by_role("button", name="train Failed")).to_be_visible()
        await expect(reader.view.get_by_role("button", name="Terminate")).to_have_count(0)


async def test_terminating_a_job_asks_by_name_and_tells_the_model(host: Host, jobs: dict[str, str]) -> None:
    await host.open("get_job", {"job_uuid": jobs["empty"]})
    await host.view.get_by_role("button", name="Terminate").click()
    panel = host.view.get_by_role("alertdialog", name=f"Terminate “{HOSTILE}”?")
    await panel.press("Escape")
    await expect(host.view.get_by_role("button", name="Terminate")).to_be_focused()
    await host.view.get_by_role("button", name="Terminate").click()
    await panel.get_by_role("button", name="Terminate").click()
    await expect(host.view.locator(".notice")).to_contain_text("is being terminated.")
    await expect(host.view.get_by_role("button", name="Terminate")).to_have_count(0)
    assert host.calls.count(("terminate_job", {"job_uuid": jobs["empty"]})) == 1
    job = await call(host.client, "get_job", job_uuid=jobs["empty"])
    assert job["state"] in ("Terminating", "Completed")
    [told] = await host.heard("ui/update-model-context")
    assert "terminated the job" in told["content"][0]["text"]
    assert told["structuredContent"]["actions"][0]["job_uuid"] == jobs["empty"]
