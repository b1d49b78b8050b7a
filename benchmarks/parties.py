"""The parties that are compared: the upstream, the floor with and without the hidden list, and our server."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from benchmarks.answers import TASKS
from benchmarks.process import KEY, ROOT, Process, running
from benchmarks.requests import api_request, mcp_request

LIST_TOOLS = mcp_request("modern", "tools/list", {})
ALL_SETS = {"QARNOT_MCP_TOOLSETS": "all"}
LOG_BYTES = 100 * 1000 * 1000


@dataclass(frozen=True)
class Parties:
    """All of them, running at the same time; a server that is not called takes no time."""

    upstream: Process
    floor: Process
    cured: Process
    ours: Process


def upstream(
    log_bytes: int = LOG_BYTES, *, hostile_log: bool = False, tasks: int = TASKS
) -> AbstractAsyncContextManager[Process]:
    """Run the API of the benchmarks."""
    arguments = ["-m", "benchmarks.upstream", "--port", "{port}", "--log-bytes", str(log_bytes)]
    arguments += ["--tasks", str(tasks)]
    if hostile_log:
        arguments.append("--hostile-log")
    return running(arguments, api_request("GET", "/v1/profiles/none"))


def floor(api: Process, *, cured: bool, only: str | None = None) -> AbstractAsyncContextManager[Process]:
    """Run the floor; with `only` that tool alone, in plain JSON."""
    arguments = ["-m", "benchmarks.floor", "--port", "{port}", "--api-url", f"http://127.0.0.1:{api.port}"]
    arguments += ["--cured"] if cured else []
    return running([*arguments, "--only", only] if only else arguments, LIST_TOOLS)


def forwarder(api: Process) -> AbstractAsyncContextManager[Process]:
    """Run the forwarder."""
    arguments = ["-m", "benchmarks.forwarder", "--port", "{port}", "--api-url", f"http://127.0.0.1:{api.port}"]
    return running(arguments, LIST_TOOLS)


def ours(api: Process, **settings: str) -> AbstractAsyncContextManager[Process]:
    """Run our server as a checkout starts it, with further settings."""
    return running([str(ROOT / "main.py"), "--port", "{port}"], LIST_TOOLS, our_environment(api) | settings)


def our_environment(api: Process) -> dict[str, str]:
    """Return the settings of our server on this API."""
    return {"QARNOT_BASE_URL": f"http://127.0.0.1:{api.port}", "QARNOT_API_KEY": KEY}


@asynccontextmanager
async def all_parties() -> AsyncIterator[Parties]:
    """Run all of them."""
    async with (
        upstream() as api,
        floor(api, cured=False) as plain_floor,
        floor(api, cured=True) as cured_floor,
        ours(api) as our_server,
    ):
        yield Parties(api, plain_floor, cured_floor, our_server)
