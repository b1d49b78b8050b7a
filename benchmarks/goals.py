"""Goals: what was aimed at, and how far a whole run came."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.report import Table

TITLE = "Goals"
NOTE = (
    "What was aimed at for speed and memory, and what this run reached: the median where there are several turns. "
    "`before` is what was measured when the goal was set, on another machine."
)
COLUMNS = ("figure", "before", "goal", "reached", "met")
LINEAR = "linear or less"


@dataclass(frozen=True)
class Goal:
    """A cell of a run's tables and the least, or with `is_most` the most, that it should be."""

    figure: str
    before: str
    goal: float
    table: str
    row: str
    column: str
    is_most: bool = False

    def line(self, tables: Sequence[Table]) -> list[str]:
        """Write what was reached."""
        reached = cell(tables, self)
        number = float(reached)
        is_met = number <= self.goal if self.is_most else number >= self.goal
        bound = f"{'at most' if self.is_most else 'at least'} {self.goal:g}"
        return [self.figure, self.before, bound, reached, "yes" if is_met else "no"]


def _calls() -> tuple[Goal, ...]:
    speed, floors = "Speed", "Further floors"
    return (
        *(
            Goal(f"`list_tasks` of 100, {callers} / floor", before, 1.5, speed, row, "ours / floor")
            for callers, before, row in (
                ("1 caller", "0.79", "modern, list_tasks, 1"),
                ("16 callers", "1.05", "modern, list_tasks, 16"),
            )
        ),
        Goal("`get_profile`, 1 caller / cured floor", "0.88", 1.1, speed, "modern, get_profile, 1", "ours / cured"),
        *(
            Goal(f"`{tool}`, 16 callers / {name}", before, goal, table, f"modern, {tool}, 16", f"ours / {other}")
            for tool in ("get_profile", "get_task")
            for name, before, goal, table, other in (
                ("floor", "1.33 to 1.85", 2.2, speed, "floor"),
                ("floor with one tool and plain JSON", "-", 1.6, floors, "one tool"),
            )
        ),
        *(
            Goal(
                f"CPU of `{tool}`, {callers} at a time / forwarder without MCP",
                "-",
                2.5,
                floors,
                f"modern, {tool}, {callers}",
                "CPU, ours / forwarder",
                is_most=True,
            )
            for tool in ("get_profile", "get_task")
            for callers in (1, 16)
        ),
    )


GOALS = (
    *_calls(),
    *(
        Goal(f"{query}, 100 MB / download", before, goal, "Logs", query, "ratio", is_most=True)
        for query, before, goal in (
            ("end, plain", "1.6", 1.2),
            ("end, with colours, tabs and quotes", "2.5", 1.6),
            ("search, plain", "-", 2),
            ("search, with colours, tabs and quotes", "-", 2),
        )
    ),
    *(
        Goal(f"{query}, MiB more memory", "-", 16, "Logs", query, "memory", is_most=True)
        for query in ("end, plain", "search, with colours, tabs and quotes")
    ),
    Goal(
        "another caller's p99 in ms beside a search",
        "-",
        50,
        "Beside logs",
        "reads: search, plain",
        "99th percentile",
        is_most=True,
    ),
    *(
        Goal(f"seconds from an end to the answer: {kind}", "up to 10", 1.5, "Waits", kind, "median", is_most=True)
        for kind in ("ends without a sign", "uploads results for 9 s")
    ),
    Goal("requests of a wait in 10 s", "-", 3, "Waits", "ends without a sign", "requests in 10 s", is_most=True),
    *(
        Goal(f"`tools/list`, {era}, 16 callers / floor", "-", 3, "Lists", f"{era}, 16", "ours / floor")
        for era in ("modern", "legacy")
    ),
    Goal("start / floor", "0.95", 0.95, "Start", "floor", "ours / this", is_most=True),
    Goal("idle memory / floor", "1.09", 1.05, "Memory", "idle", "ours / floor", is_most=True),
    Goal(
        "idle memory with all sets / floor",
        "-",
        1.15,
        "Memory",
        "idle with all sets, until storage is used",
        "ours / floor",
        is_most=True,
    ),
)


def cell(tables: Sequence[Table], goal: Goal) -> str:
    """Return the cell that a goal is about; raises `LookupError` where a table has no such one."""
    table = next((one for one in tables if one.title == goal.table), None)
    row = next((one for one in table.rows if one[0] == goal.row), None) if table else None
    if table is None or row is None or goal.column not in table.columns:
        raise LookupError(f"the run has no {goal.table}, {goal.row}, {goal.column}")
    return row[list(table.columns).index(goal.column)]


def goals(tables: Sequence[Table]) -> Table:
    """Return what was reached of all goals, from the tables of one whole run."""
    table = Table(TITLE, NOTE, COLUMNS, [goal.line(tables) for goal in GOALS])
    growth = [row for one in tables if one.title == "Growth" for row in one.rows if row[-1]]
    superlinear = [row[0] for row in growth if row[-1] != LINEAR]
    reached = "; ".join(superlinear) or f"none of {len(growth)} steps"
    table.rows.append(["steps of growth that are superlinear", "-", "none", reached, "no" if superlinear else "yes"])
    return table
