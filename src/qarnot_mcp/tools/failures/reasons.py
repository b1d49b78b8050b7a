"""Why each of several tasks failed, in one line, for lists."""

import asyncio
from collections.abc import Sequence

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.text.cleaning import one_line
from qarnot_mcp.text.masking import mask_text
from qarnot_mcp.tools.failures.explain import tail_of
from qarnot_mcp.tools.failures.grouping import LogTail, cause_of, evidence_of, failure_groups
from qarnot_mcp.tools.failures.signatures import recognise

REASON_CHARACTERS = 80
LOGS_READ = 10
"""The newest failed tasks of a list: the reason of the others comes from the platform's errors alone."""
LOG_SECONDS = 8.0


async def failure_reasons(client: QarnotClient, tasks: Sequence[Task]) -> dict[str, str]:
    """Return the reason of each failed task by UUID; logs that cannot be read in time are left out of it."""
    tails = await asyncio.gather(*(_tail(client, task) for task in tasks[:LOGS_READ]))
    rest = [None] * (len(tasks) - len(tails))
    return {task.uuid: one_line_reason(task, tail) for task, tail in zip(tasks, [*tails, *rest], strict=True)}


def one_line_reason(task: Task, tail: LogTail | None) -> str:
    """Return the cause of the largest group of failed instances, and what was said last, in 80 characters."""
    group = failure_groups(task)[0]
    signature = recognise(evidence_of(task, group, tail))
    cause = cause_of(group, signature)
    printed = (tail.text.strip().split("\n")[-1] if tail else "").strip()
    message = mask_text(group.error.message) if group.error else ""
    parts = [f"exit code {group.exit_code}", printed] if group.exit_code is not None else [message or printed]
    said = ": ".join(filter(None, parts)) or "no error reported"
    reason = one_line(f"{cause}: {said}", 5 * REASON_CHARACTERS)
    return reason if len(reason) <= REASON_CHARACTERS else f"{reason[: REASON_CHARACTERS - 1]}…"


async def _tail(client: QarnotClient, task: Task) -> LogTail | None:
    try:
        async with asyncio.timeout(LOG_SECONDS):
            return await tail_of(client, task, failure_groups(task)[0].instance_id)
    except TimeoutError:
        return None
