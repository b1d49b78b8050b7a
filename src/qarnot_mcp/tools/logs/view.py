"""What get_task_logs shows of a log, and the call that shows the rest."""

import re
from collections.abc import AsyncIterator, Sequence
from functools import partial
from itertools import islice
from typing import Any

from qarnot_mcp.qarnot.ranges import Ranges
from qarnot_mcp.qarnot.tasks.logs import LogPart
from qarnot_mcp.text.cleaning import clean_text
from qarnot_mcp.text.masking import LogMask
from qarnot_mcp.tools.answers import first_within, json_length
from qarnot_mcp.tools.logs.cursor import ANCHOR_LINES, CursorReader, LogCursor, Position
from qarnot_mcp.tools.logs.folding import LINE_PART, Span, fold, instance_of, unfolded
from qarnot_mcp.tools.logs.lines import Block, BlockReader, Line, cut_middle, numbered, pieces_of, read_blocks
from qarnot_mcp.tools.logs.page import LogPage, Section
from qarnot_mcp.tools.logs.query import LogQuery
from qarnot_mcp.tools.logs.selection import Head, InstanceTails, Match, Search, Tail
from qarnot_mcp.tools.logs.skim import Skimmer, read_end, read_matching
from qarnot_mcp.tools.logs.work import LogWork

FAILED_INSTANCES_SHOWN = 4
_SECTION_CHARACTERS = 80
_CHARACTERS_FOR_AN_INSTANCE = 2000
_PREFIX = re.compile(r"( *\d{1,10})> ")


