"""Running a task again: the platform copies it, and only what changes is sent."""

from collections.abc import AsyncIterator

import pytest

from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.qarnot.tasks.models import Constant, Task
from qarnot_mcp.tools.tasks.rerun import LABEL, RerunRequest, appended, command_of
from qarnot_mcp.tools.tasks.submit_arguments import SubmitTask
from tests.support.conversation import Conversation, conversation

ONE_OF_FIVE_FAILS = "sh -c 'python3 calibrate.py'"
SECRET = "s3cr3t-that-no-answer-shows"


@pytest.fixture(scope="module")
async def talk() -> AsyncIterator[Conversation]:
    async with conversation() as talk:
        yield talk


async def failed_task(talk: Conversation, **more: object) -> str:
    """Start a task of which instance 2 fails, and return its uuid after its end."""
    uuid = await talk.started(ONE_OF_FIVE_FAILS, instance_count=5, **more)
    await talk.advance(86_400)
    return uuid


async def sent_to_api(talk: Conversation) -> list[str]:
    journal = (await talk.sandbox.get("/sandbox/journal")).json()["requests"]
    return [f"{entry['method']} {entry['path']}" for entry in journal]


def task(**fields: object) -> Task:
    document = {"uuid": "52c10b2d-0687-41e1-985e-7279f6dd543a", "state": "Failure", "name": "a", "instanceCount": 5}
    return Task.read(document | fields)


@pytest.mark.parametrize(
    ("command", "addition", "whole"),
    [
        ("python run.py", "--skip-na", "python run.py --skip-na"),
        ("sh -c 'python run.py'", "--skip-na", "sh -c 'python run.py --skip-na'"),
        ('bash -lc "a && b"  ', "--x", 'bash -lc "a && b --x"'),
        ("sh run.sh", "--x", "sh run.sh --x"),
    ],
)
def test_an_addition_stands_at_the_end_of_the_command_that_runs(command: str, addition: str, whole: str) -> None:
    assert appended(command, addition) == whole


def test_an_addition_never_ends_the_quotes_of_the_command() -> None:
    with pytest.raises(InvalidArgument, match="a text without '"):
        appended("sh -c 'a'", "; echo 'x'")


def test_an_addition_makes_no_command_too_long() -> None:
    with pytest.raises(InvalidArgument, match="at most 2,048 characters in all"):
        appended("x" * 2040, "y" * 20)


@pytest.mark.parametrize("keys", [[], ["A_CMD", "B_CMD"]])
def test_a_task_without_one_command_takes_no_addition(keys: list[str]) -> None:
    with pytest.raises(InvalidArgument, match="a task with one command"):
        command_of([Constant(key=key, value="run") for key in keys], {})


