"""Every tool against every fault of the API, at every point of the exchange, through the real server.

`FAULT_RUNS` says how many runs a test makes. A run that goes wrong shows its seed and number, which repeat
it.
"""

import asyncio
import random
import re
import socket
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
import pytest

from qarnot_mcp.web.app import create_app
from tests.support.fault_runs import FaultRun, FaultWorker, play
from tests.support.running_server import ERAS, Era, RunningServer, refusal, running_server, settings_for, text_of
from tests.support.serving import serve

WORKERS = 16
LIMITS: dict[str, Any] = {
    "connect_timeout_seconds": 1,
    "read_timeout_seconds": 0.8,
    "call_timeout_seconds": 2.4,
    "retry_seconds": 0.6,
    "max_log_bytes": 65536,
}
# Far more than any call needs: a call that hangs fails here. How long one may take, the tests of the transport show.
CALL_ENDS_SECONDS = 60
TOOLS = (
    "list_tasks",
    "get_task",
    "get_task_logs",
    "submit_task",
    "submit_task",
    "abort_task",
    "delete_task",
    "list_profiles",
    "get_profile",
)
PLACES: tuple[dict[str, str], ...] = (
    {},
    {"method": "GET"},
    {"method": "POST"},
    {"method": "GET", "path": "/tasks/*"},
    {"method": "POST", "path": "/tasks/*"},
    {"method": "DELETE", "path": "/tasks/*"},
    {"method": "POST", "path": "/tasks"},
    {"method": "POST", "path": "/tasks"},
)
NOT_OURS = re.compile(r"traceback|pydantic|httpx|validation error|a defect of this server", re.IGNORECASE)
LONG = "sleep 1000000000"


@dataclass
class Run(FaultRun):
    """One call of a tool, what is to go wrong with it, and what came of it."""

    tool: str
    faults: list[dict[str, Any]]
    shortname: str | None
    era: Any
    text: str = ""
    is_error: bool = False
    structure: dict[str, Any] = field(default_factory=dict)


def planned(seed: int, number: int) -> Run:
    """Draw a run; the same seed and number always draw the same."""
    chance = random.Random(f"{seed}-{number}")
    faults = [fault(chance) for _ in range(chance.choice((1, 1, 2, 3)))]
    shortname = f"mine-{number}" if chance.random() < 0.5 else None
    return Run(f"seed {seed}, run {number}", chance.choice(TOOLS), faults, shortname, chance.choice(("auto", "legacy")))


def fault(chance: random.Random) -> dict[str, Any]:
    kind = chance.choice(
        ("status",) * 6 + ("disconnect",) * 3 + ("slow", "cut", "not_json", "wrong_type", "late", "endless")
    )
    drawn: dict[str, Any] = {"kind": kind, "count": chance.choice((1, 1, 1, 2, 3, 0)), "match": chance.choice(PLACES)}
    if kind != "late":
        drawn["when"] = chance.choice(("before", "after"))
    if kind == "status":
        drawn["status"] = chance.choice((429, 500, 502, 503, 504))
        drawn["retry_after"] = chance.choice((None, None, "0", "0.2", "30", "Wed, 21 Oct 2099 07:28:00 GMT"))
        if drawn["status"] == 429:
            drawn["when"] = "before"  # that is what a 429 says
    if kind == "slow":
        drawn["when"] = "after"  # before, it would be an answer without the work
        drawn["seconds"] = chance.choice((0.05, 0.5, 3, 20))
    if kind == "late" or (drawn.get("when") == "after" and chance.random() < 0.2):
        drawn["late_seconds"] = chance.uniform(0.02, 0.12)
    return drawn


async def go_through(worker: FaultWorker, run: Run) -> None:
    """Call a tool with its faults, and judge what it says by what was done."""
    uuid = await prepared(worker)
    for drawn in run.faults:
        (await worker.api.post("/sandbox/faults", json=drawn)).raise_for_status()
    await worker.api.delete("/sandbox/journal")
    async with worker.server.client(run.era, run.key) as client:
        try:
            async with asyncio.timeout(CALL_ENDS_SECONDS):
                result = await client.call_tool(run.tool, arguments_of(run, uuid), raise_on_error=False)
        finally:
            await worker.api.delete("/sandbox/faults")
        run.text, run.is_error = text_of(result), bool(result.is_error)
        run.structure = result.structured_content or {}
        after = await client.call_tool("list_profiles", raise_on_error=False)
        run.expect(not after.is_error, f"the next call failed: {text_of(after)}")
    await judge(worker, run, uuid)


async def prepared(worker: FaultWorker) -> str:
    """Start the task that most tools are called with, unharmed."""
    constants = [{"key": "DOCKER_CMD", "value": LONG}]
    body = {"name": "prepared", "profile": "docker-batch", "instanceCount": 2, "constants": constants}
    answer = await worker.api.post("/v1/tasks", json=body)
    return str(answer.raise_for_status().json()["uuid"])


