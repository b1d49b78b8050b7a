"""What is asked of a log."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema, model_validator

from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.qarnot.tasks.vocabulary import LOG_TYPES, LogType
from qarnot_mcp.tools.answers import LOG_CHARACTERS, RESULT_CHARACTERS
from qarnot_mcp.tools.checks import Arguments, InstanceId, TaskIdParameter, check_text_line, parameter_of, whole_number
from qarnot_mcp.tools.logs.cursor import LogCursor, split_cursors
from qarnot_mcp.tools.logs.selection import compile_search
from qarnot_mcp.tools.waits import WaitSeconds

MAX_SEARCH_CHARACTERS = 1000
BOTH: Literal["both"] = "both"


def check_log_type(given: object, info: ValidationInfo) -> object:
    """Check which of a task's two logs is meant, or both, in any case."""
    if not isinstance(given, str):
        return given
    log_type = given.strip().lower()
    if log_type not in (*LOG_TYPES, BOTH):
        raise InvalidArgument(parameter_of(info), given, "stdout, stderr or both")
    return log_type


def check_search(given: str, info: ValidationInfo) -> str:
    """Check the length of a search and that it is a regular expression."""
    compile_search(check_text_line(parameter_of(info), given, MAX_SEARCH_CHARACTERS))
    return given


SearchText = Annotated[str, AfterValidator(check_search)]


class LogQuery(Arguments):
    """The arguments of get_task_logs: which part of which log is wanted."""

    task_uuid: TaskIdParameter
    log_type: Annotated[
        LogType | Literal["both"],
        BeforeValidator(check_log_type),
        WithJsonSchema({"type": "string", "enum": [*LOG_TYPES, BOTH]}),
    ] = Field("stdout", description="Which log; both: by instance.")
    instance_id: InstanceId | None = Field(
        None, description="Only this instance; without it all, each line with its instance, such as 0>."
    )
    tail_lines: Annotated[int, whole_number(1, 10_000)] = Field(
        100, description="How many lines of the end, 1 to 10000."
    )
    search: SearchText | None = Field(
        None, description="Only lines that match this regular expression (RE2), with their numbers."
    )
    context_lines: Annotated[int, whole_number(0, 50)] = Field(2, description="Lines around each match, 0 to 50.")
    cursor: str | None = Field(None, description="cursor or next.cursor of an answer, to read on from there.")
    max_characters: Annotated[int, whole_number(500, RESULT_CHARACTERS)] = Field(
        20_000, description="Longest text, 500 to 100000."
    )
    fold: bool = Field(True, description="Fold runs of almost equal lines into one.")

    wait_seconds: WaitSeconds = Field(
        0, description="Wait up to this long, 0 to 45, for a match, a line after cursor, or output."
    )

    @model_validator(mode="after")
    def check_cursor(self) -> Self:
        """Check that the cursor is one of this log."""
        for log_type in LOG_TYPES if self.log_type == BOTH else ():
            _ = self.of_stream(log_type, self.room).position
        if self.log_type != BOTH:
            _ = self.position
        return self

    def of_stream(self, log_type: LogType, room: int) -> Self:
        """Return the query for one log of both, with a part of the room."""
        cursor = split_cursors(self.cursor)[log_type] if self.cursor else None
        return self.model_copy(update={"log_type": log_type, "cursor": cursor, "max_characters": room})

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
