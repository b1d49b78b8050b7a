"""Runs of equal or almost equal lines, folded so that a short answer holds a long log.

Nothing is folded that fits. Each instance is folded by itself, and of lines whose numbers change some ten stay, evenly
spaced: a loss that falls, or the results of a sweep, can still be read.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from qarnot_mcp.tools.answers import json_length
from qarnot_mcp.tools.logs.lines import Line, cut_middle

MIN_EQUAL_RUN = 4
"""Shorter runs stay as they are: folding three lines into three saves nothing."""
MIN_SIMILAR_RUN = 20
"""Lines that differ in a number may be the results of a sweep: a few of them all count."""
LINES_KEPT = 10
"""Of a run of similar lines: enough to see how a number develops."""
LINE_PART = 8
"""A line takes at most an eighth of the text, so that one endless line does not push out all others."""
_ROOM_FOR_RUNS = 0.75
_MARK_CHARACTERS = 28

_TROUBLE = re.compile(
    r"(?i)error|exception|traceback|fatal|fail|killed|warn|panic|denied|abort|refused|timed? ?out|segfault|not found"
)
_INSTANCE_PREFIX = re.compile(r" *(\d{1,10})(?: stderr)?> ")
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
    """A line, and how many folded lines stand before it."""

    first: int
    """The number of the first folded line, or of the line itself."""
    last: int
    text: str
    folded_lines: int = 0
    instance_id: int = -1
    """Whose line it is; -1 where it does not say."""


def fold(lines: Sequence[Line], room: int) -> list[Span]:
    """Return the lines as they are where they fit into `room` characters of JSON, else with their runs folded.

    A run is four or more equal lines of one instance, or twenty that differ at most in numbers, hexadecimal words and
    progress bars. Lines that speak of trouble are folded only where they are equal.
    """
    whole = unfolded(lines, room // LINE_PART)
    if fits(whole, room):
        return whole
    runs = [run for own in _by_instance(lines) for run in _runs(own)]
    is_kept = [False] * len(lines)
    for run, count in _kept_counts(lines, runs, room):
        for place in _evenly(run, count):
            is_kept[place] = True
    spans: list[Span] = []
    start = 0
    for place, span in enumerate(whole):
        if is_kept[place]:
            spans.append(_after_folded(lines[start:place], span))
            start = place + 1
    return spans


def unfolded(lines: Sequence[Line], line_limit: int) -> list[Span]:
    """Return each line as it is, cut to `line_limit` characters."""
    return [
        Span(line.number, line.number, cut_middle(line.text, line_limit), 0, instance_of(line.text)) for line in lines
    ]


def instance_of(text: str) -> int:
    """Return the instance that a line of the log of all instances begins with, -1 where it names none."""
    prefix = _INSTANCE_PREFIX.match(text)
    return int(prefix[1]) if prefix else -1


def text_of(spans: Iterable[Span]) -> str:
    """Return spans as they are shown, one below the other."""
    return "\n".join([span.text for span in spans])


def fits(spans: Iterable[Span], room: int) -> bool:
    """Return whether spans, one on each line, take at most `room` characters as JSON writes them."""
    return sum(json_length(span.text) for span in spans) <= room + 2  # quotes stand for the newline, but the last's


def _after_folded(folded: Sequence[Line], span: Span) -> Span:
    if not folded:
        return span
    kind = "equal" if len({line.text for line in folded}) == 1 else "similar"
    text = f"... {len(folded):,} {kind} {'line' if len(folded) == 1 else 'lines'}\n{span.text}"
    return Span(folded[0].number, span.last, text, len(folded), span.instance_id)


def _by_instance(lines: Sequence[Line]) -> list[list[tuple[int, str]]]:
    """Return for each instance the place and the text of its lines; those without a prefix belong together."""
    own: dict[str, list[tuple[int, str]]] = {}
    for place, line in enumerate(lines):
        prefix = _INSTANCE_PREFIX.match(line.text)
        instance_id, text = (prefix[1], line.text[prefix.end() :]) if prefix else ("", line.text)
        own.setdefault(instance_id, []).append((place, text))
    return list(own.values())


def _runs(own: Sequence[tuple[int, str]]) -> Iterator[list[int]]:
    """Yield the places of the lines of one instance, those of a run together."""
    run: list[int] = []
    key = ""
    for place, text in own:
        if run and (new_key := _key(text)) != key:
            yield run
            run, key = [], new_key
        elif not run:
            key = _key(text)
        run.append(place)
    if run:
        yield run


def _kept_counts(lines: Sequence[Line], runs: Sequence[list[int]], room: int) -> list[tuple[list[int], int]]:
    """Return with each run how many of its lines stay: some ten of similar ones, fewer where many runs share the room.

    Of equal lines the first and the last stay.
    """
    is_equal = [len({lines[place].text for place in run}) == 1 for run in runs]
    similar = [run for run, equal in zip(runs, is_equal, strict=True) if not equal and len(run) >= MIN_SIMILAR_RUN]
    count = LINES_KEPT
    if similar:
        longest = max(min(json_length(lines[place].text), room // LINE_PART) for run in similar for place in run)
        share = int(room * _ROOM_FOR_RUNS) // len(similar) // (longest + _MARK_CHARACTERS)
        count = max(2, min(LINES_KEPT, share))
    return [
        (run, (2 if equal else count) if len(run) >= (MIN_EQUAL_RUN if equal else MIN_SIMILAR_RUN) else len(run))
        for run, equal in zip(runs, is_equal, strict=True)
    ]


def _evenly(run: Sequence[int], count: int) -> list[int]:
    if count >= len(run):
        return list(run)
    return [run[round(step * (len(run) - 1) / (count - 1))] for step in range(count)]


def _key(text: str) -> str:
    if _TROUBLE.search(text):
        return f"={text}"
    return _BLANKS.sub(" ", _VARYING.sub("#", text)).strip()
