"""`python -m benchmarks [section ...]`: measures, prints the tables, and writes them into RESULTS.md."""

import argparse
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from benchmarks import (
    connections,
    files,
    floors,
    growth,
    hostile,
    layers,
    logs,
    mechanisms,
    memory,
    patches,
    sizes,
    speed,
    start,
    waits,
)
from benchmarks.goals import goals
from benchmarks.report import Table, machine, with_tables

SECTIONS = (
    *("speed", "floors", "layers", "patches", "memory", "logs", "waits"),
    *("start", "sizes", "mechanisms", "connections", "hostile", "files", "growth"),
)
RESULTS = Path(__file__).parent / "RESULTS.md"


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("sections", nargs="*", help=f"which of {', '.join(SECTIONS)}; all of them where none is named")
    parser.add_argument("--seconds", type=float, default=1.0, help="one turn of one party (default: %(default)s)")
    parser.add_argument("--calls", type=int, default=100_000, help="calls of the search for growth (%(default)s)")
    parser.add_argument("--hostile-seconds", type=float, default=60.0, help="how long one caller attacks (%(default)s)")
    options = parser.parse_args()
    if unknown := set(options.sections) - set(SECTIONS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    return options


async def run(options: argparse.Namespace) -> None:
    """Measure the sections one after the other."""
    measures: dict[str, Callable[[], Awaitable[list[Table]]]] = {
        "speed": lambda: speed.measure(options.seconds),
        "floors": lambda: floors.measure(options.seconds),
        "layers": layers.measure,
        "patches": patches.measure,
        "memory": lambda: memory.measure(options.calls),
        "logs": logs.measure,
        "waits": waits.measure,
        "start": start.measure,
        "sizes": sizes.measure,
        "mechanisms": mechanisms.measure,
        "connections": connections.measure,
        "hostile": lambda: hostile.measure(options.hostile_seconds),
        "files": files.measure,
        "growth": growth.measure,
    }
    about = machine()
    print(about)
    tables: list[Table] = []
    for section in options.sections or SECTIONS:
        sys.stderr.write(f"measuring {section}\n")
        for table in await measures[section]():
            print("\n" + table.markdown(), flush=True)
            tables.append(table)
    if options.sections:
        RESULTS.write_text(with_tables(RESULTS.read_text(), tables, about))
    else:
        tables.insert(0, goals(tables))
        print("\n" + tables[0].markdown(), flush=True)
        body = "\n".join(table.markdown() for table in tables)
        RESULTS.write_text(f"# Results\n\nWritten by `uv run python -m benchmarks`.\n\n{about}\n\n{body}")


if __name__ == "__main__":
    uvloop.run(run(parse()))
