"""What is asked of a log, and what is shown of it: a query and a page."""

from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema, model_validator

from qarnot_mcp.qarnot import identifiers
from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.qarnot.tasks.vocabulary import LOG_TYPES, LogType
from qarnot_mcp.tools.answers import LOG_CHARACTERS, RESULT_CHARACTERS
from qarnot_mcp.tools.checks import Arguments, TaskIdParameter, check_text_line, parameter_of, whole_number
from qarnot_mcp.tools.logs.cursor import LogCursor
from qarnot_mcp.tools.logs.selection import compile_search

MAX_SEARCH_CHARACTERS = 1000


def check_log_type(given: object, info: ValidationInfo) -> object:
    """Check which of a task's two logs is meant, in any case."""
    if not isinstance(given, str):
        return given
    log_type = given.strip().lower()
    if log_type not in LOG_TYPES:
        raise InvalidArgument(parameter_of(info), given, "stdout or stderr")
    return log_type


def check_instance_id(given: int, info: ValidationInfo) -> int:
    """Check the id of one instance."""
    return identifiers.check_instance_id(given, parameter_of(info))


def check_search(given: str, info: ValidationInfo) -> str:
    """Check the length of a search and that it is a regular expression."""
    compile_search(check_text_line(parameter_of(info), given, MAX_SEARCH_CHARACTERS))
    return given


class LogQuery(Arguments):
    """The arguments of get_task_logs: which part of which log is wanted."""

    task_uuid: TaskIdParameter
    log_type: Annotated[
        LogType,
        BeforeValidator(check_log_type),
        WithJsonSchema({"type": "string"}),  # not its two values: they are taken in any case
        Field(description="stdout or stderr."),
    ] = "stdout"
    instance_id: Annotated[
        Annotated[int, AfterValidator(check_instance_id)] | None,
        Field(description="Only this instance; without it all, each line with its instance, such as 0>."),
    ] = None
    tail_lines: Annotated[int, whole_number(1, 10_000), Field(description="How many lines of the end, 1 to 10000.")] = (
        100
    )
    search: Annotated[
        Annotated[str, AfterValidator(check_search)] | None,
        Field(description="Only lines that match this regular expression (RE2), with their numbers."),
    ] = None
    context_lines: Annotated[int, whole_number(0, 50), Field(description="Lines around each match, 0 to 50.")] = 2
    cursor: Annotated[str | None, Field(description="cursor or next.cursor of an answer, to read on from there.")] = (
        None
    )
    max_characters: Annotated[
        int, whole_number(500, RESULT_CHARACTERS), Field(description="Longest text, 500 to 100000.")
    ] = 20_000
    fold: Annotated[bool, Field(description="Fold runs of almost equal lines into one.")] = True

    @model_validator(mode="after")
    def check_cursor(self) -> Self:
        """Check that the cursor is one of this log."""
        _ = self.position
        return self

    @property
    def position(self) -> LogCursor:
        """Where reading goes on; the first line without a cursor."""
        return LogCursor.parse(self.cursor, self.log) if self.cursor else LogCursor(self.log, 1)

    @property
    def room(self) -> int:
        """How long the text may be, as JSON writes it; a result keeps some room for what is beside it."""
        return min(self.max_characters, LOG_CHARACTERS)

    @property
    def log(self) -> str:
        """The name of the log within its task."""
        return f"{self.log_type}.{'all' if self.instance_id is None else self.instance_id}"

    def call(self, *also: str, **changes: object) -> dict[str, Any]:
        """Return the arguments of a call of get_task_logs for the same log, with those of `also` and with `changes`.

        Of the others only those are kept that shape what is shown.
        """
        kept = {"instance_id", "max_characters", "fold", *also} - changes.keys()
        given = self.model_dump(include=kept, exclude_defaults=True)
        return {"task_uuid": self.task_uuid, "log_type": self.log_type} | given | changes


@dataclass(frozen=True)
class LogPage:
    """A part of a log, ready to show: cleaned, secrets hidden, at most as long as was asked for."""

    text: str
    total_lines: int
    first_line: int | None = None
    last_line: int | None = None
    matches: int | None = None
    folded_lines: int = 0
    left_out: str = ""
    """One or two sentences on what is not shown, empty if nothing is missing."""
    next: dict[str, Any] | None = None
    """The arguments of the call that shows what was left out."""
    cursor: str | None = None
    """What to give as cursor to read what comes after this part."""
