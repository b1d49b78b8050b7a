"""A lost answer at each request of create_pool: no pool is doubled, and none is left open that is not named."""

import random
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.fault_runs import FaultWorker
from tests.support.lost_answers import LostAnswer, call_and_lose, drawn, listed, play_lost_answers

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
class Run(LostAnswer):
    """One pool, whether the caller chose its shortname, and the request whose answer is lost."""

    shortname: str | None
    request: dict[str, str]


def planned(seed: int, number: int) -> Run:
    """Draw a run: each request meets each kind of loss."""
    chance = random.Random(f"{seed}-{number}")
    shortname = chance.choice((None, None, "mine"))
    request = REQUESTS[number % len(REQUESTS)]
    return Run(f"seed {seed}, run {number}", shortname, request, **drawn(chance))


async def go_through(worker: FaultWorker, run: Run) -> None:
    """Create a pool, with one answer lost, and look at what there is then."""
    arguments: dict[str, Any] = {"name": "kept", "profile": "docker-batch", "slots": 2}
    if run.shortname is not None:
        arguments["shortname"] = run.shortname
    result = await call_and_lose(worker, run, run.request, "create_pool", arguments)
    pools = await listed(worker, "pools")
    run.expect(len(pools) <= 1, f"{len(pools)} pools were created")
    if result.is_error:
        run.outcome = "named" if pools else "refused"
        for pool in pools:
            run.expect(run.is_named(pool), f"not named: {pool['shortname']}")
        is_told = run.text.startswith(("Nothing was started", "It is not known whether the pool was started"))
        run.expect(is_told, f"it does not say what became of the pool: {run.text[:80]}")
    else:
        run.outcome = "created"
        told = result.structured_content or {}
        run.expect([pool["uuid"] for pool in pools] == [told["uuid"]], "the pool that was told of is not there")


@pytest.mark.e2e
@pytest.mark.timeout(1800)
async def test_a_lost_answer_doubles_no_pool_and_leaves_none_unnamed() -> None:
    await play_lost_answers(
        planned,
        go_through,
        lambda run: f"{run.lost['kind']} at {run.request['path']}: {run.outcome}",
        toolsets="pools",
    )