def test_the_command_of_another_profile_is_found() -> None:
    assert command_of([Constant(key="FDS_CMD", value="fds a.fds"), Constant(key="B", value="1")], {}).key == "FDS_CMD"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"rerun": "failed"}, "rerun is 'failed'"),
        ({"append_to_command": "--x"}, "append_to_command is '--x'"),
        ({"rerun_of": "t-1", "rerun": "failed", "instance_count": 3}, "rerun=failed says which instances run"),
        ({"rerun_of": "t-1", "pool_uuid": "52c10b2d-0687-41e1-985e-7279f6dd543a"}, "no pool with rerun_of"),
    ],
)
def test_what_says_nothing_together_is_refused(arguments: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        SubmitTask.model_validate({"name": "again", "profile": "docker-batch", **arguments})


def test_only_what_changes_is_sent() -> None:
    given = SubmitTask.model_validate({"name": "again", "rerun_of": "t-1"})
    request = RerunRequest.of(task(labels={"team": "a"}, constants=[{"key": "DOCKER_CMD", "value": "x"}]), given)
    assert request.arguments.to_api() == {"name": "again", "labels": {LABEL: task().uuid, "team": "a"}}


def test_a_task_with_all_its_labels_gets_no_further_one() -> None:
    labels = {f"label{number}": "x" for number in range(100)}
    request = RerunRequest.of(task(labels=labels), SubmitTask.model_validate({"name": "again", "rerun_of": "t-1"}))
    assert request.arguments.to_api()["labels"] == labels


async def test_the_failed_instances_run_again_with_an_addition_to_their_command(talk: Conversation) -> None:
    uuid = await failed_task(talk)
    arguments = {"name": "second", "rerun_of": uuid, "rerun": "failed", "append_to_command": "--skip-na"}
    again = await talk.call("submit_task", **arguments)
    assert again["repeats"] == {"uuid": uuid, "name": "test", "rerun": "failed", "instances": "2"}
    assert f"POST /tasks/{uuid}/retry" in await sent_to_api(talk)
    new = (await talk.sandbox.get(f"/v1/tasks/{again['uuid']}")).json()
    assert (new["name"], new["advancedRanges"], new["labels"]) == ("second", "2", {LABEL: uuid})
    assert new["shortname"] == again["shortname"]
    assert new["constants"] == [{"key": "DOCKER_CMD", "value": ONE_OF_FIVE_FAILS[:-1] + " --skip-na'"}]
    await talk.advance(86_400)
    shown = await talk.call("get_task", task_uuid=again["uuid"])
    assert (shown["state"], shown["labels"]) == ("Success", {LABEL: uuid})


@pytest.mark.parametrize(("rerun", "operation"), [("unfinished", "recover"), ("all", "clone"), (None, "clone")])
async def test_each_rerun_is_its_operation_of_the_api(talk: Conversation, rerun: str | None, operation: str) -> None:
    uuid = await failed_task(talk)
    again = await talk.call("submit_task", name="second", rerun_of=uuid, **({"rerun": rerun} if rerun else {}))
    assert f"POST /tasks/{uuid}/{operation}" in await sent_to_api(talk)
    assert again["started"] is True


async def test_cancelled_instances_are_resumed(talk: Conversation) -> None:
    uuid = await talk.started("sleep 100000")
    await talk.call("abort_task", task_uuid=uuid)
    await talk.advance(60)
    again = await talk.call("submit_task", name="second", rerun_of=uuid, rerun="cancelled")
    assert again["repeats"]["instances"] == "0"
    assert f"POST /tasks/{uuid}/resume" in await sent_to_api(talk)


async def test_without_such_instances_nothing_is_sent(talk: Conversation) -> None:
    uuid = await failed_task(talk)
    said = await talk.refusal("submit_task", name="second", rerun_of=uuid, rerun="cancelled")
    assert "test is Failure: 1 failed, 0 cancelled" in said
    assert f"POST /tasks/{uuid}/resume" not in await sent_to_api(talk)


async def test_every_other_parameter_overrides(talk: Conversation) -> None:
    uuid = await failed_task(talk, tags=["one"])
    changes = {
        "tags": ["two"],
        "instance_count": 2,
        "scheduling_type": "OnDemand",
        "constants": {"DOCKER_TAG": "24.04"},
    }
    again = await talk.call("submit_task", name="second", rerun_of=uuid, **changes)
    new = (await talk.sandbox.get(f"/v1/tasks/{again['uuid']}")).json()
    assert (new["tags"], new["totalInstanceCount"], new["schedulingType"]) == (["two"], 2, "onDemand")
    assert {one["key"]: one["value"] for one in new["constants"]} == {
        "DOCKER_CMD": ONE_OF_FIVE_FAILS,
        "DOCKER_TAG": "24.04",
    }


async def test_secrets_are_copied_and_never_pass_through_the_conversation(talk: Conversation) -> None:
    constants = {"DOCKER_CMD": "sh -c 'echo the secret is $QARNOT_SECRET__KEY'", "QARNOT_SECRET__KEY": SECRET}
    body = {"name": "test", "profile": "docker-batch", "constants": constants, "instance_count": 1}
    uuid = (await talk.call("submit_task", **body))["uuid"]
    await talk.advance(86_400)
    again = await talk.call("submit_task", name="second", rerun_of=uuid, append_to_command="again")
    assert SECRET not in str(again)
    assert "QARNOT_SECRET__KEY" in again["warnings"][-1]
    await talk.advance(86_400)
    printed = (await talk.sandbox.get(f"/v1/tasks/{again['uuid']}/stdout")).json()
    assert f"the secret is {SECRET} again" in printed


async def test_a_rerun_can_be_checked_without_starting_it(talk: Conversation) -> None:
    uuid = await failed_task(talk)
    checked = await talk.call("submit_task", name="second", rerun_of=uuid, rerun="failed", validate_only=True)
    assert (checked["started"], checked["repeats"]["instances"]) == (False, "2")
    assert f"POST /tasks/{uuid}/retry" not in await sent_to_api(talk)
