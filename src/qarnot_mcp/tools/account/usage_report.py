"""The tool that tells what the tasks of a time cost, used and saved."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated

from pydantic import Field

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.text.cleaning import one_line
from qarnot_mcp.tools.account.get_account import optional
from qarnot_mcp.tools.account.usage import By, TaskUsage, Usage, UsageRow, read_usage, rows_by
from qarnot_mcp.tools.answers import NAME_CHARACTERS, Number, Result, date_text, rounded
from qarnot_mcp.tools.checks import Arguments, text_line
from qarnot_mcp.tools.context import current_client
from qarnot_mcp.tools.tasks.filters import Moment, moment_named

POOLS_MEASURED = 10
REASON_CHARACTERS = 200


class UsageReportArguments(Arguments):
    """The arguments of usage_report."""

    since: Moment = Field("7d", description="Tasks created from here on: a date (UTC), or how long ago: 24h, 7d.")
    until: Moment | None = Field(None, description="As since; by default now.")
    by: By = Field("day", description="How to group; a task counts on the day of its creation.")
    datacenter: Annotated[str, text_line(NAME_CHARACTERS)] | None = Field(
        None, description="Compare the carbon with this one, such as european_dc."
    )


class UsageReport(Result):
    """What the tasks of a time used."""

    since: str
    until: str
    total: UsageRow
    by: By
    groups: list[UsageRow] = Field(default_factory=list)
    pool_credits: Number | None = Field(None, description="Euros that the pools of these tasks used so far.")
    datacenter: str | None = Field(None, description="What was saved beside.")
    note: str | None = None


async def usage_report(arguments: UsageReportArguments) -> UsageReport:
    """Report what tasks cost, used and saved in a time, by day, tag, profile or state.

    Credits (euros), instance and core hours, energy and carbon. Deleted tasks are not seen; a pool is billed, not the
    tasks in it.
    """
    now = datetime.now(UTC)
    since = moment_named(arguments.since, now)
    until = moment_named(arguments.until, now) if arguments.until else None
    if since >= (until or now):
        raise InvalidArgument("until", arguments.until or "now", f"a time after since, {date_text(since)}")
    client = current_client()
    usage = await read_usage(client, since, until, arguments.datacenter or "")
    pools, pool_credits = await read_pools(client, usage.tasks)
    account = await optional(partial(client.account.get, cached=True), "account", [])
    return UsageReport(
        since=date_text(since),
        until=date_text(until or now),
        total=UsageRow.of(usage.tasks),
        by=arguments.by,
        groups=rows_by(usage.tasks, arguments.by),
        pool_credits=pool_credits,
        datacenter=usage.datacenter,
        note=" ".join(notes(usage, arguments.by, pools, (account.pool_count if account else None) or 0)) or None,
    )


async def read_pools(client: QarnotClient, tasks: list[TaskUsage]) -> tuple[int, Number | None]:
    """Return how many pools tasks ran in, and what these have used so far, where that can be read."""
    uuids = sorted({one.task.pool_uuid for one in tasks if one.task.pool_uuid})
    missing: list[str] = []
    used = [await optional(partial(client.credits.of_pool, uuid), "pool", missing) for uuid in uuids[:POOLS_MEASURED]]
    known = [credits for credits in used if credits is not None]
    return len(uuids), rounded(sum(known), 2) if known else None


def notes(usage: Usage, by: By, pools: int, open_pools: int) -> list[str]:
    """Say what the figures leave out; `pools` are those of the tasks, `open_pools` those of the account."""
    said = []
    if not usage.is_complete:
        said.append(f"Only the newest {len(usage.tasks)} tasks were read.")
    measured = [one for one in usage.tasks if one.is_measured]
    if len(measured) < len(usage.tasks):
        all_hours = sum(one.core_hours for one in usage.tasks)
        share = sum(one.core_hours for one in measured) / all_hours if all_hours else 1.0
        said.append(
            f"Credits, energy and carbon are those of {len(measured)} of {len(usage.tasks)} tasks, which have "
            f"{100 * share:.0f}% of the core hours."
        )
    if usage.failure:
        said.append(f"Some could not be read: {one_line(usage.failure, REASON_CHARACTERS)}")
    if by == "tag" and any(len(one.task.tags) > 1 for one in usage.tasks):
        said.append("A task with several tags counts in each.")
    if open_pools > pools:
        said.append(
            f"The account has {open_pools} pools: those without tasks of this time cost, too, and are not here."
        )
    if pools > POOLS_MEASURED:
        said.append(f"pool_credits is of {POOLS_MEASURED} of {pools} pools.")
    if any(not one.task.is_final for one in usage.tasks):
        said.append("Tasks still run: their figures grow.")
    return said
