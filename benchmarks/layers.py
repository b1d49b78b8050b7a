"""What a call costs by layer: a server is looked at every millisecond that it computes, and each look counts for the
layer whose code was running.

Code of the standard library, of anyio and of pydantic counts for the layer that called it, but for reading and writing
JSON and the models of pydantic, which are a layer of their own.
"""

import os
import signal
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.load import Callers
from benchmarks.parties import LIST_TOOLS, our_environment, upstream
from benchmarks.process import ROOT, Process, running
from benchmarks.report import Table
from benchmarks.requests import ERAS, Era, tool_call
from benchmarks.sampled import OUTPUT_NAME
from benchmarks.speed import Case, cases

CALLS = 2_000
WARM_UP_CALLS = 200
TOOLS = ("get_profile", "list_tasks")
PAGE = ROOT / "docs" / "cost-of-a-call.md"
FIRST_LINE, LAST_LINE = "<!-- `python -m benchmarks layers` -->", "<!-- end -->"

# The first row that a file fits; parts of paths, of the installed packages and of ours.
LAYERS = (
    ("JSON and pydantic's models", ("/pydantic/", "/json/")),
    ("uvicorn and the event loop", ("/uvicorn/", "/process/http_protocol.py", "/process/serve.py", "/cli.py")),
    ("Starlette", ("/starlette/",)),
    ("the SDK of MCP", ("/mcp/", "/mcp_types/", "/sse_starlette/")),
    ("FastMCP", ("/fastmcp/",)),
    ("OpenTelemetry", ("/opentelemetry/",)),
    ("httpx, httpcore and h11", ("/httpx/", "/httpcore/", "/h11/", "/sniffio/")),
    ("ours: the guards of requests", ("/qarnot_mcp/web/", "/qarnot_mcp/auth/")),
    ("ours: middleware and log line", ("/qarnot_mcp/server/", "/qarnot_mcp/metrics/", "/qarnot_mcp/process/")),
    ("ours: the client of the API", ("/qarnot_mcp/qarnot/",)),
    ("ours: tools and their results", ("/qarnot_mcp/tools/",)),
    ("ours: cleaning and masking", ("/qarnot_mcp/text/",)),
)


async def measure() -> list[Table]:
    """Measure each case with a server of its own."""
    kinds = [(era, case) for case in cases() if case.tool in TOOLS for era in ERAS]
    shares: list[Counter[str]] = []
    for era, case in kinds:
        shares.append(await microseconds_by_layer(era, case))
    table = Table(
        "What a call costs by layer",
        f"Microseconds of CPU of a call by one caller, from {CALLS:,} calls each; the samples are a small part of it.",
        ("layer", *(f"{era}, {case.tool}" for era, case in kinds)),
    )
    for layer, _ in LAYERS:
        table.rows.append([layer, *(f"{share[layer]:.0f}" for share in shares)])
    table.rows.append(["all", *(f"{share.total():.0f}" for share in shares)])
    write_page(table)
    return [table]


def write_page(table: Table) -> None:
    """Put the table into the page on the cost of a call, in place of the one that it has."""
    page = PAGE.read_text()
    begin, end = page.index(FIRST_LINE), page.index(LAST_LINE)
    PAGE.write_text(f"{page[:begin]}{FIRST_LINE}\n\n{table.markdown()}\n{page[end:]}")


async def microseconds_by_layer(era: Era, case: Case) -> Counter[str]:
    """Return how the time of a call is shared."""
    request = [tool_call(era, case.tool, case.arguments)]
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "samples"
        async with upstream(1) as api:
            environment = our_environment(api) | {OUTPUT_NAME: str(output)}
            arguments = ["-m", "benchmarks.sampled", str(ROOT / "main.py"), "--port", "{port}"]
            async with running(arguments, LIST_TOOLS, environment) as server:
                group = await Callers.of(server.port, 1)
                await group.call(request, calls=WARM_UP_CALLS)
                used = server.cpu_seconds
                switch(server)
                await group.call(request, calls=CALLS)
                switch(server)
                seconds = (server.cpu_seconds - used) / CALLS
                await group.call(request, calls=1)  # it is answered after the samples are written
                group.close()
        seen = counted(output.read_text())
    return Counter({layer: seconds * 1e6 * count / seen.total() for layer, count in seen.items()})


def switch(server: Process) -> None:
    """Begin or end the samples."""
    os.kill(server.about.pid, signal.SIGUSR1)


def counted(samples: str) -> Counter[str]:
    """Return the samples of each layer."""
    seen: Counter[str] = Counter()
    for line in samples.splitlines():
        count, *files = line.split("\t")
        seen[next(filter(None, map(layer_of, files)), LAYERS[1][0])] += int(count)
    return seen


def layer_of(file: str) -> str | None:
    """Return the layer of a file, None for one that counts for its caller."""
    return next((layer for layer, parts in LAYERS if any(part in file for part in parts)), None)