async def judge(worker: FaultWorker, run: Run, uuid: str) -> None:
    journal = (await worker.api.get("/sandbox/journal")).json()["requests"]
    done = [(entry["method"], entry["path"]) for entry in journal if entry["status"] == 200]
    created = done.count(("POST", "/tasks"))
    aborted = any(path.endswith("/abort") for _, path in done)
    deleted = any(method == "DELETE" for method, _ in done)
    is_open = "not known" in run.text
    run.expect(not NOT_OURS.search(run.text) or not run.is_error, "the error is not one of ours")
    match run.tool:
        case "submit_task":
            run.expect(created <= 1, f"{created} tasks were started")
            run.expect(run.is_error or created == 1, "the task that was told of does not exist")
            run.expect(not run.is_error or is_open or created == 0, "a task was started and lost")
            if not run.is_error:
                run.expect(await is_there(worker, run.structure["uuid"]), "the task that was told of is not there")
        case "abort_task":
            told = not run.is_error or "only its new state could not be read" in run.text
            run.expect(not told or aborted, "the task that was told as aborted was not")
            run.expect(told or is_open or not aborted, "an abort is not told")
        case "delete_task":
            run.expect(run.is_error or deleted, "the task that was told as deleted was not")
            run.expect(not run.is_error or is_open or not deleted, "a delete is not told")
        case "get_task" | "get_task_logs" if not run.is_error:
            shown = run.structure.get("uuid") or run.structure.get("task_uuid")
            run.expect(shown == uuid, "another task was told")
        case "list_tasks" if not run.is_error:
            run.expect([task["uuid"] for task in run.structure["tasks"]] == [uuid], "other tasks were told")


async def is_there(worker: FaultWorker, uuid: str) -> bool:
    """Whether there is such a task, now or as soon as a late one shows."""
    for _ in range(50):
        if (await worker.api.get(f"/v1/tasks/{uuid}")).status_code == 200:
            return True
        await asyncio.sleep(0.01)
    return False


def arguments_of(run: Run, uuid: str) -> dict[str, Any]:
    match run.tool:
        case "list_tasks" | "list_profiles":
            return {}
        case "get_profile":
            return {"profile_name": "docker-batch"}
        case "submit_task":
            constants = [{"key": "DOCKER_CMD", "value": LONG}]
            arguments: dict[str, Any] = {"name": "fault run", "profile": "docker-batch", "constants": constants}
            return arguments | ({"shortname": run.shortname} if run.shortname else {})
        case _:
            return {"task_uuid": uuid}


@pytest.mark.e2e
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [1, None], ids=["fixed-seed", "random-seed"])
async def test_no_fault_loses_or_doubles_a_task_or_stops_the_server(seed: int | None) -> None:
    seed = random.SystemRandom().randrange(2**32) if seed is None else seed
    await play(
        partial(planned, seed),
        go_through,
        lambda run: f"{run.tool} {'failed' if run.is_error else 'succeeded'}",
        workers=WORKERS,
        speed=1000,
        limits=LIMITS,
    )


@pytest.mark.parametrize("tool", sorted(set(TOOLS)))
async def test_an_api_that_refuses_connections_is_told_and_starts_nothing(tool: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    app = create_app(settings_for(f"http://127.0.0.1:{port}", **LIMITS))
    async with serve(app) as url, RunningServer(url, "", "sandbox-key").client() as client:
        run = Run("refused", tool, [], None, "auto")
        result = await client.call_tool(tool, arguments_of(run, "hello-1"), raise_on_error=False)
    assert result.is_error
    assert "cannot be reached" in text_of(result)
    assert ("Nothing was started" in text_of(result)) is (tool == "submit_task")
    assert not NOT_OURS.search(text_of(result))


@pytest.mark.parametrize("era", ERAS)
async def test_a_task_that_shows_after_the_look_up_is_not_doubled_by_another_submit(era: Era) -> None:
    async with (
        running_server(**LIMITS) as server,
        httpx.AsyncClient(base_url=server.api_url) as api,
        server.client(era) as client,
    ):
        lost = {"kind": "status", "status": 504, "when": "after", "late_seconds": 600}
        (await api.post("/sandbox/faults", json=lost | {"match": {"path": "/tasks"}})).raise_for_status()
        run = Run("late", "submit_task", [], None, era)
        first = await refusal(client, "submit_task", **arguments_of(run, ""))
        named = re.search(r"shortname='([a-z0-9-]+)'", first)
        assert named, first
        run.shortname = named[1]
        again = await refusal(client, "submit_task", **arguments_of(run, ""))
        assert f"{run.shortname}" in again
        assert "already" in again
        journal = (await api.get("/sandbox/journal")).json()["requests"]
    worked = [entry["status"] for entry in journal if (entry["method"], entry["path"]) == ("POST", "/tasks")]
    assert worked.count(200) == 1, worked
