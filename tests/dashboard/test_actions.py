"""What a person can do to a task in the dashboard, and what the model hears of it."""

import pytest
from playwright.async_api import expect

from tests.support.running_server import call, ended, running_server, submitted
from tests.support.view_host import Host, HostPages, hosting

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

SLOW = 1.0
FAST = 2000.0
CONSTANTS = [
    {"key": "DOCKER_REPO", "value": "library/ubuntu"},
    {"key": "DOCKER_TAG", "value": "24.04"},
    {"key": "DOCKER_CMD", "value": "sh -c 'echo hi; echo there'"},
    {"key": "DB_PASSWORD", "value": "hunter-two"},
]


async def told(host: Host) -> str:
    """The last word to the model."""
    words = await host.heard("ui/update-model-context")
    return str(words[-1]["content"][0]["text"])


async def test_abort_asks_by_name_and_does_nothing_when_the_person_thinks_again(pages: HostPages) -> None:
    async with running_server(speed=SLOW) as server, hosting(pages, server) as host:
        uuid = await submitted(host.client, name="precious")
        await host.open("get_task", {"task_uuid": uuid})
        await host.view.get_by_role("button", name="Abort").click()
        panel = host.view.get_by_role("alertdialog", name="Abort “precious”?")
        await expect(panel.get_by_role("button", name="Cancel")).to_be_focused()
        await panel.press("Escape")
        await expect(panel).to_have_count(0)
        await expect(host.view.get_by_role("button", name="Abort")).to_be_focused()
        assert [tool for tool, _ in host.calls if tool != "get_task"] == []
        assert await host.heard("ui/update-model-context") == []


async def test_abort_stops_the_task_and_tells_the_model(pages: HostPages) -> None:
    async with running_server(speed=SLOW) as server, hosting(pages, server) as host:
        uuid = await submitted(host.client, name="doomed")
        await host.open("get_task", {"task_uuid": uuid})
        await host.view.get_by_role("button", name="Abort").click()
        await host.view.get_by_role("alertdialog").get_by_role("button", name="Abort").click()
        await expect(host.view.get_by_text("“doomed” is being stopped.").first).to_be_visible()
        await host.run_until(host.view.locator(".task-title .chip"), "Cancelled")
        assert ("abort_task", {"task_uuid": uuid}) in host.calls
        text = await told(host)
        assert "abort" in text
        assert "doomed" in text
        assert uuid in text


async def test_delete_goes_back_to_a_list_without_the_task(pages: HostPages) -> None:
    async with running_server() as server, hosting(pages, server) as host:
        await ended(host.client, await submitted(host.client, name="kept"))
        await ended(host.client, await submitted(host.client, name="gone"))
        await host.open("list_tasks")
        await host.view.get_by_role("button", name="gone").click()
        await host.view.get_by_role("button", name="Delete").click()
        panel = host.view.get_by_role("alertdialog", name="Delete “gone”?")
        await panel.get_by_role("button", name="Delete").click()
        await expect(host.view.get_by_text("“gone” is deleted.").first).to_be_visible()
        await expect(host.view.locator("tbody tr")).to_have_count(1)
        assert "deleted the task" in await told(host)
        assert (await call(host.client, "list_tasks"))["total"] == 1


async def test_run_again_leaves_the_copy_to_qarnot_and_opens_the_new_task(pages: HostPages) -> None:
    async with running_server(speed=FAST) as server, hosting(pages, server) as host:
        fields = {
            "name": "first run",
            "profile": "docker-batch",
            "instance_count": 3,
            "constants": CONSTANTS,
            "tags": ["nightly"],
            "labels": {"project": "sea"},
            "scheduling_type": "OnDemand",
            "completion_time_to_live": "10.00:00:00",
            "max_retries_per_instance": 2,
        }
        uuid = str((await call(host.client, "submit_task", **fields))["uuid"])
        await ended(host.client, uuid)
        await host.open("get_task", {"task_uuid": uuid})
        await host.view.get_by_role("button", name="Run again").click()
        panel = host.view.get_by_role("alertdialog", name="Run “first run” again?")
        await panel.get_by_label("Name").fill("second run")
        await expect(panel.get_by_label("DB_PASSWORD")).to_have_value("")
        await panel.get_by_label("DB_PASSWORD").fill("hunter-three")
        await panel.get_by_role("button", name="Run again").click()
        await expect(host.view.get_by_role("heading", name="second run")).to_be_visible()
        [sent] = [arguments for tool, arguments in host.calls if tool == "submit_task"]
        changed = [{"key": "DB_PASSWORD", "value": "hunter-three"}]
        assert sent == {"name": "second run", "rerun_of": uuid, "rerun": "all", "constants": changed}
        text = await told(host)
        assert "again" in text
        assert "second run" in text
        assert "hunter" not in text


