"""list_tasks of the whole server on the sandbox: what a model learns in one call."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from tests.support.conversation import Conversation, conversation

HOUR = 3600
UNKNOWN = "52c10b2d-0687-41e1-985e-7279f6dd543a"


@pytest.fixture
async def model() -> AsyncIterator[Conversation]:
    async with conversation(speed=1) as begun:
        yield begun


async def test_every_failed_task_says_its_tags_how_many_failed_and_why(model: Conversation) -> None:
    command = "sh -c 'echo cannot open /job/input.csv >&2; exit 3'"
    await model.started(command, instance_count=4, tags=["nightly", "blue"])
    constants = [{"key": "DOCKER_REPO", "value": "does-not-exist/image"}, {"key": "DOCKER_CMD", "value": "true"}]
    await model.started("", constants=constants)
    await model.advance(HOUR)
    image, code = (await model.call("list_tasks", state="failed"))["tasks"]
    assert (code["failed"], code["tags"]) == (4, ["nightly", "blue"])
    assert code["reason"] == "user code: exit code 3: cannot open /job/input.csv"
    assert image["reason"].startswith("image: ")
    assert len(image["reason"]) <= 80


async def test_a_row_has_the_same_columns_with_and_without_a_filter(model: Conversation) -> None:
    await model.started("sh -c 'exit 3'", tags=["nightly", "blue"])
    await model.started("true", name="other", tags=["blue"])
    await model.advance(HOUR)
    listed = await model.call("list_tasks")
    (filtered,) = (await model.call("list_tasks", tags=["nightly"]))["tasks"]
    failed = listed["tasks"][1]
    assert failed.keys() == filtered.keys()
    assert listed["common_tags"] == ["blue"]
    assert failed["tags"] == ["nightly"]


async def test_a_name_matches_anywhere_and_in_any_case(model: Conversation) -> None:
    await model.given(1, name="Calibration of Sensor [17]")
    for part in ("sensor", "SENSOR [17]", "calib"):
        assert (await model.call("list_tasks", name=part))["count"] == 1
    assert (await model.call("list_tasks", name="sensor .17"))["count"] == 0


async def test_dates_filter_at_the_api(model: Conversation) -> None:
    await model.started("true", name="short")
    await model.advance(HOUR)
    await model.started("sleep 36000", name="long")
    listed = await model.call("list_tasks")
    ended = next(row["ended"] for row in listed["tasks"] if row["name"] == "short")

    async def names(**filters: str) -> list[str]:
        return [row["name"] for row in (await model.call("list_tasks", **filters))["tasks"]]

    assert await names(created_after="24h") == ["long", "short"]
    assert await names(created_after="2100-01-01") == []
    assert await names(created_before="24h") == []
    assert await names(ended_after="7d") == ["short"]
    assert await names(ended_before="2100-01-01") == ["short"]
    assert await names(ended_before=ended) == []
    assert "2026-11-20" in await model.refusal("list_tasks", ended_after="last week")


async def test_every_answer_says_what_time_it_is(model: Conversation) -> None:
    assert datetime.fromisoformat((await model.call("list_tasks"))["now"]).tzinfo is not None


async def test_an_empty_answer_says_what_was_looked_for_and_what_would_widen_it(model: Conversation) -> None:
    assert (await model.call("list_tasks"))["hint"] == "This account has no tasks."
    empty = await model.call("list_tasks", name="x", state="failed", ended_after="2026-11-20")
    assert empty["hint"] == (
        "No task has state Failure, 'x' in the name, ended after 2026-11-20T00:00:00Z. "
        "To find more, leave out state or name or ended_after."
    )


async def test_the_progress_of_a_task_that_is_over_is_not_100(model: Conversation) -> None:
    failed = await model.started("sh -c 'exit 3'")
    await model.advance(HOUR)
    assert "progress" not in (await model.call("list_tasks"))["tasks"][0]
    assert "progress" not in await model.call("get_task", task_uuid=failed)


async def test_a_wait_ends_as_soon_as_a_listed_task_does(model: Conversation) -> None:
    short = await model.started("sleep 600", name="short")
    await model.started("sleep 36000", name="long")
    await model.advance(400)
    waiting = asyncio.create_task(model.call("list_tasks", state="active", wait_seconds=45))
    while not await model.asked("/tasks/search"):
        pass
    await model.advance(600)
    listed = await waiting
    assert {row["uuid"]: row["state"] for row in listed["tasks"]}[short] == "Success"
    assert listed["waited"]["changes"] == ["short: FullyExecuting -> Success"]
    assert listed["waited"]["seconds"] < 45


async def test_a_wait_for_tasks_that_are_over_returns_at_once(model: Conversation) -> None:
    await model.started("true")
    await model.advance(HOUR)
    assert "waited" not in await model.call("list_tasks", wait_seconds=45)


async def test_uuids_alone_are_a_fifth_of_the_rows(model: Conversation) -> None:
    await model.given(100)
    listed = await model.call("list_tasks", limit=500, detail="uuids")
    assert (listed["count"], len(listed["uuids"]), listed["tasks"]) == (100, 100, [])
    assert model.characters < 4_200
