"""Following a task within one call: what is told while it waits, and after."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import httpx
import pytest

from tests.support.running_server import ERAS, Era, RunningServer, call, ended, running_server, submitted

BOOTING_SECONDS = 60
RUNNING_SECONDS = 300
ENDED_SECONDS = 3000
SLEEP = "sleep 1000"
TALK = "sh -c 'echo step one; sleep 1000'"


@dataclass
class Listener:
    """What a client hears while it waits; `heard` is set with the first of it."""

    told: list[tuple[float, float | None, str | None]] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, progress: float, total: float | None, message: str | None) -> None:
        self.told.append((progress, total, message))
        self.heard.set()


@pytest.fixture
async def server() -> AsyncIterator[RunningServer]:
    async with running_server(speed=1) as server:
        yield server


async def advance(server: RunningServer, seconds: float) -> None:
    async with httpx.AsyncClient(base_url=server.api_url) as http:
        await http.post("/sandbox/clock", json={"advance_seconds": seconds})


async def listened(era: Era) -> tuple[dict[str, Any], Listener]:
    """Return a task as a call gets it that waits for its end on a server of its own, and what was heard meanwhile."""
    listener = Listener()
    async with running_server(speed=1) as server, server.client(era, progress_handler=listener) as client:
        uuid = await submitted(client, TALK, instance_count=3)
        await advance(server, RUNNING_SECONDS)
        waiting = asyncio.create_task(call(client, "get_task", task_uuid=uuid, wait_seconds=100))
        await asyncio.wait_for(listener.heard.wait(), 10)
        await advance(server, ENDED_SECONDS)
        return await waiting, listener


async def test_a_client_of_either_era_that_listens_hears_where_the_task_stands_and_what_changed() -> None:
    for task, listener in await asyncio.gather(*(listened(era) for era in ERAS)):
        progress, total, message = listener.told[0]
        assert 0 < progress < 100
        told = [progress for progress, _, _ in listener.told]
        assert all(first < second for first, second in pairwise(told))
        assert total == 100
        assert message is not None
        assert re.fullmatch("FullyExecuting, 3 of 3 instances running: [0-2]> step one", message)
        assert task["state"] == "Success"
        assert [change.partition(": ")[2] for change in task["waited"]["changes"]] == [
            "FullyExecuting -> Success",
            "3 more instances succeeded",
        ]
        assert task["note"] == "wait_seconds was 100; one call waits at most 45 seconds."


async def test_nobody_is_told_where_nobody_listens(server: RunningServer) -> None:
    async with server.client() as client:
        uuid = await submitted(client, SLEEP)
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    modern = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "get_task"}
    for era, headers in (("auto", modern), ("legacy", {"MCP-Protocol-Version": "2025-11-25"})):
        params: dict[str, Any] = {"name": "get_task", "arguments": {"task_uuid": uuid, "wait_seconds": 0.1}}
        params |= {"_meta": meta} if era == "auto" else {}
        async with httpx.AsyncClient() as http:
            answer = await http.post(
                server.url,
                json={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params},
                headers={"Accept": "application/json, text/event-stream", "X-Api-Key": server.key, **headers},
            )
        data = [line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: ")]
        (message,) = [json.loads(part) for part in data or [answer.text]]
        assert message["result"]["structuredContent"]["waited"]["seconds"] >= 0.1


@pytest.mark.parametrize("era", ERAS)
async def test_a_wait_that_ends_before_the_task_says_that_booting_takes_its_time(
    server: RunningServer, era: Era
) -> None:
    async with server.client(era) as client:
        uuid = await submitted(client, SLEEP)
        await advance(server, BOOTING_SECONDS)
        task = await call(client, "get_task", task_uuid=uuid, wait_seconds=0.1)
        assert (await call(client, "get_task", task_uuid=uuid))["note"] == task["note"]
    assert task["state"] == "FullyDispatched"
    assert task["waited"]["changes"] == []
    assert "Booting takes two to three minutes" in task["note"]


async def test_a_task_that_has_ended_is_not_waited_for() -> None:
    async with running_server() as server, server.client() as client:
        uuid = await submitted(client)
        await ended(client, uuid)
        task = await call(client, "get_task", task_uuid=uuid, wait_seconds=45)
    assert "waited" not in task


async def test_without_wait_seconds_nothing_is_waited_for(server: RunningServer) -> None:
    async with server.client() as client:
        uuid = await submitted(client)
        task = await call(client, "get_task", task_uuid=uuid)
    assert "waited" not in task
    assert task["state"] == "Submitted"


async def test_a_look_that_fails_does_not_lose_the_wait(server: RunningServer) -> None:
    listener = Listener()
    async with server.client(progress_handler=listener) as client:
        uuid = await submitted(client, SLEEP)
        waiting = asyncio.create_task(call(client, "get_task", task_uuid=uuid, wait_seconds=2.2))
        await asyncio.wait_for(listener.heard.wait(), 10)
        async with httpx.AsyncClient(base_url=server.api_url) as http:
            fault = {"kind": "status", "status": 500, "count": 0, "match": {"method": "GET", "path": "/tasks/*"}}
            await http.post("/sandbox/faults", json=fault)
        task = await waiting
    assert task["uuid"] == uuid
    assert task["note"].startswith("Qarnot did not answer the last look")


async def test_the_longest_wait_is_a_setting_for_gateways_that_cut_sooner() -> None:
    async with running_server(max_wait_seconds=0) as server, server.client() as client:
        uuid = await submitted(client, "sleep 3600")
        task = await call(client, "get_task", task_uuid=uuid, wait_seconds=29)
    assert "one call waits at most 0 seconds" in task["note"]
