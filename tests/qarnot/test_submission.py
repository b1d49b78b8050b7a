"""A submit that is safe to lose: never two tasks, never an unknown one without its name."""

import asyncio
import json
from typing import Any

import httpcore
import httpx
import pytest
import respx

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import (
    BadRequest,
    Conflict,
    InvalidArgument,
    NotEnoughCredits,
    NotFound,
    NotStarted,
    QuotaReached,
    RateLimited,
    ShortnameTaken,
    SubmitUnknown,
    TimedOut,
)
from qarnot_mcp.qarnot.http.transport import Limits
from qarnot_mcp.qarnot.identifiers import check_shortname
from qarnot_mcp.qarnot.submission import make_shortname
from qarnot_mcp.tools.tasks.new_task import NewTask
from tests.support.qarnot_api import OTHER_UUID, UUID, FakeClock, opened, task_document

REQUEST = NewTask(name="hello", profile="docker-batch", instance_count=1)
NAMED = REQUEST.model_copy(update={"shortname": "hello-1"})
CREATED = httpx.Response(200, json={"uuid": UUID})
NO_TASK = httpx.Response(404, json={"message": "No such task"})
TAKEN = httpx.Response(400, json={"message": "Invalid task file. Shortname is already used"})
LOOK = r"/tasks/hello-[a-z0-9]+$"

LOST = pytest.mark.parametrize(
    "lost",
    [
        httpcore.ReadTimeout("silence"),
        httpcore.ReadError("broken"),
        httpcore.WriteError("broken"),
        httpcore.RemoteProtocolError("disconnected"),
        httpx.Response(500),
        httpx.Response(502),
        httpx.Response(503),
        httpx.Response(504),
        httpx.Response(200, content=b"<html>"),
        httpx.Response(200, content=b""),
        httpx.Response(200, json={"unexpected": True}),
        httpx.Response(200, json=[UUID]),
        httpx.Response(200, json={"uuid": "not-one"}),
        httpx.Response(200, json={"uuid": "00000000-0000-0000-0000-000000000000"}),
    ],
    ids=repr,
)


def found(request: httpx.Request) -> httpx.Response:
    """The task that is looked for by its shortname."""
    return httpx.Response(200, json=task_document(shortname=request.url.path.rsplit("/", 1)[1], state="Submitted"))


async def test_a_submit_carries_a_shortname_of_its_own(client: QarnotClient, api: respx.MockRouter) -> None:
    route = api.post("/tasks").mock(return_value=CREATED)
    started = await client.tasks.submit(REQUEST)
    sent = json.loads(route.calls.last.request.content)
    assert sent == {"name": "hello", "profile": "docker-batch", "instanceCount": 1, "shortname": started.shortname}
    assert started.model_dump(exclude={"shortname"}) == {
        "uuid": UUID,
        "name": "hello",
        "state": "Submitted",
        "found_again": False,
    }
    assert client.requests == 1


@pytest.mark.parametrize("name", ["hello", "Élan vital!", "日本", "-", "x" * 2000, "a" * 39 + " b"])
def test_a_made_shortname_can_be_one_and_is_never_made_twice(name: str) -> None:
    made = {make_shortname(name) for _ in range(100)}
    assert len(made) == 100
    assert all(check_shortname(shortname) for shortname in made)


def test_a_made_shortname_reads_like_the_name() -> None:
    assert make_shortname("Élan vital!").startswith("elan-vital-")


@LOST
async def test_a_lost_answer_is_looked_up(client: QarnotClient, api: respx.MockRouter, lost: Any) -> None:
    post = api.post("/tasks").mock(side_effect=[lost])
    api.get(url__regex=LOOK).mock(side_effect=found)
    started = await client.tasks.submit(REQUEST)
    assert (started.uuid, started.found_again) == (UUID, True)
    assert post.call_count == 1


@LOST
async def test_a_lost_submit_that_started_nothing_is_safe_to_repeat(
    client: QarnotClient, api: respx.MockRouter, time: FakeClock, lost: Any
) -> None:
    post = api.post("/tasks").mock(side_effect=[lost])
    api.get(url__regex=LOOK).mock(return_value=NO_TASK)
    with pytest.raises(NotStarted, match="Nothing was started, and it is safe to submit again"):
        await client.tasks.submit(REQUEST)
    assert post.call_count == 1
    assert sum(time.waits) == pytest.approx(10)


