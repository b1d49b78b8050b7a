"""What is shown of a log: a page, in sections where some instances come first."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from qarnot_mcp.tools.logs.folding import Span, text_of


@dataclass(frozen=True)
class Section:
    """The lines of one failed instance, or those of all others, under a heading."""

    instance_id: int | None
    shown: str
    """How much of them is shown, such as `last 2 of 5 lines`."""
    spans: Sequence[Span]

    @property
    def text(self) -> str:
        """The heading and the lines."""
        who = "the other instances" if self.instance_id is None else f"instance {self.instance_id}, failed"
        between = ", " if self.instance_id is None else ": "
        return f"== {who}{between}{self.shown} ==\n{text_of(self.spans)}".rstrip()


@dataclass(frozen=True)
class LogPage:
    """A part of a log, ready to show: cleaned, secrets hidden, at most as long as was asked for."""

    spans: Sequence[Span]
    total_lines: int
    first_line: int | None = None
    last_line: int | None = None
    matches: int | None = None
    folded_lines: int = 0
    gap: str = ""
    """What became of the place of the cursor where the log has rotated since."""
    left_out: str = ""
    """One or two sentences on what is not shown, empty if nothing is missing."""
    next: dict[str, Any] | None = None
    """The arguments of the call that shows what was left out."""
    cursor: str | None = None
    """What to give as cursor to read what comes after this part."""
    sections: Sequence[Section] = field(default=())
    """Where failed instances come first, in place of the spans."""

    @property
    def text(self) -> str:
        """The lines as they are shown."""
        return "\n".join(section.text for section in self.sections) if self.sections else text_of(self.spans)
