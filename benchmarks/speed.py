"""Speed: calls per second and latencies, ours beside the floor and the direct call, all in turns."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.answers import task_id
from benchmarks.load import Callers, Load
from benchmarks.parties import all_parties
from benchmarks.process import Process
from benchmarks.report import Table, milliseconds
from benchmarks.requests import ERAS, api_request, tool_call

CALLERS = (1, 16, 128)
ROUNDS = 4
WARM_UP_CALLS = 200
SERVERS = ("floor", "cured", "ours")
PARTIES = (*SERVERS, "direct")

NOTE = (
    "Calls per second, and the median and 99th percentile of a call in milliseconds. `floor` is the barest FastMCP "
    "server with one shared httpx client; `cured` is the floor without the hidden `tools/list` of the modern era; "
    "`direct` is the same requests sent straight to the upstream. Ratios are medians over the rounds: above 1 ours is "
    "faster. CPU is what the server's process used for a call, in milliseconds; it says the same on a busy machine."
)
COLUMNS = (
    "era, tool, callers",
    *(f"{party} calls/s" for party in PARTIES),
    "ours / floor",
    "ours / cured",
    *(f"{party} CPU" for party in SERVERS),
    *(f"{party} p50" for party in PARTIES),
    *(f"{party} p99" for party in PARTIES),
)


@dataclass(frozen=True)
class Case:
    """A call as each party takes it."""

    tool: str
    arguments: dict[str, object]
    direct: Sequence[bytes]
    """The requests that the tool sends to the API."""


@dataclass
class Turns:
    """What one party did in all rounds."""

    loads: list[Load] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    """What the process used for a call, in each round."""

    @property
    def calls_per_second(self) -> float:
        """The median of the rounds."""
        return statistics.median(load.calls_per_second for load in self.loads)

    @property
    def cpu(self) -> float:
        """The median of the seconds that the process used for a call."""
        return statistics.median(self.cpu_seconds)

    def percentile(self, share: float) -> float:
        """Return the latency in seconds that this share of all calls stayed below."""
        latencies = sorted(latency for load in self.loads for latency in load.latencies)
        return latencies[max(0, math.ceil(share * len(latencies)) - 1)]

    def ratio(self, other: "Turns") -> float:
        """Compare with another party, round by round."""
        pairs = zip(self.loads, other.loads, strict=True)
        return statistics.median(ours.calls_per_second / its.calls_per_second for ours, its in pairs)


def cases() -> list[Case]:
    """Return what is called."""

    def page(start: int) -> bytes:
        token = f"{start:024x}" if start else None
        asked = {"filter": None, "token": token, "maximumResults": 50, "orderBy": "creationDate", "orderType": "DESC"}
        return api_request("POST", "/v1/tasks/summaries/paginate", asked)

    uuid = task_id(10)
    return [
        Case("get_profile", {"profile_name": "docker-batch"}, [api_request("GET", "/v1/profiles/docker-batch")]),
        Case("list_tasks", {"limit": 100}, [page(0), page(50)]),
        Case("get_task", {"task_uuid": uuid}, [api_request("GET", f"/v1/tasks/{uuid}")]),
    ]


async def measure(seconds: float) -> list[Table]:
    """Measure every case in both eras with 1, 16 and 128 callers; `seconds` is one turn of one party."""
    table = Table("Speed", NOTE, COLUMNS)
    async with all_parties() as parties:
        processes = {
            "floor": parties.floor,
            "cured": parties.cured,
            "ours": parties.ours,
            "direct": parties.upstream,
        }
        for era in ERAS:
            for case in cases():
                call = [tool_call(era, case.tool, case.arguments)]
                requests: dict[str, Sequence[bytes]] = dict.fromkeys(SERVERS, call) | {"direct": case.direct}
                for callers in CALLERS:
                    turns = await take_turns(processes, requests, callers, seconds)
                    table.rows.append(row(f"{era}, {case.tool}, {callers}", turns))
    return [table]


async def take_turns(
    processes: Mapping[str, Process], requests: Mapping[str, Sequence[bytes]], callers: int, seconds: float
) -> dict[str, Turns]:
    """Let the parties work in turns, every second round in the opposite order; `requests` are those of one call."""
    parties = tuple(requests)
    turns = {party: Turns() for party in parties}
    for round_number in range(ROUNDS):
        for party in parties if round_number % 2 == 0 else reversed(parties):
            process = processes[party]
            group = await Callers.of(process.port, callers)
            try:
                if round_number == 0:
                    await group.call(requests[party], calls=WARM_UP_CALLS)
                used = process.cpu_seconds
                load = await group.call(requests[party], seconds=seconds)
                turns[party].loads.append(load)
                turns[party].cpu_seconds.append((process.cpu_seconds - used) / len(load.latencies))
            finally:
                group.close()
    return turns


def row(name: str, turns: dict[str, Turns]) -> list[str]:
    """Write one case."""
    return [
        name,
        *(f"{turns[party].calls_per_second:.0f}" for party in PARTIES),
        f"{turns['ours'].ratio(turns['floor']):.2f}",
        f"{turns['ours'].ratio(turns['cured']):.2f}",
        *(milliseconds(turns[party].cpu) for party in SERVERS),
        *(milliseconds(turns[party].percentile(0.5)) for party in PARTIES),
        *(milliseconds(turns[party].percentile(0.99)) for party in PARTIES),
    ]
