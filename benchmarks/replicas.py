"""`python -m benchmarks.replicas`: kill one of three replicas over and over under load, and count what became of calls.

    export PUBLISH_PORT=18200
    docker compose -f docker-compose.replicas.yml -f benchmarks/replicas.yml up -d --scale qarnot-mcp=3

A caller repeats nothing. What counts: calls without a result that were not in flight at a kill, answered submits whose
task is missing, and names with two tasks; each has to be 0.
"""

import argparse
import asyncio
import os
import shlex
import sys
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field

import httpx

from benchmarks.requests import META, MODERN_VERSION

CALLERS = 6
PAUSE_SECONDS = 0.1
CALLS_BY_KEY = 80
"""Half of them submit: an account of the sandbox has at most 100 tasks."""
DOWN_SECONDS, UP_SECONDS = 2.5, 2.0
# Waits until the replica answers.
HEALTH = """
import time, urllib.request
for _ in range(200):
    try:
        urllib.request.urlopen("http://127.0.0.1:8000/health", timeout=4)
        break
    except OSError:
        time.sleep(0.2)
"""
REPLICA = "qarnot-mcp-replicas-qarnot-mcp-{number}"
DOCKER = shlex.split(os.environ.get("DOCKER", "docker"))


@dataclass
class Load:
    """What the callers sent, and what became of it."""

    origin: str
    run: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    is_over: bool = False
    outcomes: Counter[str] = field(default_factory=Counter)
    submitted: set[tuple[str, str]] = field(default_factory=set)
    without_result: list[tuple[float, float]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)

    async def call(self, http: httpx.AsyncClient, key: str, tool: str, arguments: dict[str, object]) -> bool:
        """Make one call and count it; return whether it had a result."""
        headers = {
            "Authorization": f"Bearer {key}",
            "Accept": "application/json",
            "MCP-Protocol-Version": MODERN_VERSION,
            "Mcp-Method": "tools/call",
            "Mcp-Name": tool,
        }
        params = {"name": tool, "arguments": arguments, "_meta": META}
        began = time.monotonic()
        try:
            response = await http.post(
                f"{self.origin}/mcp",
                headers=headers,
                json={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params},
            )
            is_result = response.status_code == 200 and not response.json().get("result", {"isError": 1}).get("isError")
            outcome = "ok" if is_result else f"status {response.status_code}"
        except httpx.HTTPError as error:
            is_result, outcome = False, type(error).__name__
        self.outcomes[f"{tool} {outcome}"] += 1
        if not is_result:
            self.without_result.append((began, time.monotonic()))
        return is_result

    async def caller(self, number: int) -> None:
        """Submit and read in turn until the load is over."""
        async with httpx.AsyncClient(timeout=60) as http:
            count = 0
            while not self.is_over:
                key = f"sandbox-{self.run}-{number}-{count // CALLS_BY_KEY}"
                name = f"{number}-{count}"
                self.keys.add(key)
                if count % 2 == 0:
                    arguments: dict[str, object] = {"name": name, "profile": "docker-batch"}
                    arguments["constants"] = {"DOCKER_CMD": "true"}
                    if await self.call(http, key, "submit_task", arguments):
                        self.submitted.add((key, name))
                else:
                    await self.call(http, key, "get_profile", {"profile_name": "docker-batch"})
                count += 1
                await asyncio.sleep(PAUSE_SECONDS)

    async def kill(self, times: int) -> list[tuple[float, float]]:
        """Kill the replicas in turn and start each again; return when each kill began and ended."""
        kills = []
        for turn in range(times):
            replica = REPLICA.format(number=turn % 3 + 1)
            await asyncio.sleep(UP_SECONDS)
            began = time.monotonic()
            await docker("kill", replica)
            kills.append((began, time.monotonic()))
            await asyncio.sleep(DOWN_SECONDS)
            await docker("start", replica)
            await docker("exec", replica, "python", "-c", HEALTH)
        await asyncio.sleep(UP_SECONDS)
        self.is_over = True
        return kills


async def docker(*arguments: str) -> int:
    """Run a docker command and return its status."""
    nowhere = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*DOCKER, *arguments, stdout=nowhere, stderr=nowhere)
    return await process.wait()


async def names_of(http: httpx.AsyncClient, key: str) -> Counter[str]:
    """Return how many tasks of each name an account has, as the API itself tells."""
    names: Counter[str] = Counter()
    token = None
    while True:
        body = {"token": token, "maximumResults": 50}
        response = await http.post("/v1/tasks/summaries/paginate", headers={"Authorization": key}, json=body)
        page = response.raise_for_status().json()
        names.update(task["name"] for task in page["data"])
        token = page.get("nextToken")
        if not token:
            return names


async def measure(origin: str, api_url: str, kills: int) -> int:
    """Print the figures; return 0 where nothing was lost but calls in flight."""
    load = Load(origin)
    calling = [asyncio.create_task(load.caller(number)) for number in range(CALLERS)]
    times = await load.kill(kills)
    await asyncio.gather(*calling)
    missing = doubled = 0
    async with httpx.AsyncClient(base_url=api_url, timeout=60) as http:
        for key in load.keys:
            names = await names_of(http, key)
            missing += sum(names[name] == 0 for owner, name in load.submitted if owner == key)
            doubled += sum(count > 1 for name, count in names.items() if name.partition("-")[0].isdigit())
    # A connection is cut a moment after the command that kills has begun.
    in_flight = sum(
        any(began <= end + 0.5 and ended >= start for start, end in times) for began, ended in load.without_result
    )
    lost = len(load.without_result) - in_flight
    print(f"{len(times)} kills, {load.outcomes.total()} calls: {dict(load.outcomes)}")
    print(f"in flight at a kill, without result: {in_flight}; other calls without result: {lost}")
    print(f"answered submits whose task is missing: {missing}; names with two tasks: {doubled}")
    return int(bool(lost or missing or doubled))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replicas")
    parser.add_argument("--origin", default="http://localhost:18200", help="where nginx listens (%(default)s)")
    parser.add_argument("--api-url", default="http://localhost:18900", help="where the sandbox does (%(default)s)")
    parser.add_argument("--kills", type=int, default=10, help="how often a replica is killed (%(default)s)")
    options = parser.parse_args()
    sys.exit(asyncio.run(measure(options.origin, options.api_url, options.kills)))
