"""Start: from the command to the first answer, beside the import of FastMCP."""

import statistics
import subprocess
import sys
import time

from benchmarks.parties import LIST_TOOLS, our_environment, upstream
from benchmarks.process import ROOT, running
from benchmarks.report import Table
from benchmarks.requests import http_request

ROUNDS = 7
BARE_IMPORT = "import fastmcp"
EMPTY = """
import sys
import uvicorn

async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
"""


async def measure() -> list[Table]:
    """Measures all of them in turns."""
    times: dict[str, list[float]] = {"import": [], "python": [], "empty": [], "floor": [], "ours": []}
    async with upstream(1) as api:
        floor = ["-m", "benchmarks.floor", "--port", "{port}", "--api-url", f"http://127.0.0.1:{api.port}"]
        ours = [str(ROOT / "main.py"), "--port", "{port}"]
        for _ in range(ROUNDS):
            times["python"].append(run("pass"))
            times["import"].append(run(BARE_IMPORT))
            times["empty"].append(await first_answer(["-c", EMPTY, "{port}"], http_request("GET", "/", {})))
            times["floor"].append(await first_answer(floor, LIST_TOOLS))
            times["ours"].append(await first_answer(ours, LIST_TOOLS, our_environment(api)))
    seconds = {name: statistics.median(taken) for name, taken in times.items()}
    bind = seconds["empty"] - seconds["python"]
    allowed = 1.15 * seconds["import"] + bind
    table = Table(
        "Start",
        "Seconds from the start of the process; the median of seven turns. The bind is what an empty uvicorn server "
        "needs to its first answer above a Python that does nothing.",
        ("", "seconds", "ours / this"),
    )
    table.rows.extend(
        [
            ["`import fastmcp`", f"{seconds['import']:.3f}", f"{seconds['ours'] / seconds['import']:.2f}"],
            ["bind of an empty server", f"{bind:.3f}", ""],
            ["1.15 times the import, and the bind", f"{allowed:.3f}", f"{seconds['ours'] / allowed:.2f}"],
            ["floor, to the first answer", f"{seconds['floor']:.3f}", f"{seconds['ours'] / seconds['floor']:.2f}"],
            ["ours, to the first answer", f"{seconds['ours']:.3f}", "1.00"],
        ]
    )
    return [table]


def run(code: str) -> float:
    """Runs some Python and answers the seconds that it took."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - begun


async def first_answer(arguments: list[str], request: bytes, environment: dict[str, str] | None = None) -> float:
    """Starts a server and answers the seconds to its first answer."""
    async with running(arguments, request, environment) as process:
        return process.first_answer_seconds
