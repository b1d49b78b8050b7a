"""What whoever runs this server allows a submit: instances, time, and credits of a day."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import KeyProblem, QarnotError
from qarnot_mcp.qarnot.fields import parse_time_span, time_span
from qarnot_mcp.qarnot.items import PAGE_ITEMS, ListFilter, TaskFilter

DAY = timedelta(hours=24)
MAX_PAGES = 6
AT_ONCE = 6
ASKING_SECONDS = 30.0
NO_LIMIT_OF_JOB = "none"


class LimitReached(QarnotError):  # noqa: N818 - as the others of the tree in qarnot/errors.py
    """A call is beyond a limit that whoever runs this server has set; nothing was started."""

    def __init__(self, what: str, allowed: str, variable: str) -> None:
        super().__init__(
            f"{what}; this server allows {allowed}. Nothing was started. Whoever runs it set that with {variable}."
        )


@dataclass(frozen=True)
class SubmitLimits:
    """The limits of a server; None is no limit."""

    max_instances: int | None = None
    max_wall_seconds: int | None = None
    max_credits_per_day: float | None = None

    def check_instances(self, count: int) -> None:
        """Raise `LimitReached` for more instances than one task may have."""
        if self.max_instances is not None and count > self.max_instances:
            raise LimitReached(
                f"The task has {count:,} instances", f"{self.max_instances:,} in a task", "QARNOT_MCP_MAX_INSTANCES"
            )

    def check_pool(self, *, kept_slots: int, most_slots: int) -> None:
        """Raise `LimitReached` for more slots than instances are allowed, or for slots that would stay beyond the time.

        Qarnot closes no pool by itself, so that only one without slots while it has no tasks keeps to a time: each of
        its tasks has its limit.
        """
        if self.max_instances is not None and most_slots > self.max_instances:
            what = f"The pool has up to {most_slots:,} slots"
            raise LimitReached(what, f"{self.max_instances:,} instances at a time", "QARNOT_MCP_MAX_INSTANCES")
        if self.max_wall_seconds is not None and kept_slots:
            what = f"The pool would keep {kept_slots:,} slot{'' if kept_slots == 1 else 's'} until somebody closes it"
            allowed = f"at most {time_span(self.max_wall_seconds)}: leave slots out and give max_slots"
            raise LimitReached(what, allowed, "QARNOT_MCP_MAX_WALL_TIME")

    def wall_time(self, given: str | None) -> str | None:
        """Return the time that a task gets, `[d.]hh:mm:ss`: what was named, else the limit; None where there is none.

        Raises `LimitReached` for more than the limit.
        """
        if self.max_wall_seconds is None:
            return given
        if given is None:
            return time_span(self.max_wall_seconds)
        self._check_time(f"max_wall_time is {given}", parse_time_span(given))
        return given

    def check_job(self, max_wall_time: str | None) -> None:
        """Raise `LimitReached` where a job, in which a task is to run, may run longer than the limit."""
        if self.max_wall_seconds is None:
            return
        try:
            seconds = parse_time_span(max_wall_time or "")
        except ValueError:
            seconds = 0.0
        shown = max_wall_time if seconds else NO_LIMIT_OF_JOB
        self._check_time(f"The maximum time of the job is {shown}", seconds or float("inf"))

    def _check_time(self, what: str, seconds: float) -> None:
        if self.max_wall_seconds is not None and seconds > self.max_wall_seconds:
            raise LimitReached(what, f"at most {time_span(self.max_wall_seconds)}", "QARNOT_MCP_MAX_WALL_TIME")

    async def check_credits(self, client: QarnotClient) -> None:
        """Raise `LimitReached` where the account's tasks and pools of a day have used up its credits.

        What cannot be read counts as used up: a limit that lets everything through in a fault would be none.
        """
        if self.max_credits_per_day is None:
            return
        most = f"{self.max_credits_per_day:g} euros in 24 hours"
        variable = "QARNOT_MCP_MAX_CREDITS_PER_DAY"
        try:
            async with asyncio.timeout(ASKING_SECONDS):
                used = await credits_of_a_day(client)
        except KeyProblem:
            raise
        except (QarnotError, TimeoutError) as error:
            reason = f"What the account's tasks have used today could not be read ({error or 'it took too long'})"
            raise LimitReached(reason, most, variable) from None
        if used >= self.max_credits_per_day:
            what = f"The tasks and pools created in the last 24 hours have used {used:.2f} euros"
            raise LimitReached(what, most, variable)


NO_LIMITS = SubmitLimits()


async def credits_of_a_day(client: QarnotClient) -> float:
    """Return what the tasks and pools that were created in the last 24 hours have used, in euros.

    Amounts of tasks are at most a minute old. Tasks in pools cost nothing, deleted ones are not seen, and more than 300
    tasks and 50 pools are not read. Raises `QarnotError` where credits cannot be read.
    """
    since = datetime.now(UTC) - DAY
    of_tasks, of_pools = await asyncio.gather(_credits_of_tasks(client, since), _credits_of_pools(client, since))
    return of_tasks + of_pools


async def _credits_of_pools(client: QarnotClient, since: datetime) -> float:
    page = await client.pools.page(where=ListFilter(created_after=since))
    amounts = await asyncio.gather(*(client.credits.of_pool(pool.uuid) for pool in page.items))
    return sum(map(_told, amounts))


def _told(amount: float | None) -> float:
    if amount is None:
        raise QarnotError("Qarnot does not tell this account what it has used.")
    return amount


async def _credits_of_tasks(client: QarnotClient, since: datetime) -> float:
    where = TaskFilter(created_after=since)
    places = asyncio.Semaphore(AT_ONCE)

    async def used(uuid: str) -> float:
        async with places:
            return _told(await client.credits.of_task(uuid, cached=True))

    sum_of_pages, cursor = 0.0, None
    for _ in range(MAX_PAGES):
        page = await client.tasks.page(where=where, limit=PAGE_ITEMS, cursor=cursor)
        sum_of_pages += sum(await asyncio.gather(*(used(task.uuid) for task in page.items)))
        cursor = page.next_cursor
        if cursor is None:
            break
    return sum_of_pages