@LOST
async def test_a_lost_submit_that_cannot_be_looked_up_names_its_shortname(
    client: QarnotClient, api: respx.MockRouter, lost: Any
) -> None:
    post = api.post("/tasks").mock(side_effect=[lost])
    api.get(url__regex=LOOK).respond(503)
    with pytest.raises(SubmitUnknown) as caught:
        await client.tasks.submit(REQUEST)
    shortname = json.loads(post.calls.last.request.content)["shortname"]
    assert caught.value.shortname == shortname
    assert f"task_uuid='{shortname}'" in str(caught.value)
    assert str(caught.value).endswith("(request req-7)")
    assert post.call_count == 1


async def test_a_task_that_appears_late_is_found(client: QarnotClient, api: respx.MockRouter) -> None:
    api.post("/tasks").respond(504)
    looks = iter([NO_TASK, NO_TASK, httpx.Response(502), NO_TASK])
    api.get(url__regex=LOOK).mock(side_effect=lambda request: next(looks, None) or found(request))
    assert (await client.tasks.submit(REQUEST)).found_again


async def test_a_last_look_that_fails_is_made_again(client: QarnotClient, api: respx.MockRouter) -> None:
    api.post("/tasks").respond(504)
    looks = iter([NO_TASK] * 5 + [httpx.Response(502)])
    api.get(url__regex=LOOK).mock(side_effect=lambda request: next(looks, NO_TASK))
    with pytest.raises(NotStarted):
        await client.tasks.submit(REQUEST)


async def test_another_task_found_is_not_taken_for_it(client: QarnotClient, api: respx.MockRouter) -> None:
    api.post("/tasks").respond(504)
    api.get(url__regex=LOOK).respond(json=task_document(shortname="another"))
    with pytest.raises(SubmitUnknown):
        await client.tasks.submit(REQUEST)


@pytest.mark.parametrize("failure", [httpcore.ConnectError("refused"), httpcore.ConnectTimeout("")])
async def test_what_was_never_sent_is_sent_again(
    client: QarnotClient, api: respx.MockRouter, time: FakeClock, failure: Exception
) -> None:
    api.post("/tasks").mock(side_effect=[failure, failure, CREATED])
    assert not (await client.tasks.submit(REQUEST)).found_again
    assert time.waits == [0.5, 1]


async def test_what_was_never_sent_has_started_nothing(client: QarnotClient, api: respx.MockRouter) -> None:
    api.post("/tasks").mock(side_effect=httpcore.ConnectError("refused"))
    with pytest.raises(NotStarted, match=r"Nothing was started.*cannot be reached"):
        await client.tasks.submit(REQUEST)


async def test_a_submit_that_was_put_off_is_made_after_the_wait(
    client: QarnotClient, api: respx.MockRouter, time: FakeClock
) -> None:
    api.post("/tasks").mock(side_effect=[httpx.Response(429, headers={"Retry-After": "3"}), CREATED])
    assert not (await client.tasks.submit(REQUEST)).found_again
    assert 3 <= time.waits[0] < 4


async def test_a_submit_that_is_put_off_for_long_says_for_how_long(
    client: QarnotClient, api: respx.MockRouter, time: FakeClock
) -> None:
    api.post("/tasks").respond(429, headers={"Retry-After": "300"})
    api.get(url__regex=LOOK).mock(return_value=NO_TASK)
    with pytest.raises(NotStarted, match=r"Nothing was started.*Wait 300 s") as caught:
        await client.tasks.submit(REQUEST)
    assert isinstance(caught.value.cause, RateLimited)
    assert sum(time.waits) == 0


@pytest.mark.parametrize("look", [httpx.Response(429), httpx.Response(500), httpcore.ReadTimeout("silence")])
async def test_a_limit_that_stops_the_look_as_well_has_started_nothing(
    client: QarnotClient, api: respx.MockRouter, look: Any
) -> None:
    api.post("/tasks").respond(429, headers={"Retry-After": "300"})
    api.get(url__regex=LOOK).mock(side_effect=[look])
    with pytest.raises(NotStarted, match="Wait 300 s"):
        await client.tasks.submit(REQUEST)


async def test_a_task_that_was_begun_in_spite_of_a_429_is_found(client: QarnotClient, api: respx.MockRouter) -> None:
    api.post("/tasks").respond(429, headers={"Retry-After": "300"})
    api.get(url__regex=LOOK).mock(side_effect=found)
    assert (await client.tasks.submit(REQUEST)).found_again


