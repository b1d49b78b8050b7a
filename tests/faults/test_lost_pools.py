"""A lost answer at each request of create_pool: no pool is doubled, and none is left open that is not named."""

import asyncio
import random
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from tests.faults.test_lost_reruns import LIMITS, LOST, WORKERS, listed
from tests.support.fault_runs import FaultRun, FaultWorker, play
from tests.support.running_server import text_of

REQUESTS = (
    {"method": "POST", "path": "/pools"},
    {"method": "POST", "path": "/pools"},
    {"method": "GET", "path": "/pools/*"},
    # What is lost cannot be looked up either.
    {"path": "/pools*"},
    {"path": "/info"},
    {"path": "/profiles/*"},
)


@dataclass
class Run(FaultRun):
    """One pool, whether the caller chose its shortname, the request whose answer is lost, and what came of it."""

    shortname: str | None
    request: dict[str, str]
    lost: dict[str, Any]
    count: int
    outcome: str = ""
    text: str = ""


def planned(seed: int, number: int) -> Run:
    """Draw a run: each request meets each kind of loss."""
    chance = random.Random(f"{seed}-{number}")
    shortname = chance.choice((None, None, "mine"))
    request = REQUESTS[number % len(REQUESTS)]
    return Run(f"seed {seed}, run {number}", shortname, request, chance.choice(LOST), chance.choice((1, 1, 1, 2, 0)))


async def go_through(worker: FaultWorker, run: Run) -> None:
    """Create a pool, with one answer lost, and look at what there is then."""
    fault = {**run.lost, "count": run.count, "match": run.request}
    (await worker.api.post("/sandbox/faults", json=fault)).raise_for_status()
    arguments: dict[str, Any] = {"name": "kept", "profile": "docker-batch", "slots": 2}
    if run.shortname is not None:
        arguments["shortname"] = run.shortname
    async with worker.server.client(key=run.key) as client:
        result = await client.call_tool("create_pool", arguments, raise_on_error=False)
    await worker.api.delete("/sandbox/faults")
    await asyncio.sleep(max(run.lost.get("late_seconds", 0), run.lost.get("seconds", 0) * (run.lost["kind"] == "late")))
    run.text = text_of(result)
    pools = await listed(worker, "pools")
    run.expect(len(pools) <= 1, f"{len(pools)} pools were created")
    if result.is_error:
        run.outcome = "named" if pools else "refused"
        for pool in pools:
            run.expect(pool["uuid"] in run.text or pool["shortname"] in run.text, f"not named: {pool['shortname']}")
        is_told = run.text.startswith(("Nothing was started", "It is not known whether the pool was started"))
        run.expect(is_told, f"it does not say what became of the pool: {run.text[:80]}")
    else:
        run.outcome = "created"
        told = result.structured_content or {}
        run.expect([pool["uuid"] for pool in pools] == [told["uuid"]], "the pool that was told of is not there")


@pytest.mark.e2e
@pytest.mark.timeout(1800)
async def test_a_lost_answer_doubles_no_pool_and_leaves_none_unnamed() -> None:
    seed = random.SystemRandom().randrange(2**32)
    await play(
        partial(planned, seed),
        go_through,
        lambda run: f"{run.lost['kind']} at {run.request['path']}: {run.outcome}",
        workers=WORKERS,
        speed=1,
        limits={**LIMITS, "toolsets": "pools"},
    )
