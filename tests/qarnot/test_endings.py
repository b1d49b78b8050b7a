"""Ending and deleting jobs and pools: safe to repeat, and true when a response is lost. Tasks: test_client.py."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx
import pytest
import respx

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import (
    Forbidden,
    InvalidArgument,
    QarnotError,
    QuotaReached,
    ServerFailed,
    UnreadableResponse,
)
from qarnot_mcp.qarnot.jobs import Job
from qarnot_mcp.qarnot.pools import Pool
from qarnot_mcp.qarnot.submission import NewResource, Submission
from tests.support.qarnot_api import UUID

PAGE = httpx.Response(200, content=b"<html>Welcome to the hotel</html>")
Change = Callable[[QarnotClient, str], Awaitable[Job | Pool]]


@dataclass(frozen=True)
class Noun:
    """A job or a pool: how it is ended and deleted, and its states."""

    name: str
    verb: str
    participle: str
    stop: Change
    delete: Change
    create: Callable[[QarnotClient, NewResource], Awaitable[Submission]]
    going_on: str
    stopped: str
    deleting: str

    def document(self, state: str) -> dict[str, Any]:
        return {"uuid": UUID, "name": "night", "shortname": "night-1", "state": state}

    def stops(self, api: respx.MockRouter) -> respx.Route:
        return api.post(f"/{self.name}s/night-1/{self.verb}")

    def reads(self, api: respx.MockRouter, *states: str) -> None:
        answers = [httpx.Response(200, json=self.document(state)) for state in states]
        api.get(url__regex=f"/{self.name}s/.*").mock(side_effect=answers)


NOUNS = (
    Noun(
        "job",
        "terminate",
        "terminated",
        lambda client, job: client.jobs.terminate(job),
        lambda client, job: client.jobs.delete(job),
        lambda client, new: client.jobs.create(new),
        "Active",
        "Completed",
        "Deleting",
    ),
    Noun(
        "pool",
        "close",
        "closed",
        lambda client, pool: client.pools.close(pool),
        lambda client, pool: client.pools.delete(pool),
        lambda client, new: client.pools.create(new),
        "FullyExecuting",
        "Closing",
        "PendingDelete",
    ),
)


@pytest.fixture(params=NOUNS, ids=lambda noun: noun.name)
def noun(request: pytest.FixtureRequest) -> Noun:
    value: Noun = request.param
    return value


async def test_an_end_answers_the_state_afterwards(client: QarnotClient, api: respx.MockRouter, noun: Noun) -> None:
    route = noun.stops(api).respond(200)
    noun.reads(api, noun.stopped)
    assert (await noun.stop(client, "night-1")).state == noun.stopped
    assert route.call_count == 1


async def test_what_is_over_already_has_been_ended(client: QarnotClient, api: respx.MockRouter, noun: Noun) -> None:
    answers = [httpx.Response(504), httpx.Response(403, json={"message": "It is over"})]
    noun.stops(api).mock(side_effect=answers)
    noun.reads(api, noun.stopped)
    assert (await noun.stop(client, "night-1")).state == noun.stopped


async def test_an_end_that_is_forbidden_otherwise_says_so(
    client: QarnotClient, api: respx.MockRouter, noun: Noun
) -> None:
    noun.stops(api).respond(403, json={"message": "Not yours"})
    noun.reads(api, noun.going_on)
    with pytest.raises(Forbidden, match="Not yours"):
        await noun.stop(client, "night-1")


async def test_an_end_whose_state_cannot_be_read_after_is_told_as_done(
    client: QarnotClient, api: respx.MockRouter, noun: Noun
) -> None:
    noun.stops(api).respond(200)
    api.get(f"/{noun.name}s/night-1").respond(500)
    with pytest.raises(ServerFailed, match=f"The {noun.name} was {noun.participle}; only its new state could not be"):
        await noun.stop(client, "night-1")


@pytest.mark.parametrize(("status", "is_known"), [(504, False), (429, True)])
async def test_an_end_without_an_answer_says_what_is_known(
    client: QarnotClient, api: respx.MockRouter, noun: Noun, status: int, is_known: bool
) -> None:
    noun.stops(api).respond(status)
    with pytest.raises(QarnotError) as caught:
        await noun.stop(client, "night-1")
    unknown = f"Whether the {noun.name} was {noun.participle} is not known; it is safe to call again"
    assert (unknown in str(caught.value)) is not is_known


async def test_a_page_in_place_of_an_end_is_no_success(client: QarnotClient, api: respx.MockRouter, noun: Noun) -> None:
    noun.stops(api).mock(return_value=PAGE)
    noun.reads(api, noun.going_on)
    with pytest.raises(UnreadableResponse, match=f"the {noun.name} goes on"):
        await noun.stop(client, "night-1")


async def test_a_delete_answers_what_was_deleted(client: QarnotClient, api: respx.MockRouter, noun: Noun) -> None:
    noun.reads(api, noun.going_on)
    route = api.delete(f"/{noun.name}s/{UUID}").respond(200)
    assert (await noun.delete(client, "night-1")).name == "night"
    assert route.call_count == 1


async def test_a_delete_whose_answer_was_lost_finds_it_gone(
    client: QarnotClient, api: respx.MockRouter, noun: Noun
) -> None:
    noun.reads(api, noun.going_on)
    lost: list[httpx.Response | Exception] = [httpcore.ReadError("broken"), httpx.Response(404)]
    api.delete(f"/{noun.name}s/{UUID}").mock(side_effect=lost)
    assert (await noun.delete(client, "night-1")).uuid == UUID


async def test_a_delete_that_never_gets_an_answer_is_not_known(
    client: QarnotClient, api: respx.MockRouter, noun: Noun
) -> None:
    noun.reads(api, noun.going_on)
    api.delete(f"/{noun.name}s/{UUID}").respond(502)
    with pytest.raises(ServerFailed, match=f"Whether the {noun.name} was deleted is not known"):
        await noun.delete(client, "night-1")


async def test_a_delete_that_is_answered_with_a_page_is_made_sure_of(
    client: QarnotClient, api: respx.MockRouter, noun: Noun
) -> None:
    noun.reads(api, noun.going_on, noun.deleting)
    api.delete(f"/{noun.name}s/{UUID}").mock(return_value=PAGE)
    assert (await noun.delete(client, "night-1")).uuid == UUID


async def test_a_page_in_place_of_a_delete_is_no_success(
    client: QarnotClient, api: respx.MockRouter, noun: Noun
) -> None:
    noun.reads(api, noun.going_on, noun.going_on)
    api.delete(f"/{noun.name}s/{UUID}").mock(return_value=PAGE)
    with pytest.raises(UnreadableResponse, match=f"the {noun.name} is still there"):
        await noun.delete(client, "night-1")


async def test_an_id_that_could_reach_another_endpoint_is_never_sent(client: QarnotClient, noun: Noun) -> None:
    for change in (noun.stop, noun.delete):
        with pytest.raises(InvalidArgument, match=f"{noun.name}_uuid is .* give the UUID of a {noun.name} such as"):
            await change(client, "../tasks/x")
    assert client.requests == 0


async def test_a_job_is_deleted_with_its_tasks_where_that_is_asked(client: QarnotClient, api: respx.MockRouter) -> None:
    NOUNS[0].reads(api, "Active")
    api.delete(f"/jobs/{UUID}", params={"force": "true"}).respond(200)
    assert (await client.jobs.delete("night-1", with_tasks=True)).uuid == UUID


async def test_a_scaling_whose_answer_was_lost_is_not_known(client: QarnotClient, api: respx.MockRouter) -> None:
    api.put("/pools/night-1/scaling").respond(502)
    with pytest.raises(ServerFailed, match="Whether the pool was scaled is not known; it is safe to call again"):
        await client.pools.scale("night-1", {"policies": []})


async def test_a_page_in_place_of_a_scaling_is_no_success(client: QarnotClient, api: respx.MockRouter) -> None:
    api.put("/pools/night-1/scaling").mock(return_value=PAGE)
    with pytest.raises(UnreadableResponse, match="the response to the scaling was unexpected"):
        await client.pools.scale("night-1", {"policies": []})


async def test_a_quota_says_how_to_make_room(client: QarnotClient, api: respx.MockRouter, noun: Noun) -> None:
    api.post(f"/{noun.name}s").respond(403, json={"message": f"Maximum number of {noun.name}s reached"})
    with pytest.raises(QuotaReached, match=f"as many {noun.name}s as it may have. .* count until they are deleted"):
        await noun.create(client, New())


@dataclass(frozen=True)
class New:
    """The least that a new job or pool is."""

    name: str = "night"
    shortname: str | None = None

    def to_api(self) -> dict[str, Any]:
        """Return the body."""
        return {"name": self.name}
