"""The shapes of the tools' answers: small by default, nulls left out, the same facts in text and in structure."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Annotated, Literal, Self, TypeVar

from fastmcp.tools.base import ToolResult
from mcp_types import TextContent
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic_core import to_json

from qarnot_mcp.qarnot.profiles import Profile
from qarnot_mcp.qarnot.ranges import count_ranges
from qarnot_mcp.qarnot.tasks.models import Submission, Task, TaskRequest
from qarnot_mcp.text.cleaning import one_line

NAME_CHARACTERS = 120
STATE_CHARACTERS = 40
VALUE_CHARACTERS = 300
ROWS_CHARACTERS = 90_000
LICENCES_SHOWN = 20

# A whole number stays one: "12", where a float would be written as "12.0".
Number = Annotated[int | float, WithJsonSchema({"type": "number"})]
Row = TypeVar("Row", bound="Result | str")


class Result(BaseModel):
    """A shape of which nothing is sent but what is known."""

    model_config = ConfigDict(frozen=True)


def answer(result: Result) -> ToolResult:
    """Makes the tool's result: the structure, and as text the same facts as compact JSON."""
    return ToolResult(
        content=[TextContent(type="text", text=result.model_dump_json(exclude_none=True))],
        structured_content=result.model_dump(mode="json", exclude_none=True),
    )


class TaskRow(Result):
    """A task in a list."""

    uuid: str
    name: str
    state: str
    progress: Number | None = Field(None, description="Percent, while the task is not over.")
    profile: str | None = None
    instances: int
    running: int | None = None
    succeeded: int | None = None
    failed: int | None = None
    created: str | None = None
    ended: str | None = None
    tags: list[str] | None = Field(None, description="Beside those asked for; known only where some were.")

    @classmethod
    def of(cls, task: Task, tags_asked_for: Collection[str] = ()) -> Self:
        """Shapes one task of a page; what can be told from the rest (all instances of a success) is left out."""
        status = task.status if task.state != "Success" else None
        tags = [one_line(tag, NAME_CHARACTERS) for tag in task.tags if tag not in tags_asked_for]
        return cls(
            uuid=task.uuid,
            name=one_line(task.name, NAME_CHARACTERS),
            state=one_line(task.state, STATE_CHARACTERS),
            progress=None if task.is_final else rounded(task.progress) or None,
            profile=one_line(task.profile, NAME_CHARACTERS) if task.profile else None,
            instances=task.instance_count,
            running=task.running_instance_count or None,
            succeeded=(count_ranges(status.succeeded_range) or None) if status else None,
            failed=(count_ranges(status.failed_only_range) or None) if status else None,
            created=date(task.created),
            ended=date(task.ended),
            tags=tags or None,
        )


class TaskList(Result):
    """A page of tasks, newest first."""

    tasks: list[TaskRow]
    count: int = Field(description="Tasks in this answer.")
    total: int | None = Field(None, description="Tasks that match in all.")
    next_cursor: str | None = Field(None, description="Give it as cursor to read on.")
    hint: str | None = None


class Submitted(Result):
    """What a submit started, or with validate_only what it would start."""

    started: bool
    uuid: str | None = None
    shortname: str | None = None
    name: str
    state: str | None = None
    warnings: list[str] | None = Field(None, description="What is probably not meant; the task was not changed.")
    note: str | None = None
    hint: str | None = None

    @classmethod
    def of(cls, started: Submission, warnings: list[str]) -> Self:
        """Shapes a task that was started."""
        found = "The answer of Qarnot was lost on the way; the task was found by its shortname. It was started once."
        return cls(
            started=True,
            uuid=started.uuid,
            shortname=started.shortname,
            name=one_line(started.name, NAME_CHARACTERS),
            state=started.state,
            warnings=warnings or None,
            note=found if started.found_again else None,
            hint="get_task with wait_seconds=45 follows it; booting takes two to three minutes.",
        )

    @classmethod
    def checked(cls, request: TaskRequest, warnings: list[str]) -> Self:
        """Shapes a task that was only checked."""
        buckets = " Whether its buckets exist shows when it starts." if request.resource_buckets else ""
        return cls(
            started=False,
            shortname=request.shortname,
            name=one_line(request.name, NAME_CHARACTERS),
            warnings=warnings or None,
            note=f"Checked only: nothing was started. The same call without validate_only starts it.{buckets}",
        )


class Aborted(Result):
    """A task after its abort."""

    uuid: str
    name: str
    state: str
    note: str | None = None


class Deleted(Result):
    """What was deleted."""

    uuid: str
    name: str
    deleted: Literal[True] = True
    note: str | None = None


class ProfileNames(Result):
    """The profiles that this account may use."""

    profiles: list[str]
    hint: str | None = None

    @classmethod
    def of(cls, names: Sequence[str]) -> Self:
        """Shapes the names, as many as a conversation takes."""
        shown, hint = fitting([one_line(name, NAME_CHARACTERS) for name in names], "profiles")
        return cls(profiles=shown, hint=hint)


class ProfileConstantRow(Result):
    """A constant of a profile with its default."""

    name: str
    value: str | None = None
    description: str | None = None


class LicenceRow(Result):
    """A licence that a profile needs."""

    name: str
    max_instances: int | None = None
    max_cores: int | None = None


class ProfileDetails(Result):
    """A profile with its constants."""

    name: str
    constants: list[ProfileConstantRow]
    licences: list[LicenceRow] | None = None
    hint: str | None = None

    @classmethod
    def of(cls, profile: Profile, asked_for: str) -> Self:
        """Shapes one profile; the API may leave its name out."""
        constants, hint = fitting(
            [
                ProfileConstantRow(
                    name=one_line(constant.name, NAME_CHARACTERS),
                    value=one_line(constant.value, VALUE_CHARACTERS) if constant.value else None,
                    description=one_line(constant.description, VALUE_CHARACTERS) if constant.description else None,
                )
                for constant in profile.constants
            ],
            "constants",
        )
        return cls(
            name=one_line(profile.name or asked_for, NAME_CHARACTERS),
            constants=constants,
            hint=hint,
            licences=[
                LicenceRow(
                    name=one_line(licence.name, NAME_CHARACTERS),
                    max_instances=licence.max_instances,
                    max_cores=licence.max_cores,
                )
                for licence in profile.licenses[:LICENCES_SHOWN]
            ]
            or None,
        )


def fitting(rows: Sequence[Row], kind: str) -> tuple[list[Row], str | None]:
    """Answers the first rows, as many as fit into 90,000 characters of JSON, and how many there are where some do not.

    A profile's constants and an account's profiles are few; nothing but this bounds them.
    """
    shown: list[Row] = []
    characters = 0
    for row in rows:
        characters += len(row.model_dump_json(exclude_none=True) if isinstance(row, Result) else to_json(row)) + 1
        if characters > ROWS_CHARACTERS:
            return shown, f"These are the first {len(shown):,} of {len(rows):,} {kind}."
        shown.append(row)
    return shown, None


def date(moment: datetime | None) -> str | None:
    """Writes a moment as the API does, in UTC to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def rounded(value: float | None, digits: int = 1) -> Number | None:
    """Rounds a number for reading; whole numbers lose their point in JSON."""
    if value is None:
        return None
    short = round(value, digits)
    return int(short) if short == int(short) else short