class LogView:
    """Reads one log as one query wants it.

    `failed` are the instances that failed: where the end of the log of all instances is wanted, they come first.
    `work` bounds what all reading of one call computes. `marks_stderr` writes `3 stderr> ` for `3> `.
    """

    def __init__(
        self,
        query: LogQuery,
        mask: LogMask,
        failed: Ranges | None = None,
        *,
        work: LogWork | None = None,
        marks_stderr: bool = False,
    ) -> None:
        self._query = query
        self._work = work or LogWork()
        self._marks_stderr = marks_stderr
        self._mask = mask
        self._failed = failed or Ranges()

    async def read(self, parts: AsyncIterator[LogPart]) -> LogPage:
        """Read the whole log, in bounded memory, and return the wanted part."""
        if self._query.search is not None:
            new_search = partial(Search, self._query.search, self._query.context_lines, self._query.room)
            return await self._found(CursorReader(self._query.position, new_search), parts)
        if self._query.cursor:
            return await self._forward(CursorReader(self._query.position, Head), parts)
        if self._query.instance_id is None and len(self._failed):
            return await self._failed_first(parts)
        end = await read_end(parts, self._kept_lines, self._work)
        return await self._work.do(lambda: self._end(*end))

    @property
    def _kept_lines(self) -> int:
        """What is shown of the end, what a cursor behind it needs, and a line that has no newline yet."""
        return max(self._query.tail_lines, ANCHOR_LINES) + 1

    def _prepared(self, block: Block) -> Block:
        return Block(self._prepare(block.text), block.first, block.count)

    def _prepare(self, text: str) -> str:
        return "".join(self._mask.hide(clean_text(piece)) for piece in pieces_of(text))

    def _spans(self, lines: Sequence[Line], room: int) -> list[Span]:
        marked = self._marked(lines)
        return fold(marked, room) if self._query.fold else unfolded(marked, room // LINE_PART)

    def _marked(self, lines: Sequence[Line]) -> Sequence[Line]:
        if not self._marks_stderr:
            return lines
        return [Line(line.number, self._as_stderr(line.text)) for line in lines]

    def _as_stderr(self, text: str) -> str:
        prefix = _PREFIX.match(text) if self._query.instance_id is None else None
        return f"{prefix[1]} stderr> {text[prefix.end() :]}" if prefix else f"stderr> {text}"

    def _whole_if_folded(self, folded_lines: int, call: dict[str, Any] | None) -> dict[str, Any] | None:
        """Return the call for the same part with nothing folded where something is, else `call`."""
        return self._query.call("tail_lines", "cursor", fold=False) if folded_lines else call

    def _end(self, tail: Tail, total_lines: int, is_ended: bool) -> LogPage:
        query = self._query
        lines = self._prepared(tail.result()).end(self._kept_lines)
        shown = _last_within(self._spans(lines[-query.tail_lines :], query.room), query.room)
        if not shown:
            return LogPage((), total_lines, cursor=str(LogCursor(query.log, 1)))
        first = shown[0].first
        left_out, call = "", None
        if first > 1:
            left_out, call = self._before(first)
        return LogPage(
            spans=shown,
            total_lines=total_lines,
            first_line=first,
            last_line=shown[-1].last,
            folded_lines=_folded_lines(shown),
            left_out=left_out,
            next=self._whole_if_folded(_folded_lines(shown), call),
            cursor=self._cursor_after(lines if is_ended else lines[:-1]),
        )

    def _before(self, first: int) -> tuple[str, dict[str, Any]]:
        """Return what comes before a line, and the call that shows the end of it."""
        query = self._query
        earlier = LogCursor(query.log, max(1, first - query.tail_lines), last_line=first - 1)
        return f"Lines 1 to {first - 1:,} are not shown.", query.call("tail_lines", cursor=str(earlier))

    def _cursor_after(self, lines: Sequence[Line]) -> str:
        """Leave a last line without a newline unread: it may still grow."""
        return str(LogCursor.after(self._query.log, lines))

    async def _forward(self, reader: CursorReader[Head], parts: AsyncIterator[LogPart]) -> LogPage:
        read = await read_blocks(parts, lambda block: reader.feed(self._prepared(block)), self._work)
        return await self._work.do(lambda: self._forward_page(reader, *read))

    def _forward_page(self, reader: CursorReader[Head], total_lines: int, is_ended: bool) -> LogPage:
        query = self._query
        last_line = query.position.last_line
        until = last_line or total_lines
        lines = [line for line in reader.selection.lines if line.number <= until]
        # A part that is read backwards shows its end, unless it is longer than what is kept of it.
        is_backwards = last_line is not None and bool(lines) and lines[-1].number == min(until, total_lines)
        within = _last_within if is_backwards else _first_within
        shown = within(self._spans(lines, query.room), query.room)
        gap, notes = _note_on_position(reader), list[str]()
        if not shown:
            if reader.position is Position.SAME:
                notes.append("There is nothing after this cursor yet.")
            return LogPage((), total_lines, gap=gap, left_out=_joined(notes), cursor=query.cursor)
        last = shown[-1].last
        seen = [line for line in lines if line.number <= last]
        context = [*numbered(reader.before, seen[0].number - len(reader.before)), *seen]
        if last == total_lines and not is_ended:
            context.pop()
        cursor = self._cursor_after(context)
        call = None
        if is_backwards:
            if shown[0].first > 1:
                before, call = self._before(shown[0].first)
                notes.append(before)
        elif last < total_lines:
            notes.append(f"Lines {last + 1:,} to {total_lines:,} are not shown.")
            call = query.call(cursor=cursor)
        return LogPage(
            spans=shown,
            total_lines=total_lines,
            first_line=shown[0].first,
            last_line=last,
            folded_lines=_folded_lines(shown),
            gap=gap,
            left_out=_joined(notes),
            next=self._whole_if_folded(_folded_lines(shown), call),
            cursor=cursor,
        )

    async def _found(self, reader: CursorReader[Search], parts: AsyncIterator[LogPart]) -> LogPage:
        query = self._query
        skimmer = Skimmer(query.search or "", reader, self._mask, max(query.context_lines, ANCHOR_LINES + 1))
        total_lines, is_ended = await read_matching(parts, BlockReader(skimmer.feed), skimmer, self._work)
        search = reader.selection
        spans = self._numbered_spans(search.found)
        first_match = next((place for place, match in enumerate(search.found) if match.matches), -1)
        shown = _first_within(spans, query.room)
        if len(shown) <= first_match:
            shown = _last_within(spans[: first_match + 1], query.room)
        gap, notes = _note_on_position(reader), list[str]()
        last_lines = list(skimmer.last_lines)
        end = self._cursor_after(last_lines if is_ended else last_lines[:-1])
        if not shown:
            none = "No line after the cursor" if query.cursor else f"None of {total_lines:,} lines"
            notes.append(f"{none} matches. Capital letters count; (?i) before it ignores them.")
            return LogPage((), total_lines, matches=0, gap=gap, left_out=_joined(notes), cursor=end)
        last = shown[-1].last
        numbers = [match.line.number for match in search.found if match.matches and match.line.number <= last]
        call = None
        if len(numbers) < search.matches:
            notes.append(f"The first {len(numbers):,} of {search.matches:,} matching lines are shown.")
            end = str(LogCursor(query.log, numbers[-1] + 1))
            call = query.call("search", "context_lines", cursor=end)
        return LogPage(
            spans=shown,
            total_lines=total_lines,
            first_line=shown[0].first,
            last_line=last,
            matches=search.matches,
            gap=gap,
            left_out=_joined(notes),
            next=call,
            cursor=end,
        )

    def _numbered_spans(self, found: Sequence[Match]) -> list[Span]:
        """Write each line with its number, as grep does: a colon at a match, a hyphen near one, -- at a gap."""
        spans: list[Span] = []
        for match, line in zip(found, self._marked([match.line for match in found]), strict=True):
            gap = "--\n" if spans and spans[-1].last < line.number - 1 else ""
            shown = cut_middle(line.text, self._query.room // LINE_PART)
            text = f"{gap}{line.number}{':' if match.matches else '-'} {shown}"
            spans.append(Span(line.number, line.number, text, 0, instance_of(line.text)))
        return spans

    async def _failed_first(self, parts: AsyncIterator[LogPart]) -> LogPage:
        query = self._query
        most = min(FAILED_INSTANCES_SHOWN, max(1, query.room // _CHARACTERS_FOR_AN_INSTANCE))
        chosen = list(islice(self._failed, most))
        tails = InstanceTails(chosen, query.tail_lines, Tail(self._kept_lines))
        read = await read_blocks(parts, tails.feed, self._work)
        return await self._work.do(lambda: self._failed_first_page(chosen, tails, *read))

    def _failed_first_page(
        self, chosen: Sequence[int], tails: InstanceTails, total_lines: int, is_ended: bool
    ) -> LogPage:
        query = self._query
        if not any(tail.total for tail in tails.of.values()):
            return self._end(tails.others, total_lines, is_ended)
        others = self._prepared(tails.others.result()).end(query.tail_lines)
        room = query.room - _SECTION_CHARACTERS * (len(chosen) + 1)
        others_room = room // 4 if others else 0
        failed_room = (room - others_room) // len(chosen)
        sections: list[Section] = []
        cut: list[int] = []
        folded_lines = 0
        for instance_id, tail in tails.of.items():
            lines = [Line(line.number, self._prepare(line.text)) for line in tail.lines]
            shown = _last_within(self._spans(lines, failed_room), failed_room)
            count = sum(1 for line in lines if shown and line.number >= shown[0].first)
            folded_lines += _folded_lines(shown)
            if count < tail.total:
                cut.append(instance_id)
            what = f"last {count:,} of {tail.total:,} lines" if tail.total else f"nothing in {query.log_type}"
            sections.append(Section(instance_id, what, shown))
        if others:
            shown = _last_within(self._spans(others, others_room), others_room)
            folded_lines += _folded_lines(shown)
            sections.append(Section(None, "last lines", shown))
        notes = [f"The log of all instances has {total_lines:,} lines; those of failed instances come first."]
        rest = len(self._failed) - len(chosen)
        if rest:
            notes.append(f"{rest:,} more failed instances are not shown: {cut_middle(str(self._failed), 200)} failed.")
        return LogPage(
            (),
            total_lines,
            sections=sections,
            folded_lines=folded_lines,
            left_out=_joined(notes),
            next=self._whole_if_folded(folded_lines, query.call(instance_id=cut[0]) if cut else None),
        )


def _last_within(spans: Sequence[Span], max_characters: int) -> list[Span]:
    return _first_within(spans[::-1], max_characters)[::-1]


def _first_within(spans: Sequence[Span], max_characters: int) -> list[Span]:
    # Their quotes stand for the newline after each, which JSON writes as two, but the last.
    return first_within(spans, max_characters + 2, lambda span: json_length(span.text))


def _note_on_position(reader: CursorReader[Head] | CursorReader[Search]) -> str:
    if reader.position is Position.LOST:
        return (
            "There is a gap: the log has rotated, and the lines that this cursor follows are gone. "
            "This goes on from the oldest line that is kept."
        )
    if reader.position is Position.SHIFTED:
        return (
            f"The log has rotated: its oldest {reader.shifted_lines:,} lines are gone, and lines are counted from the "
            "oldest that is kept. Nothing in between is missing."
        )
    return ""


def _folded_lines(spans: Sequence[Span]) -> int:
    return sum(span.folded_lines for span in spans)


def _joined(notes: Sequence[str]) -> str:
    return " ".join(filter(None, notes))
