"""Six journeys, as a model would make them: how many calls and characters each of them takes.

`pytest tests/journeys -s` shows the counts.
"""

from collections.abc import AsyncIterator

import pytest

from tests.support.conversation import Conversation, conversation

SECONDS_OF_A_SHORT_TASK = 400


@pytest.fixture
async def model() -> AsyncIterator[Conversation]:
    async with conversation(speed=1) as begun:
        yield begun


async def test_hello_world_on_ten_instances(model: Conversation) -> None:
    task = await model.call(
        "submit_task",
        name="hello",
        profile="docker-batch",
        instance_count=10,
        constants=[
            {"key": "DOCKER_REPO", "value": "library/ubuntu"},
            {"key": "DOCKER_TAG", "value": "24.04"},
            {"key": "DOCKER_CMD", "value": "echo hello from ${INSTANCE_ID}"},
        ],
    )
    assert "warnings" not in task
    await model.advance(SECONDS_OF_A_SHORT_TASK)
    after = await model.call("get_task", task_uuid=task["uuid"], wait_seconds=45)
    assert (after["state"], after["instances"]["succeeded"]) == ("Success", 10)
    log = await model.call("get_task_logs", task_uuid=task["uuid"])
    assert sorted(log["text"].splitlines()) == [f" {number}> hello from {number}" for number in range(10)]
    model.told("hello world on ten instances")
    assert model.calls <= 3
    assert model.characters < 4_000


async def test_why_a_command_failed(model: Conversation) -> None:
    uuid = await model.started("sh -c 'echo reading; echo cannot open /job/input.csv >&2; exit 3'", instance_count=4)
    await model.advance(SECONDS_OF_A_SHORT_TASK)
    task = await model.call("get_task", task_uuid=uuid)
    (group,) = task["failure"]["groups"]
    assert (group["instances"], group["count"]) == ("0-3", 4)
    assert "cannot open /job/input.csv" in group["log_tail"]
    assert "3" in group["signature"]
    model.told("why a command failed")
    assert model.calls == 1
    assert model.characters < 4_000


async def test_an_image_that_does_not_exist(model: Conversation) -> None:
    constants = [{"key": "DOCKER_REPO", "value": "does-not-exist/image"}, {"key": "DOCKER_CMD", "value": "true"}]
    uuid = await model.started("", constants=constants)
    await model.advance(SECONDS_OF_A_SHORT_TASK)
    task = await model.call("get_task", task_uuid=uuid)
    assert "does-not-exist/image" in str(task["failure"])
    assert "DOCKER_REPO" in task["failure"]["hint"]
    model.told("why: an image that does not exist")
    assert model.calls == 1
    assert model.characters < 4_000


async def test_one_error_in_200_000_lines(model: Conversation) -> None:
    uuid = await model.started("sh -c 'seq 1 100000; echo ERROR: the disk is full; seq 100001 200000'")
    await model.advance(SECONDS_OF_A_SHORT_TASK)
    log = await model.call("get_task_logs", task_uuid=uuid, search="(?i)error|exception|traceback|failed")
    assert (log["total_lines"], log["matches"]) == (200_001, 1)
    assert "100001: 0> ERROR: the disk is full" in " ".join(log["text"].split())
    assert "99999" in log["text"]
    model.told("one error in a log of 200,000 lines")
    assert model.calls == 1
    assert model.characters < 4_000


async def test_a_run_that_is_cancelled(model: Conversation) -> None:
    uuid = await model.started("sh -c 'echo begun; sleep 36000'", instance_count=3)
    await model.advance(SECONDS_OF_A_SHORT_TASK)
    running = await model.call("get_task", task_uuid=uuid)
    assert running["instances"]["running"] == 3
    assert (await model.call("abort_task", task_uuid=uuid))["state"] in ("PendingCancel", "Cancelled")
    await model.advance(SECONDS_OF_A_SHORT_TASK)
    cancelled = await model.call("get_task", task_uuid=uuid)
    assert cancelled["state"] == "Cancelled"
    assert "failure" not in cancelled
    assert "begun" in (await model.call("get_task_logs", task_uuid=uuid))["text"]
    model.told("a run that is cancelled, and what it printed")
    assert model.calls == 4
    assert model.characters < 6_000


async def test_cleaning_up_100_finished_tasks(model: Conversation) -> None:
    await model.given(100)
    await model.advance(SECONDS_OF_A_SHORT_TASK * 100)
    one_more = {"name": "one more", "profile": "docker-batch", "constants": {"DOCKER_CMD": "true"}}
    message = await model.refusal("submit_task", **one_more)
    assert message.startswith("A quota of the Qarnot account is reached")
    assert "delete_task" in message
    listed = await model.call("list_tasks", state="finished", limit=500, detail="uuids")
    assert listed["total"] == 100
    (deleted,) = (await model.call("delete_task", task_uuids=listed["uuids"]))["outcomes"]
    assert (deleted["outcome"], deleted["places"]) == ("deleted", "1-100")
    assert (await model.call("submit_task", **one_more))["started"]
    model.told("cleaning up 100 finished tasks, and one more")
    assert model.calls <= 4
    assert model.characters <= 6_000


async def test_what_failed_this_week_and_why(model: Conversation) -> None:
    await model.started("true", name="fine")
    await model.started("sh -c 'echo cannot open /job/input.csv >&2; exit 3'", name="import", instance_count=10)
    await model.started("no-such-program --fast", name="tool")
    await model.started("sh -c 'echo ValueError: 17 >&2; exit 1'", name="fit", tags=["nightly"])
    constants = [{"key": "DOCKER_REPO", "value": "does-not-exist/image"}, {"key": "DOCKER_CMD", "value": "true"}]
    await model.started("", name="render", constants=constants)
    await model.advance(24 * 3600)
    listed = await model.call("list_tasks", state="failed", ended_after="7d")
    reasons = {row["name"]: row["reason"] for row in listed["tasks"]}
    assert reasons.keys() == {"import", "tool", "fit", "render"}
    assert reasons["import"] == "user code: exit code 3: cannot open /job/input.csv"
    assert reasons["tool"].startswith("command: exit code 127")
    assert reasons["fit"] == "user code: exit code 1: ValueError: 17"
    assert reasons["render"].startswith("image: ")
    model.told("what failed this week, and why, of four")
    assert model.calls == 1
    assert model.characters <= 2_500


async def test_the_loss_curve_of_240_epochs(model: Conversation) -> None:
    uuid = await model.started("python3 train.py")
    await model.advance(240 * 540 + 1000)
    log = await model.call("get_task_logs", task_uuid=uuid, tail_lines=240, max_characters=1000)
    losses = [float(line.partition("loss=")[2].split()[0]) for line in log["text"].splitlines() if "loss=" in line]
    assert (log["total_lines"], len(losses), losses[0], losses[-1]) == (240, 10, 2.243, 0.1348)
    assert losses == sorted(losses, reverse=True)
    assert log["next"]["fold"] is False
    model.told("the loss curve of 240 epochs")
    assert model.calls == 1
    assert model.characters <= 1_500
