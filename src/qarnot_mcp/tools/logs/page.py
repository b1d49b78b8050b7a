"""What is shown of a log: a page, in sections where some instances come first; and one page of both logs of a task.

No log says when a line was written, so that lines of the two cannot be put in order of time: each instance has first
what it wrote to stdout, then what it wrote to stderr.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from qarnot_mcp.qarnot.tasks.vocabulary import LogType
from qarnot_mcp.tools.logs.cursor import LogCursor, join_cursors
from qarnot_mcp.tools.logs.folding import Span, text_of
from qarnot_mcp.tools.logs.query import LogQuery


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


def combine_streams(query: LogQuery, pages: Mapping[LogType, LogPage]) -> LogPage:
    """Return one page of what was shown of each log, by instance; failed instances stay first."""
    matches = [page.matches for page in pages.values() if page.matches is not None]
    folded_lines = sum(page.folded_lines for page in pages.values())
    is_by_instance = query.instance_id is None
    return LogPage(
        _by_instance(chain.from_iterable(page.spans for page in pages.values()), is_by_instance),
        total_lines=sum(page.total_lines for page in pages.values()),
        matches=sum(matches) if matches else None,
        folded_lines=folded_lines,
        gap=_said({log_type: page.gap for log_type, page in pages.items()}),
        left_out=_said({log_type: page.left_out for log_type, page in pages.items()}),
        next=_next(query, pages, folded_lines),
        cursor=join_cursors({log_type: page.cursor for log_type, page in pages.items()}),
        sections=_sections(pages),
    )


def _by_instance(spans: Iterable[Span], is_by_instance: bool) -> list[Span]:
    # In the log of one instance, what looks like the prefix of another is what it printed.
    return sorted(spans, key=lambda span: span.instance_id) if is_by_instance else list(spans)


def _sections(pages: Mapping[LogType, LogPage]) -> list[Section]:
    """Return the sections of both logs as one list; a log without any, where no failed instance wrote, is the last."""
    shown: dict[int | None, list[str]] = {}
    spans: dict[int | None, list[Span]] = {}
    if not any(page.sections for page in pages.values()):
        return []
    for log_type, page in pages.items():
        for section in page.sections or ([Section(None, "last lines", page.spans)] if page.spans else []):
            shown.setdefault(section.instance_id, []).append(f"{log_type} {section.shown}")
            spans.setdefault(section.instance_id, []).extend(section.spans)
    first = [instance_id for instance_id in shown if instance_id is not None]
    return [
        Section(
            instance_id,
            "last lines" if instance_id is None else "; ".join(shown[instance_id]),
            _by_instance(spans[instance_id], True),
        )
        for instance_id in [*first, *({None} & shown.keys())]
    ]


def _said(by_log: Mapping[LogType, str]) -> str:
    """Return a sentence on each log, once where it is the same for both."""
    if len(set(by_log.values())) == 1:
        return next(iter(by_log.values()))
    return " ".join(f"{log_type}: {text}" for log_type, text in by_log.items() if text)


def _next(query: LogQuery, pages: Mapping[LogType, LogPage], folded_lines: int) -> dict[str, object] | None:
    if folded_lines:
        return query.call("tail_lines", "cursor", fold=False)
    calls = [page.next for page in pages.values() if page.next]
    if not calls or (query.instance_id is None and all("instance_id" in call for call in calls)):
        return {**calls[0], "log_type": query.log_type} if calls else None
    cursors = {log_type: _cursor_to_go_on(query, log_type, page) for log_type, page in pages.items()}
    return query.call("tail_lines", "search", "context_lines", cursor=join_cursors(cursors))


def _cursor_to_go_on(query: LogQuery, log_type: LogType, page: LogPage) -> str | None:
    """Return the cursor of the next call; for a log that was shown backwards to its start it stands at the end."""
    if page.next:
        return str(page.next["cursor"])
    own = query.of_stream(log_type, query.room)
    return page.cursor if own.position.last_line is None else str(LogCursor(own.log, page.total_lines + 1))
