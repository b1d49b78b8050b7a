"""Runs of equal or almost equal lines, folded so that a short answer holds a long log."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from qarnot_mcp.tools.logs.lines import Line, cut_middle

MIN_EQUAL_RUN = 4
"""Shorter runs stay as they are: folding three lines into three saves nothing."""
MIN_SIMILAR_RUN = 20
"""Lines that differ in a number may be the results of a sweep, one for each instance: a few of them all count."""

_TROUBLE = re.compile(
    r"(?i)error|exception|traceback|fatal|fail|killed|warn|panic|denied|abort|refused|timed? ?out|segfault|not found"
)
_INSTANCE_PREFIX = re.compile(r"^ *\d+> ")
_VARYING = re.compile(
    r"0x[0-9a-fA-F]+"
    r"|\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"
    r"|\b(?=[a-fA-F]{0,63}[0-9])[0-9a-fA-F]{8,64}\b"
    r"|\d+(?:[.,:]\d+)*"
    r"|(?<=[\[|(])[=#*>. -]{2,}(?=[\]|)])"
    r"|[\u2581-\u2593]+"
)
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Span:
    """A line, or a run of lines folded into its first, a count, and its last."""

    first: int
    last: int
    text: str
    folded_lines: int = 0


def fold(lines: Sequence[Line], line_limit: int) -> list[Span]:
    """Fold each run of four or more lines that differ at most in numbers, hexadecimal words and progress bars.

    Lines that speak of trouble are folded only where they are equal, whatever the instance that wrote them. Lines
    are cut to `line_limit` characters.
    """
    spans: list[Span] = []
    start = 0
    keys = [_key(line.text) for line in lines]
    for end in range(1, len(lines) + 1):
        if end < len(lines) and keys[end] == keys[start] and lines[end].number == lines[end - 1].number + 1:
            continue
        run = lines[start:end]
        least = MIN_EQUAL_RUN if _is_equal(run) else MIN_SIMILAR_RUN
        spans.extend([_folded(run, line_limit)] if len(run) >= least else unfolded(run, line_limit))
        start = end
    return spans


def unfolded(lines: Sequence[Line], line_limit: int) -> list[Span]:
    """Return each line as it is, cut to `line_limit` characters."""
    return [Span(line.number, line.number, cut_middle(line.text, line_limit)) for line in lines]


def _is_equal(run: Sequence[Line]) -> bool:
    return len({line.text for line in run}) == 1


def _folded(run: Sequence[Line], line_limit: int) -> Span:
    first, last, hidden = run[0], run[-1], len(run) - 2
    kind = "equal" if _is_equal(run) else "similar"
    text = f"{cut_middle(first.text, line_limit)}\n... {hidden:,} {kind} lines\n{cut_middle(last.text, line_limit)}"
    return Span(first.number, last.number, text, hidden)


def _key(text: str) -> str:
    text = _INSTANCE_PREFIX.sub("> ", text)
    if _TROUBLE.search(text):
        return f"={text}"
    return _BLANKS.sub(" ", _VARYING.sub("#", text)).strip()
