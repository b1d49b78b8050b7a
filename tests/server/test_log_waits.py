"""Following a log within one call: get_task_logs with wait_seconds."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import httpx
import pytest

from tests.support.running_server import ERAS, Era, RunningServer, call, running_server, submitted

RUNNING_SECONDS = 300
TALK = "sh -c 'echo epoch 1; sleep 1000; echo epoch 2; echo oh dear >&2; sleep 1000'"
SHORT_TALK = "sh -c 'echo epoch 1; sleep 600'"


@dataclass
class Listener:
    """What a client hears while it waits; `heard` is set with the first of it."""

    told: list[tuple[float, str | None]] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, progress: float, total: float | None, message: str | None) -> None:
        self.told.append((progress, message))
        self.heard.set()


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[RunningServer]:
    async with running_server(speed=1) as server:
        yield server


async def advance(server: RunningServer, seconds: float) -> None:
    async with httpx.AsyncClient(base_url=server.api_url) as http:
        (await http.post("/sandbox/clock", json={"advance_seconds": seconds})).raise_for_status()


async def followed(
    server: RunningServer, listener: Listener, arguments: Mapping[str, Any], era: Era = "auto"
) -> dict[str, Any]:
    async with server.client(era, progress_handler=listener) as client:
        return await call(client, "get_task_logs", wait_seconds=45, **arguments)


@dataclass(frozen=True)
class Following:
    """A call that waits: the task it waits for, what its client hears, and the log it gets in the end."""

    uuid: str
    listener: Listener
    log: asyncio.Task[dict[str, Any]]


@pytest.fixture(scope="module")
async def waits(server: RunningServer) -> AsyncIterator[dict[str, Following]]:
    """Every wait of this module by its name: all begin before time passes, so that their pauses are over together."""
    async with server.client() as client:
        running, ending = await submitted(client, TALK), await submitted(client, SHORT_TALK)
        await advance(server, RUNNING_SECONDS)
        silent = await submitted(client, TALK)
        cursor = (await call(client, "get_task_logs", task_uuid=running))["cursor"]
        cursor_of_both = (await call(client, "get_task_logs", task_uuid=running, log_type="both"))["cursor"]
    asked: dict[str, dict[str, Any]] = {
        **{f"search {era}": {"task_uuid": running, "search": "epoch 2"} for era in ERAS},
        "cursor": {"task_uuid": running, "cursor": cursor},
        "cursor of both": {"task_uuid": running, "cursor": cursor_of_both, "log_type": "both"},
        "alone": {"task_uuid": silent},
        "no match": {"task_uuid": ending, "search": "epoch 9"},
    }
    waits = dict[str, Following]()
    for name, arguments in asked.items():
        listener = Listener()
        log = followed(server, listener, arguments, "legacy" if name.endswith("legacy") else "auto")
        waits[name] = Following(arguments["task_uuid"], listener, asyncio.create_task(log))
    try:
        await asyncio.wait_for(asyncio.gather(*(wait.listener.heard.wait() for wait in waits.values())), 10)
        await advance(server, 1000)
        yield waits
    finally:
        await asyncio.gather(*(wait.log for wait in waits.values()), return_exceptions=True)


@pytest.mark.parametrize("era", ERAS)
async def test_wait_seconds_with_search_returns_at_the_first_match(waits: dict[str, Following], era: Era) -> None:
    log, told = await waits[f"search {era}"].log, waits[f"search {era}"].listener.told
    assert (log["text"].split("> ")[-1], log["matches"], log["state"]) == ("epoch 2", 1, "FullyExecuting")
    assert 1 <= log["waited_seconds"] < 30
    assert told[0][1] == "FullyExecuting, no match in 1 lines so far"
    assert all(first[0] < second[0] for first, second in pairwise(told))


async def test_wait_seconds_with_cursor_returns_at_the_first_new_line(waits: dict[str, Following]) -> None:
    log = await waits["cursor"].log
    assert log["text"].endswith("> epoch 2")
    assert (log["first_line"], log["state"]) == (2, "FullyExecuting")


async def test_wait_seconds_with_a_cursor_of_both_logs_returns_at_the_first_new_line_of_either(
    waits: dict[str, Following],
) -> None:
    log = await waits["cursor of both"].log
    assert log["text"].split("\n") == [" 0> epoch 2", " 0 stderr> oh dear"]


async def test_wait_seconds_alone_returns_at_the_first_output(waits: dict[str, Following]) -> None:
    log = await waits["alone"].log
    assert log["text"].endswith("> epoch 1")


async def test_a_wait_without_a_match_ends_with_the_task_and_its_cursor_goes_on(
    server: RunningServer, waits: dict[str, Following]
) -> None:
    log = await waits["no match"].log
    assert (log["text"], log["matches"], log["state"]) == ("", 0, "Success")
    async with server.client() as client:
        after = await call(
            client, "get_task_logs", task_uuid=waits["no match"].uuid, search="epoch", cursor=log["cursor"]
        )
    assert (after["matches"], after["left_out"].partition(".")[0]) == (0, "No line after the cursor matches")


async def test_a_wait_for_what_is_there_already_returns_at_once(server: RunningServer) -> None:
    async with server.client() as client:
        running = await submitted(client, TALK)
        await advance(server, RUNNING_SECONDS)
        log = await call(client, "get_task_logs", task_uuid=running, search="epoch", wait_seconds=100)
    assert (log["matches"], log["waited_seconds"]) == (1, 0)
    assert log["hint"] == "wait_seconds was 100; one call waits at most 45 seconds."
