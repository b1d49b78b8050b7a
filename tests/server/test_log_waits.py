"""Following a log within one call: get_task_logs with wait_seconds."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.support.running_server import ERAS, Era, RunningServer, call, running_server, submitted

pytestmark = pytest.mark.asyncio(loop_scope="module")

RUNNING_SECONDS = 300
TALK = "sh -c 'echo epoch 1; sleep 1000; echo epoch 2; echo oh dear >&2; sleep 1000'"


@dataclass
class Listener:
    """What a client hears while it waits; `heard` is set with the first of it."""

    told: list[tuple[float, str | None]] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, progress: float, total: float | None, message: str | None) -> None:
        self.told.append((progress, message))
        self.heard.set()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[RunningServer]:
    async with running_server(speed=1) as server:
        yield server


async def advance(server: RunningServer, seconds: float) -> None:
    async with httpx.AsyncClient(base_url=server.api_url) as http:
        (await http.post("/sandbox/clock", json={"advance_seconds": seconds})).raise_for_status()


async def waited_for(
    server: RunningServer, advance_seconds: float, arguments: Mapping[str, Any], era: Era = "auto"
) -> tuple[dict[str, Any], Listener]:
    """Return the log as a call gets it that begins to wait before time passes, and what was heard meanwhile."""
    listener = Listener()
    async with server.client(era, progress_handler=listener) as client:
        waiting = asyncio.create_task(call(client, "get_task_logs", wait_seconds=45, **arguments))
        await asyncio.wait_for(listener.heard.wait(), 10)
        await advance(server, advance_seconds)
        return await waiting, listener


@pytest_asyncio.fixture(loop_scope="module")
async def running(server: RunningServer) -> str:
    """A task that has printed its first line."""
    async with server.client() as client:
        uuid = await submitted(client, TALK)
        await advance(server, RUNNING_SECONDS)
        return uuid


@pytest.mark.parametrize("era", ERAS)
async def test_wait_seconds_with_search_returns_at_the_first_match(
    server: RunningServer, running: str, era: Era
) -> None:
    log, listener = await waited_for(server, 1000, {"task_uuid": running, "search": "epoch 2"}, era)
    assert (log["text"].split("> ")[-1], log["matches"], log["state"]) == ("epoch 2", 1, "FullyExecuting")
    assert 1 <= log["waited_seconds"] < 30
    assert listener.told[0][1] == "FullyExecuting, no match in 1 lines so far"
    assert all(first[0] < second[0] for first, second in pairwise(listener.told))


async def test_wait_seconds_with_cursor_returns_at_the_first_new_line(server: RunningServer, running: str) -> None:
    async with server.client() as client:
        cursor = (await call(client, "get_task_logs", task_uuid=running))["cursor"]
    log, _ = await waited_for(server, 1000, {"task_uuid": running, "cursor": cursor})
    assert log["text"].endswith("> epoch 2")
    assert (log["first_line"], log["state"]) == (2, "FullyExecuting")


async def test_wait_seconds_with_a_cursor_of_both_logs_returns_at_the_first_new_line_of_either(
    server: RunningServer, running: str
) -> None:
    async with server.client() as client:
        cursor = (await call(client, "get_task_logs", task_uuid=running, log_type="both"))["cursor"]
    log, _ = await waited_for(server, 1000, {"task_uuid": running, "cursor": cursor, "log_type": "both"})
    assert log["text"].split("\n") == [" 0> epoch 2", " 0 stderr> oh dear"]


async def test_wait_seconds_alone_returns_at_the_first_output(server: RunningServer) -> None:
    async with server.client() as client:
        uuid = await submitted(client, TALK)
    log, _ = await waited_for(server, RUNNING_SECONDS, {"task_uuid": uuid})
    assert log["text"].endswith("> epoch 1")


async def test_a_wait_without_a_match_ends_with_the_task_and_its_cursor_goes_on(
    server: RunningServer, running: str
) -> None:
    log, _ = await waited_for(server, 10_000, {"task_uuid": running, "search": "epoch 9"})
    assert (log["text"], log["matches"], log["state"]) == ("", 0, "Success")
    async with server.client() as client:
        after = await call(client, "get_task_logs", task_uuid=running, search="epoch", cursor=log["cursor"])
    assert (after["matches"], after["left_out"].partition(".")[0]) == (0, "No line after the cursor matches")


async def test_a_wait_for_what_is_there_already_returns_at_once(server: RunningServer, running: str) -> None:
    async with server.client() as client:
        log = await call(client, "get_task_logs", task_uuid=running, search="epoch", wait_seconds=100)
    assert (log["matches"], log["waited_seconds"]) == (1, 0)
    assert log["hint"] == "wait_seconds was 100; one call waits at most 45 seconds."