async def test_a_second_try_that_finds_its_shortname_taken_has_found_its_own_task(
    client: QarnotClient, api: respx.MockRouter
) -> None:
    api.post("/tasks").mock(side_effect=[httpx.Response(429), TAKEN])
    api.get(url__regex=LOOK).mock(side_effect=found)
    assert (await client.tasks.submit(REQUEST)).found_again


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (400, "Invalid fields: name", BadRequest),
        (402, "Not enough credits", NotEnoughCredits),
        (403, "Maximum number of tasks reached", QuotaReached),
        (404, "No such bucket: in", NotFound),
    ],
)
async def test_a_refusal_is_final(
    client: QarnotClient, api: respx.MockRouter, status: int, message: str, kind: type[Exception]
) -> None:
    post = api.post("/tasks").respond(status, json={"message": message})
    with pytest.raises(kind):
        await client.tasks.submit(REQUEST)
    assert post.call_count == client.requests == 1


async def test_a_shortname_that_is_taken_tells_by_which_task(client: QarnotClient, api: respx.MockRouter) -> None:
    post = api.post("/tasks").mock(return_value=CREATED)
    api.get("/tasks/hello-1").respond(json=task_document(state="Failure"))
    with pytest.raises(ShortnameTaken, match=rf"'hello-1' is taken by the task {UUID} \('hello', Failure\)"):
        await client.tasks.submit(NAMED)
    assert post.call_count == 0


@pytest.mark.parametrize("status", [400, 409])
async def test_a_shortname_that_is_taken_in_between_tells_by_which_task(
    client: QarnotClient, api: respx.MockRouter, status: int
) -> None:
    api.get("/tasks/hello-1").mock(side_effect=[NO_TASK, httpx.Response(200, json=task_document(uuid=OTHER_UUID))])
    api.post("/tasks").respond(status, json={"message": "The shortname is not unique"})
    with pytest.raises(ShortnameTaken, match=OTHER_UUID):
        await client.tasks.submit(NAMED)


async def test_a_conflict_without_a_task_is_told_as_it_is(client: QarnotClient, api: respx.MockRouter) -> None:
    api.get("/tasks/hello-1").mock(return_value=NO_TASK)
    api.post("/tasks").respond(409, json={"message": "Something else"})
    with pytest.raises(Conflict, match="Something else"):
        await client.tasks.submit(NAMED)


async def test_a_shortname_that_cannot_be_looked_up_before_starts_nothing(
    client: QarnotClient, api: respx.MockRouter
) -> None:
    post = api.post("/tasks").mock(return_value=CREATED)
    api.get("/tasks/hello-1").respond(503)
    with pytest.raises(NotStarted):
        await client.tasks.submit(NAMED)
    assert post.call_count == 0


@pytest.mark.parametrize("shortname", ["", "../x", "-a", UUID, "summaries", "x" * 300])
async def test_a_shortname_that_cannot_be_one_is_refused(client: QarnotClient, shortname: str) -> None:
    with pytest.raises(InvalidArgument, match="shortname"):
        await client.tasks.submit(REQUEST.model_copy(update={"shortname": shortname}))
    assert client.requests == 0


async def test_a_request_that_is_too_large_is_not_sent(api: respx.MockRouter) -> None:
    async with opened(FakeClock(), limits=Limits(max_request_bytes=1000)) as client:
        with pytest.raises(InvalidArgument, match="less than 1,000 bytes"):
            await client.tasks.submit(NewTask(name="x" * 1000, profile="docker-batch"))


async def test_two_equal_submits_at_the_same_time_start_one_task(api: respx.MockRouter) -> None:
    tasks: list[str] = []
    sending = asyncio.Event()

    async def create(request: httpx.Request) -> httpx.Response:
        sending.set()
        await asyncio.sleep(0)
        tasks.append(json.loads(request.content)["shortname"])
        return CREATED

    api.post("/tasks").mock(side_effect=create)
    api.get("/tasks/hello-1").mock(side_effect=lambda request: found(request) if tasks else NO_TASK)
    async with opened(FakeClock()) as client:
        outcomes = await asyncio.gather(*(client.tasks.submit(NAMED) for _ in range(5)), return_exceptions=True)
    assert tasks == ["hello-1"]
    assert [type(outcome).__name__ for outcome in outcomes] == ["Submission"] + ["ShortnameTaken"] * 4


async def test_the_whole_submit_ends_in_the_time_of_one_call(api: respx.MockRouter) -> None:
    async def never(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    api.post("/tasks").mock(side_effect=never)
    api.get(url__regex=LOOK).mock(side_effect=never)
    async with opened(limits=Limits(call_seconds=0.06)) as client, asyncio.timeout(5):
        with pytest.raises(SubmitUnknown) as caught:
            await client.tasks.submit(REQUEST)
    assert isinstance(caught.value.cause, TimedOut)
