"""What tasks used: read in a bounded number of requests, and added up in groups."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Self

from pydantic import Field

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import KeyProblem, QarnotError
from qarnot_mcp.qarnot.items import PAGE_ITEMS, TaskFilter
from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.text.cleaning import one_line
from qarnot_mcp.tools.answers import Number, Result, plain_name, plain_state, rounded

By = Literal["day", "tag", "profile", "state"]

MAX_PAGES = 6
MEASURED_TASKS = 30
"""Of how many tasks credits and carbon are asked, two requests each; those with the most core hours come first."""
AT_ONCE = 6
MEASURING_SECONDS = 20.0
DAYS_SHOWN = 31
GROUPS_SHOWN = 8
"""Of tags, profiles or states, the rest of which is added up."""
TAG_CHARACTERS = 80
FIELDS = ("Profile", "CreationDate", "ExecutionTime", "Tags", "Status", "PoolUuid")
"""What is read of each task. The instances one by one are left out: there may be thousands."""


@dataclass(frozen=True)
class TaskUsage:
    """A task and what it used; `None` is not known."""

    task: Task
    credits: float | None = None
    energy_wh: float | None = None
    carbon_gco2eq: float | None = None
    saved_gco2eq: float | None = None
    is_measured: bool = False

    @property
    def instance_hours(self) -> float:
        """The hours of executing, over all instances."""
        return (self.task.execution_seconds or 0) / 3600

    @property
    def core_hours(self) -> float:
        """These hours times the cores."""
        return self.task.core_hours or 0


@dataclass(frozen=True)
class Usage:
    """The tasks of a time, and what was left out of them."""

    tasks: list[TaskUsage]
    is_complete: bool
    """Whether these are all tasks of the time."""
    datacenter: str | None
    failure: str = ""


class UsageRow(Result):
    """What some tasks used."""

    group: str | None = None
    tasks: int
    instance_hours: Number = Field(description="Hours of executing, all instances together.")
    core_hours: Number
    credits: Number | None = Field(None, description="Euros.")
    energy_wh: Number | None = None
    carbon_gco2eq: Number | None = None
    saved_gco2eq: Number | None = Field(None, description="Beside the other data centre.")

    @classmethod
    def of(cls, tasks: Sequence[TaskUsage], group: str | None = None) -> Self:
        """Add up tasks."""
        return cls(
            group=group,
            tasks=len(tasks),
            instance_hours=rounded(sum(one.instance_hours for one in tasks), 2) or 0,
            core_hours=rounded(sum(one.core_hours for one in tasks), 1) or 0,
            credits=rounded(total(one.credits for one in tasks), 2),
            energy_wh=rounded(total(one.energy_wh for one in tasks), 0),
            carbon_gco2eq=rounded(total(one.carbon_gco2eq for one in tasks), 0),
            saved_gco2eq=rounded(total(one.saved_gco2eq for one in tasks), 0),
        )


def total(values: Iterable[float | None]) -> float | None:
    """Add up what is known; None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


GROUPS_OF: Mapping[By, Callable[[Task], list[str]]] = {
    "day": lambda task: [task.created.strftime("%Y-%m-%d") if task.created else "unknown"],
    "tag": lambda task: [one_line(tag, TAG_CHARACTERS) for tag in task.tags] or ["(no tag)"],
    "profile": lambda task: [plain_name(task.profile) if task.profile else "(in a pool)"],
    "state": lambda task: [plain_state(task.state)],
}


def rows_by(tasks: Sequence[TaskUsage], by: By) -> list[UsageRow]:
    """Return a row for each group: days in their order, others by core hours; the last one holds what is too much."""
    groups: dict[str, list[TaskUsage]] = {}
    for one in tasks:
        for group in GROUPS_OF[by](one.task):
            groups.setdefault(group, []).append(one)

    def hours(group: str) -> float:
        return sum(one.core_hours for one in groups[group])

    ordered = sorted(groups, reverse=True) if by == "day" else sorted(groups, key=hours, reverse=True)
    most = DAYS_SHOWN if by == "day" else GROUPS_SHOWN
    shown = ordered if len(ordered) <= most else ordered[: most - 1]
    rows = [UsageRow.of(groups[group], group) for group in (sorted(shown) if by == "day" else shown)]
    if rest := ordered[len(shown) :]:
        others = {one.task.uuid: one for group in rest for one in groups[group]}
        rows.append(UsageRow.of(list(others.values()), f"({len(rest)} others)"))
    return rows


async def read_usage(client: QarnotClient, since: datetime, until: datetime | None, datacenter: str = "") -> Usage:
    """Read what the tasks created in a time used: 300 tasks at most, and credits and carbon of 30.

    Without an end, the newest tasks count even if the platform's clock is ahead.
    """
    where = TaskFilter(created_after=since, created_before=until)
    tasks, is_complete = await read_tasks(client, where)
    largest = sorted(tasks, key=lambda task: (task.core_hours or 0, task.execution_seconds or 0), reverse=True)
    measured, failure, name = await measure(client, largest[:MEASURED_TASKS], datacenter)
    return Usage([measured.get(task.uuid, TaskUsage(task)) for task in tasks], is_complete, name, failure)


async def read_tasks(client: QarnotClient, where: TaskFilter) -> tuple[list[Task], bool]:
    """Return the tasks that a filter finds, with tags and times, and whether these are all."""
    found: list[Task] = []
    cursor: str | None = None
    for _ in range(MAX_PAGES):
        page = await client.tasks.page(where=where, limit=PAGE_ITEMS, cursor=cursor)
        details = await client.tasks.select([task.uuid for task in page.items], FIELDS)
        found += [details[task.uuid] for task in page.items if task.uuid in details]
        cursor = page.next_cursor
        if cursor is None:
            return found, True
    return found, False


async def measure(
    client: QarnotClient, tasks: Sequence[Task], datacenter: str
) -> tuple[dict[str, TaskUsage], str, str | None]:
    """Return the usage of tasks by UUID, what went wrong, and the name of the other data centre.

    What was read before the time is over stays.
    """
    measured: dict[str, TaskUsage] = {}
    failures: list[str] = []
    names: list[str] = []
    places = asyncio.Semaphore(AT_ONCE)

    async def read(task: Task) -> None:
        async with places:
            try:
                credits = await client.credits.of_task(task.uuid)
                facts = await client.carbon.facts(task.uuid, datacenter)
            except KeyProblem:
                raise
            except QarnotError as error:
                failures.append(str(error))
                return
        if facts is not None and facts.equivalent_datacenter_name:
            names.append(plain_name(facts.equivalent_datacenter_name))
        measured[task.uuid] = TaskUsage(
            task,
            credits,
            facts.total_consumed_energy_wh if facts else None,
            facts.qarnot_carbon_footprint if facts else None,
            facts.saved_gco2eq if facts else None,
            is_measured=True,
        )

    try:
        async with asyncio.timeout(MEASURING_SECONDS):
            await asyncio.gather(*map(read, tasks))
    except TimeoutError:
        failures.append("It took too long.")
    return measured, failures[0] if failures else "", names[0] if names else None
