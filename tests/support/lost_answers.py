"""Fault runs in which the answer of one request is lost while a tool creates something."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from fastmcp.client.client import CallToolResult

from tests.support.fault_runs import FaultRun, FaultWorker, play
from tests.support.running_server import text_of

WORKERS = 8
LIMITS: dict[str, Any] = {
    "connect_timeout_seconds": 1,
    "read_timeout_seconds": 0.4,
    "call_timeout_seconds": 1.2,
    "retry_seconds": 0.3,
}
LATE_SECONDS = 0.1
"""When what is created late can be seen."""
LOST: tuple[dict[str, Any], ...] = (
    {"kind": "disconnect", "when": "after"},
    {"kind": "status", "status": 502, "when": "after"},
    {"kind": "status", "status": 504, "when": "after", "late_seconds": LATE_SECONDS},
    {"kind": "cut"},
    {"kind": "not_json"},
    {"kind": "wrong_type"},
    {"kind": "slow", "seconds": 5},
    {"kind": "late", "seconds": LATE_SECONDS},
)


@dataclass
class LostAnswer(FaultRun):
    """A run, how an answer is lost in it, how often (0 is each time), and what came of it."""

    lost: dict[str, Any] = field(kw_only=True)
    count: int = field(kw_only=True)
    outcome: str = field(default="", kw_only=True)
    text: str = field(default="", kw_only=True)

    def is_named(self, one: dict[str, Any]) -> bool:
        """Return whether the answer names something by its UUID or its shortname."""
        return one["uuid"] in self.text or one["shortname"] in self.text


AnyLostAnswer = TypeVar("AnyLostAnswer", bound=LostAnswer)


def drawn(chance: random.Random) -> dict[str, Any]:
    """Draw how an answer is lost, and how often."""
    return {"lost": chance.choice(LOST), "count": chance.choice((1, 1, 1, 2, 0))}


async def call_and_lose(
    worker: FaultWorker, run: LostAnswer, match: dict[str, str], tool: str, arguments: dict[str, Any], earlier: int = 0
) -> CallToolResult:
    """Call a tool while the answer of one request is lost; return when all that comes late is there.

    `earlier` is how many requests like it pass before.
    """
    passing = [{"kind": "late", "seconds": 0, "count": earlier, "match": match}] if earlier else []
    for fault in (*passing, {**run.lost, "count": run.count, "match": match}):
        (await worker.api.post("/sandbox/faults", json=fault)).raise_for_status()
    async with worker.server.client(key=run.key) as client:
        result: CallToolResult = await client.call_tool(tool, arguments, raise_on_error=False)
    await worker.api.delete("/sandbox/faults")
    await asyncio.sleep(max(run.lost.get("late_seconds", 0), run.lost.get("seconds", 0) * (run.lost["kind"] == "late")))
    run.text = text_of(result)
    return result


async def listed(worker: FaultWorker, noun: str) -> list[dict[str, Any]]:
    """Return the tasks, jobs or pools of the account that are not being deleted."""
    found = (await worker.api.get(f"/v1/{noun}")).raise_for_status().json()
    return [one for one in found if one["state"] not in ("Deleting", "PendingDelete")]


async def play_lost_answers(
    planned: Callable[[int, int], AnyLostAnswer],
    go_through: Callable[[FaultWorker, AnyLostAnswer], Awaitable[None]],
    outcome: Callable[[AnyLostAnswer], str],
    **settings: Any,
) -> None:
    """Go through runs that `planned` draws from a seed of this time and the number of the run."""
    seed = random.SystemRandom().randrange(2**32)
    await play(partial(planned, seed), go_through, outcome, workers=WORKERS, speed=1, limits={**LIMITS, **settings})
