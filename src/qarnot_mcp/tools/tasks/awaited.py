"""What a task waits for, as results show it, and why it was cancelled where that did not come."""

from collections.abc import Mapping
from typing import Self

from pydantic import Field

from qarnot_mcp.qarnot.tasks.models import Dependency, Task
from qarnot_mcp.qarnot.tasks.vocabulary import CANCELLED_STATES
from qarnot_mcp.text.masking import masked_line
from qarnot_mcp.tools.answers import Result, plain_state

AWAITED_SHOWN = 20
ENDS_SHOWN = 3
NAME_CHARACTERS = 80


class Awaited(Result):
    """A task that another one waits for."""

    uuid: str
    name: str | None = None
    on: list[str] | None = Field(None, description="How it must end: success, failure, cancelled. Any end without it.")
    ended: str | None = Field(None, description="How it ended.")

    @classmethod
    def of(cls, dependency: Dependency, name: str | None = None) -> Self:
        """Shape one dependency."""
        ends = [plain_state(end).lower() for end in dependency.conditions[:ENDS_SHOWN]]
        ended = dependency.final_state
        return cls(
            uuid=dependency.task_uuid,
            name=masked_line(name, NAME_CHARACTERS) if name else None,
            on=ends or None,
            ended=plain_state(ended).lower() if ended else None,
        )


def awaited_by(task: Task, names: Mapping[str, str] | None = None) -> list[Awaited]:
    """Return the first tasks that a task waits for; `names` has the names that are known, by UUID."""
    names = names or {}
    return [Awaited.of(one, names.get(one.task_uuid)) for one in task.dependencies[:AWAITED_SHOWN]]


def why_not_started(task: Task, names: Mapping[str, str] | None = None) -> str | None:
    """Say why a task was cancelled before it started: another one did not end as it had to; None where it was not."""
    if task.state not in CANCELLED_STATES:
        return None
    unmet = next((one for one in task.dependencies if one.is_unmet), None)
    if unmet is None:
        return None
    told = Awaited.of(unmet, (names or {}).get(unmet.task_uuid))
    return (
        f"Cancelled without a start: it waited for {told.name or told.uuid} to end with {' or '.join(told.on or ())}, "
        f"which ended with {told.ended or 'another end'}."
    )
