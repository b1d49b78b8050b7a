"""The report: tables in Markdown, for the terminal and for RESULTS.md."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from qarnot_mcp import __version__

PACKAGES = ("fastmcp", "mcp", "httpx", "pydantic", "uvicorn", "uvloop", "httptools")


@dataclass(frozen=True)
class Table:
    """A table with what is to be known about it."""

    title: str
    note: str
    columns: Sequence[str]
    rows: list[list[str]] = field(default_factory=list)

    def markdown(self) -> str:
        """Write the table; all columns but the first are figures."""
        lines = [f"## {self.title}", "", self.note, ""]
        lines.append(f"| {' | '.join(self.columns)} |")
        lines.append("|" + "---|" + "---:|" * (len(self.columns) - 1))
        lines += [f"| {' | '.join(row)} |" for row in self.rows]
        return "\n".join(lines) + "\n"


def with_tables(report: str, tables: Sequence[Table], about: str) -> str:
    """Return a report with these tables in place of those with their titles, else at its end, and from what run."""
    parts = report.rstrip().split("\n## ")
    for table in tables:
        part = f"{table.markdown().removeprefix('## ').rstrip()}\n\nIn a run of its own: {about}\n"
        titles = [known.partition("\n")[0] for known in parts]
        if table.title in titles:
            parts[titles.index(table.title)] = part
        else:
            parts[-1] += "\n"
            parts.append(part)
    return "\n## ".join(parts).rstrip() + "\n"


def machine() -> str:
    """Say on what and with what the figures were taken."""
    memory = psutil.virtual_memory().total / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, qarnot-mcp {__version__}. {_processor()}, {os.cpu_count()} cores, "
        f"{memory:.0f} GiB, {platform.system()} {platform.release()}; Python {platform.python_version()}, {packages}. "
        f"Load average of the machine at the start: {os.getloadavg()[0]:.2f}."
    )


def _processor() -> str:
    listed = Path("/proc/cpuinfo")
    if listed.exists():
        for line in listed.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def milliseconds(seconds: float) -> str:
    """Write a short time."""
    return f"{seconds * 1000:.2f}"


def mebibytes(size: float) -> str:
    """Write a size of memory."""
    return f"{size / 2**20:.1f}"


def ratio(figure: float, other: float) -> str:
    """Write how many times the other it is."""
    return f"{figure / other:.2f}"
