"""What one attempt of an instance prints and leaves behind."""

from dataclasses import dataclass, field
from typing import Literal

Stream = Literal["stdout", "stderr"]


@dataclass(frozen=True, slots=True)
class NumberRange:
    """The numbers of a `seq`, one on each line, not written out."""

    values: range

    def tail(self, max_length: int) -> str:
        """Return the last lines, at most about `max_length` characters of them."""
        if not self.values:
            return ""
        shortest = min(len(str(self.values[0])), len(str(self.values[-1]))) if 0 not in self.values else 1
        kept = self.values[-(max_length // (shortest + 1) + 1) :]
        return "\n".join(map(str, kept)) + "\n"


@dataclass(frozen=True, slots=True)
class Output:
    """Something printed, `at_seconds` after the start of the attempt."""

    at_seconds: float
    stream: Stream
    content: str | NumberRange


@dataclass(slots=True)
class Run:
    """One attempt of one instance as it would go."""

    duration_seconds: float = 0.0
    exit_code: int = 0
    outputs: list[Output] = field(default_factory=list)
    peak_memory_mb: int = 0
    """0 when the command says nothing about it."""
    is_out_of_memory: bool = False
    files: dict[str, bytes] = field(default_factory=dict)
    """The files below `/job` that are new or changed, by their path there."""
