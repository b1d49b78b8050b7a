"""The answer of get_task_logs: which part of a log it shows, and the call that shows the rest."""

from collections.abc import AsyncIterator, Sequence
from itertools import islice

from qarnot_mcp.qarnot.tasks.logs import LogPart
from qarnot_mcp.text.cleaning import clean_text
from qarnot_mcp.text.masking import LogMask
from qarnot_mcp.tools.logs.cursor import ANCHOR_LINES, LogCursor, Place, Resume
from qarnot_mcp.tools.logs.end import read_end
from qarnot_mcp.tools.logs.folding import Passage, fold, unfolded
from qarnot_mcp.tools.logs.lines import Block, Line, cut_middle, numbered, read_blocks, without_prefix
from qarnot_mcp.tools.logs.query import CONTEXT_LINES, TAIL_LINES, LogPage, LogQuery
from qarnot_mcp.tools.logs.selection import Head, Hit, InstanceTails, Search, Tail

FAILED_INSTANCES_SHOWN = 4
ESCAPED = ('"', "\\", "\n", "\t")
# A line takes at most this part of the answer, so that one endless line does not push out all others.
_LINE_PART = 8
_SECTION_CHARACTERS = 80
_CHARACTERS_FOR_AN_INSTANCE = 2000


class LogView:
    """Reads one log as one query wants it.

    Making it checks the query, so that a wrong cursor or search costs no call; raises InvalidArgument.
    """

    def __init__(self, query: LogQuery, mask: LogMask) -> None:
        self._query = query
        self._mask = mask
        cursor = LogCursor.parse(query.cursor, query.log) if query.cursor else LogCursor(query.log, 1)
        self._last_line = cursor.last_line
        self._head = Resume(cursor, Head)
        self._search = Resume(cursor, self._new_search) if query.search else None

    async def read(self, parts: AsyncIterator[LogPart]) -> LogPage:
        """Read the whole log, in bounded memory, and answer the wanted part."""
        if self._search is not None:
            return await self._found(self._search, parts)
        if self._query.cursor:
            return await self._forward(self._head, parts)
        if self._query.instance_id is None and len(self._query.failed):
            return await self._failed_first(parts)
        return self._end(*await read_end(parts, self._kept_lines))

    def _new_search(self) -> Search:
        query = self._query
        return Search(query.search or "", query.context_lines, query.room)

    @property
    def _kept_lines(self) -> int:
        """What is shown of the end, what a cursor behind it needs, and a line that has no newline yet."""
        return max(self._query.tail_lines, ANCHOR_LINES) + 1

    def _prepared(self, block: Block) -> Block:
        return Block(self._prepare(block.text), block.first, block.count)

    def _prepare(self, text: str) -> str:
        if self._query.instance_id is not None:
            text = without_prefix(text, self._query.instance_id)
        return self._mask.hide(clean_text(text))

    def _passages(self, lines: Sequence[Line], room: int) -> list[Passage]:
        show = fold if self._query.fold else unfolded
        return show(lines, room // _LINE_PART)

    def _end(self, tail: Tail, total_lines: int, is_ended: bool) -> LogPage:
        query = self._query
        lines = self._prepared(tail.result()).end(self._kept_lines)
        shown = _last_within(self._passages(lines[-query.tail_lines :], query.room), query.room)
        if not shown:
            return LogPage("", total_lines, cursor=str(LogCursor(query.log, 1)))
        first = shown[0].first
        left_out, call = "", None
        if first > 1:
            left_out, call = self._before(first)
        return LogPage(
            text=_text_of(shown),
            total_lines=total_lines,
            first_line=first,
            last_line=shown[-1].last,
            folded_lines=_folded_lines(shown),
            left_out=left_out,
            next=call,
            cursor=self._cursor_after(lines if is_ended else lines[:-1]),
        )

    def _before(self, first: int) -> tuple[str, dict[str, object]]:
        """Says what comes before a line, and answers the call that shows the end of it."""
        query = self._query
        earlier = LogCursor(query.log, max(1, first - query.tail_lines), last_line=first - 1)
        call = query.call(cursor=str(earlier))
        if query.tail_lines != TAIL_LINES:
            call["tail_lines"] = query.tail_lines
        return f"Lines 1 to {first - 1:,} are not shown.", call

    def _cursor_after(self, lines: Sequence[Line]) -> str:
        """A line that has no newline yet may still grow: it is not behind the reader, it is read again."""
        return str(LogCursor.after(self._query.log, lines))

    async def _forward(self, resume: Resume[Head], parts: AsyncIterator[LogPart]) -> LogPage:
        query = self._query
        total_lines, is_ended = await read_blocks(parts, lambda block: resume.feed(self._prepared(block)))
        until = self._last_line or total_lines
        lines = [line for line in resume.selection.lines if line.number <= until]
        # A part that is read backwards shows its end, unless it is longer than what is kept of it.
        is_backwards = self._last_line is not None and bool(lines) and lines[-1].number == min(until, total_lines)
        within = _last_within if is_backwards else _first_within
        shown = within(self._passages(lines, query.room), query.room)
        notes = [_place_note(resume)]
        if not shown:
            if resume.place is Place.SAME:
                notes.append("There is nothing after this cursor yet.")
            return LogPage("", total_lines, left_out=_joined(notes), cursor=query.cursor)
        last = shown[-1].last
        seen = [line for line in lines if line.number <= last]
        context = [*numbered(resume.before, seen[0].number - len(resume.before)), *seen]
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
            text=_text_of(shown),
            total_lines=total_lines,
            first_line=shown[0].first,
            last_line=last,
            folded_lines=_folded_lines(shown),
            left_out=_joined(notes),
            next=call,
            cursor=cursor,
        )

    async def _found(self, resume: Resume[Search], parts: AsyncIterator[LogPart]) -> LogPage:
        query = self._query
        total_lines, _ = await read_blocks(parts, lambda block: resume.feed(self._prepared(block)))
        search = resume.selection
        shown = _first_within(_numbered_passages(search.hits, query.room // _LINE_PART), query.room)
        notes = [_place_note(resume)]
        if not shown:
            notes.append(f"None of {total_lines:,} lines matches. Capital letters count; (?i) before it ignores them.")
            return LogPage("", total_lines, matches=0, left_out=_joined(notes))
        last = shown[-1].last
        numbers = [hit.line.number for hit in search.hits if hit.matches and hit.line.number <= last]
        call = None
        if len(numbers) < search.matches:
            notes.append(f"The first {len(numbers):,} of {search.matches:,} matching lines are shown.")
            call = query.call(search=query.search, cursor=str(LogCursor(query.log, numbers[-1] + 1)))
            if query.context_lines != CONTEXT_LINES:
                call["context_lines"] = query.context_lines
        return LogPage(
            text=_text_of(shown),
            total_lines=total_lines,
            first_line=shown[0].first,
            last_line=last,
            matches=search.matches,
            left_out=_joined(notes),
            next=call,
        )

    async def _failed_first(self, parts: AsyncIterator[LogPart]) -> LogPage:
        query = self._query
        most = min(FAILED_INSTANCES_SHOWN, max(1, query.room // _CHARACTERS_FOR_AN_INSTANCE))
        chosen = list(islice(query.failed, most))
        tails = InstanceTails(chosen, query.tail_lines, Tail(self._kept_lines))
        total_lines, is_ended = await read_blocks(parts, tails.feed)
        if not any(tail.total for tail in tails.of.values()):
            return self._end(tails.others, total_lines, is_ended)
        others = self._prepared(tails.others.result()).end(query.tail_lines)
        room = query.room - _SECTION_CHARACTERS * (len(chosen) + 1)
        others_room = room // 4 if others else 0
        failed_room = (room - others_room) // len(chosen)
        sections: list[str] = []
        cut: list[int] = []
        folded_lines = 0
        for instance_id, tail in tails.of.items():
            lines = [Line(line.number, self._prepare(line.text)) for line in tail.lines]
            shown = _last_within(self._passages(lines, failed_room), failed_room)
            count = sum(1 for line in lines if shown and line.number >= shown[0].first)
            folded_lines += _folded_lines(shown)
            if count < tail.total:
                cut.append(instance_id)
            what = f"last {count:,} of {tail.total:,} lines" if tail.total else f"nothing in {query.log_type}"
            sections.append(f"== instance {instance_id}, failed: {what} ==\n{_text_of(shown)}".rstrip())
        if others:
            shown = _last_within(self._passages(others, others_room), others_room)
            folded_lines += _folded_lines(shown)
            sections.append(f"== the other instances, last lines ==\n{_text_of(shown)}")
        notes = [f"The log of all instances has {total_lines:,} lines; those of failed instances come first."]
        rest = len(query.failed) - len(chosen)
        if rest:
            notes.append(f"{rest:,} more failed instances are not shown: {cut_middle(str(query.failed), 200)} failed.")
        return LogPage(
            text="\n".join(sections),
            total_lines=total_lines,
            folded_lines=folded_lines,
            left_out=_joined(notes),
            next=query.call(instance_id=cut[0]) if cut else None,
        )


def _last_within(passages: Sequence[Passage], max_characters: int) -> list[Passage]:
    return _first_within(passages[::-1], max_characters)[::-1]


def _first_within(passages: Sequence[Passage], max_characters: int) -> list[Passage]:
    room = max_characters
    kept: list[Passage] = []
    for passage in passages:
        # JSON writes a newline, a quote and a backslash as two characters.
        room -= len(passage.text) + sum(map(passage.text.count, ESCAPED)) + 2
        if room < -2:
            break
        kept.append(passage)
    return kept


def _numbered_passages(hits: Sequence[Hit], line_limit: int) -> list[Passage]:
    """Write each line with its number, as grep does: a colon at a match, a hyphen near one, -- at a gap."""
    passages: list[Passage] = []
    for hit in hits:
        number = hit.line.number
        gap = "--\n" if passages and passages[-1].last < number - 1 else ""
        text = f"{gap}{number}{':' if hit.matches else '-'} {cut_middle(hit.line.text, line_limit)}"
        passages.append(Passage(number, number, text))
    return passages


def _place_note(resume: Resume[Head] | Resume[Search]) -> str:
    if resume.place is Place.LOST:
        return (
            "There is a gap: the log has rotated, and the lines that this cursor follows are gone. "
            "This goes on from the oldest line that is kept."
        )
    if resume.place is Place.MOVED:
        return (
            f"The log has rotated: its oldest {resume.moved_lines:,} lines are gone, and lines are counted from the "
            "oldest that is kept. Nothing in between is missing."
        )
    return ""


def _text_of(passages: Sequence[Passage]) -> str:
    return "\n".join([passage.text for passage in passages])


def _folded_lines(passages: Sequence[Passage]) -> int:
    return sum(passage.folded_lines for passage in passages)


def _joined(notes: Sequence[str]) -> str:
    return " ".join(filter(None, notes))