async def test_a_command_of_several_lines_is_run_again_as_it_is(pages: HostPages) -> None:
    command = "sh -c 'set -e\n# a comment\necho  hi'"
    async with running_server() as server, hosting(pages, server) as host:
        await host.open("get_task", {"task_uuid": await submitted(host.client, command, name="long")})
        await host.view.get_by_role("button", name="Run again").click()
        panel = host.view.get_by_role("alertdialog")
        await expect(panel.get_by_label("DOCKER_CMD")).to_have_value(command)
        await panel.get_by_label("Name").fill("longer")
        await panel.get_by_role("button", name="Run again").click()
        await expect(host.view.get_by_role("heading", name="longer")).to_be_visible()
        [sent] = [arguments for tool, arguments in host.calls if tool == "submit_task"]
        assert "constants" not in sent
        uuid = (await call(host.client, "list_tasks", name="longer"))["tasks"][0]["uuid"]
        task = await call(host.client, "get_task", task_uuid=uuid, detail="full")
        assert command in [constant["value"] for constant in task["api"]["constants"]]


async def test_a_secret_that_is_not_typed_again_is_copied_by_qarnot(pages: HostPages) -> None:
    async with running_server() as server, hosting(pages, server) as host:
        uuid = await submitted(host.client, name="secretive", constants=CONSTANTS, advanced_ranges="0-1,5")
        await host.open("get_task", {"task_uuid": uuid})
        await host.view.get_by_role("button", name="Run again").click()
        await expect(host.view.get_by_label("Instances (ranges)")).to_have_value("0-1,5")
        await host.view.get_by_role("alertdialog").get_by_role("button", name="Run again").click()
        await expect(host.view.get_by_text("“secretive” is submitted.").first).to_be_visible()
        [sent] = [arguments for tool, arguments in host.calls if tool == "submit_task"]
        assert sent == {"name": "secretive", "rerun_of": uuid, "rerun": "all"}


async def test_the_model_hears_all_that_was_done_not_only_the_last(pages: HostPages) -> None:
    async with running_server() as server, hosting(pages, server) as host:
        for name in ("one", "two"):
            await ended(host.client, await submitted(host.client, name=name))
        await host.open("list_tasks")
        for name in ("one", "two"):
            await host.view.get_by_role("button", name=name).click()
            await host.view.get_by_role("button", name="Delete").click()
            await host.view.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
            await expect(host.view.get_by_text(f"“{name}” is deleted.").first).to_be_visible()
        text = await told(host)
        assert text.index('"one"') < text.index('"two"')


async def test_a_refused_action_says_why_in_its_panel(pages: HostPages) -> None:
    async with running_server(speed=SLOW) as server, hosting(pages, server) as host:
        uuid = await submitted(host.client, name="slippery")
        await host.open("get_task", {"task_uuid": uuid})
        await host.view.get_by_role("button", name="Abort").click()
        panel = host.view.get_by_role("alertdialog")
        await call(host.client, "delete_task", task_uuid=uuid)
        await panel.get_by_role("button", name="Abort").click()
        await expect(panel.get_by_role("alert")).to_contain_text("Can't abort the task")
        await expect(panel.get_by_role("button", name="Abort")).to_be_enabled()


async def test_a_host_that_takes_no_word_for_the_model_still_acts(pages: HostPages) -> None:
    async with running_server(speed=SLOW) as server, hosting(pages, server) as host:
        await host.page.evaluate("window.refuses = ['ui/update-model-context']")
        uuid = await submitted(host.client, name="quiet")
        await host.open("get_task", {"task_uuid": uuid})
        await host.view.get_by_role("button", name="Abort").click()
        await host.view.get_by_role("alertdialog").get_by_role("button", name="Abort").click()
        await expect(host.view.get_by_text("“quiet” is being stopped.").first).to_be_visible()


async def test_read_only_mode_hides_the_actions(pages: HostPages) -> None:
    async with running_server(speed=SLOW) as server, running_server(read_only=True, key="sandbox-key") as guarded:
        async with hosting(pages, server) as host:
            uuid = await submitted(host.client, name="mine")
            await host.open("get_task", {"task_uuid": uuid})
            await expect(host.view.locator(".actions button")).to_have_text(["Log", "Run again", "Abort"])
        async with hosting(pages, guarded) as host:
            await host.open("list_tasks")
            await host.view.get_by_role("button", name="orchard calibration").click()
            await expect(host.view.get_by_text("Instance 2 failed.")).to_be_visible()
            await expect(host.view.locator(".actions button")).to_have_text(["Log"])
