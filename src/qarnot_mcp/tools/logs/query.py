"""What is asked of a log, and what is answered: a query and a page."""

from dataclasses import dataclass, field

from qarnot_mcp.qarnot.ranges import Ranges

TAIL_LINES = 100
MAX_CHARACTERS = 20_000
MAX_TEXT_CHARACTERS = 96_000
CONTEXT_LINES = 2


@dataclass(frozen=True)
class LogQuery:
    """Which part of which log is wanted."""

    task_uuid: str
    log_type: str = "stdout"
    instance_id: int | None = None
    tail_lines: int = TAIL_LINES
    search: str | None = None
    context_lines: int = CONTEXT_LINES
    cursor: str | None = None
    max_characters: int = MAX_CHARACTERS
    fold: bool = True
    failed: Ranges = field(default_factory=Ranges)
    """The instances that failed, shown first where the end of the log of all instances is wanted."""

    @property
    def room(self) -> int:
        """How long the text may be, as JSON writes it; an answer keeps some room for what is beside it."""
        return min(self.max_characters, MAX_TEXT_CHARACTERS)

    @property
    def log(self) -> str:
        """The name of the log within its task."""
        return f"{self.log_type}.{'all' if self.instance_id is None else self.instance_id}"

    def call(self, **changes: object) -> dict[str, object]:
        """Answer the arguments of a call of get_task_logs for the same log."""
        arguments: dict[str, object] = {"task_uuid": self.task_uuid, "log_type": self.log_type}
        if self.instance_id is not None:
            arguments["instance_id"] = self.instance_id
        if self.max_characters != MAX_CHARACTERS:
            arguments["max_characters"] = self.max_characters
        if not self.fold:
            arguments["fold"] = False
        return arguments | changes


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
    """One or two sentences on what is not shown, empty where all of it is."""
    next: dict[str, object] | None = None
    """The arguments of the call that shows what was left out."""
    cursor: str | None = None
    """What to give as cursor to read what comes after this part."""
