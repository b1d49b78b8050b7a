"""Ending tasks, one or many at once, in tests of the whole server."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from qarnot_mcp.tools.tasks.abort_delete import EndTasks, OneOutcome, Outcome, end_tasks
from tests.support.conversation import Conversation, conversation

UNKNOWN = "52c10b2d-0687-41e1-985e-7279f6dd543a"
HOUR = 3600


@pytest.fixture
async def model() -> AsyncIterator[Conversation]:
    async with conversation(speed=1) as begun:
        yield begun


async def test_many_tasks_are_deleted_at_once_with_an_outcome_for_each(model: Conversation) -> None:
    first, second = await model.started("true"), await model.started("true")
    deleted = await model.call("delete_task", task_uuids=[first, UNKNOWN, second])
    done, failed = deleted["outcomes"]
    assert (done["outcome"], done["count"], done["places"]) == ("deleted", 2, "1,3")
    assert (failed["outcome"], failed["places"]) == ("failed", "2")
    assert UNKNOWN in failed["reason"]
    await model.advance(HOUR)
    assert (await model.call("list_tasks"))["tasks"] == []


async def test_many_tasks_are_aborted_at_once(model: Conversation) -> None:
    uuids = [await model.started("sleep 36000") for _ in range(3)]
    aborted = await model.call("abort_task", task_uuids=uuids)
    assert sum(outcome["count"] for outcome in aborted["outcomes"]) == 3
    assert {outcome["outcome"] for outcome in aborted["outcomes"]} <= {"PendingCancel", "Cancelled"}


@pytest.mark.parametrize(("tool", "outcome"), [("abort_task", "would be aborted"), ("delete_task", "would be deleted")])
async def test_validate_only_shows_what_would_go_and_changes_nothing(
    model: Conversation, tool: str, outcome: str
) -> None:
    uuid = await model.started("sleep 36000", name="long one")
    for given in ({"task_uuid": uuid}, {"task_uuids": [uuid]}):
        tried = await model.call(tool, validate_only=True, **given)
        assert tried["validated_only"] is True
        assert tried["outcomes"] == [
            {"outcome": f"{outcome}: Submitted", "count": 1, "places": "1", "names": ["long one"]}
        ]
    assert (await model.call("get_task", task_uuid=uuid))["state"] == "Submitted"


async def test_a_task_that_is_over_would_not_be_aborted(model: Conversation) -> None:
    uuid = await model.started("true")
    await model.advance(HOUR)
    (outcome,) = (await model.call("abort_task", task_uuid=uuid, validate_only=True))["outcomes"]
    assert outcome["outcome"] == "unchanged: Success"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, "either task_uuid or task_uuids"),
        ({"task_uuid": UNKNOWN, "task_uuids": [UNKNOWN]}, "either task_uuid or task_uuids"),
        ({"task_uuids": [UNKNOWN] * 101}, "at most 100 tasks"),
        ({"task_uuids": ["../x"]}, "the UUID of a task"),
    ],
)
async def test_what_is_not_one_task_or_up_to_100_is_refused(
    model: Conversation, arguments: dict[str, Any], expected: str
) -> None:
    assert expected in await model.refusal("delete_task", **arguments)


async def test_a_task_that_is_named_twice_is_deleted_once(model: Conversation) -> None:
    uuid = await model.started("true")
    (outcome,) = (await model.call("delete_task", task_uuids=[uuid, uuid]))["outcomes"]
    assert (outcome["outcome"], outcome["places"]) == ("deleted", "1-2")


async def test_where_every_task_fails_the_error_is_the_answer(model: Conversation) -> None:
    assert UNKNOWN in await model.refusal("delete_task", task_uuids=[UNKNOWN])


async def test_tasks_for_which_there_is_no_time_are_named_and_left_alone() -> None:
    ended: list[str] = []

    async def end(task_id: str) -> OneOutcome:
        ended.append(task_id)
        return OneOutcome(outcome="deleted")

    result = await end_tasks(EndTasks(task_uuids=[UNKNOWN]), end, most_seconds=-1)
    assert result["outcomes"] == [Outcome(outcome="not tried", count=1, places="1")]
    assert "call again" in result["note"]
    assert ended == []
