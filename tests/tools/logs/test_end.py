"""The end of a log: the same as from reading all of it, however little of it was decoded."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from hypothesis import example, given
from hypothesis import strategies as st

from qarnot_mcp.qarnot.tasks.logs import LogPart
from qarnot_mcp.tools.logs.lines import Line, read_blocks
from qarnot_mcp.tools.logs.selection import Tail
from qarnot_mcp.tools.logs.skim import read_end
from qarnot_mcp.tools.logs.work import LogWork
from tests.support.log_pages import split_at, stream

T = TypeVar("T")
Seen = tuple[list[Line], int, bool]


def end_of(pieces: list[str], lines: int, max_waiting_bytes: int) -> Seen:
    tail, total, is_ended = asyncio.run(read_end(stream(pieces), lines, LogWork(), max_waiting_bytes))
    return tail.result().end(lines), total, is_ended


def end_of_all(pieces: list[str], lines: int) -> Seen:
    tail = Tail(lines)
    total, is_ended = asyncio.run(read_blocks(stream(pieces), tail.feed, LogWork()))
    return tail.result().end(lines), total, is_ended


@given(
    st.lists(st.text(st.sampled_from('ab"\\té'), max_size=6), max_size=40),
    st.booleans(),
    st.lists(st.integers(0, 200), max_size=30),
    st.integers(1, 12),
    st.integers(1, 60),
)
@example(["a"] * 30, True, list(range(0, 60, 3)), 3, 1000)
@example(["a" * 20] * 10, False, list(range(0, 200, 3)), 2, 10)
def test_the_end_is_that_of_the_whole_log(
    texts: list[str], is_ended: bool, places: list[int], lines: int, max_waiting_bytes: int
) -> None:
    pieces = split_at("\n".join(texts) + ("\n" if is_ended else ""), places)
    assert end_of(pieces, lines, max_waiting_bytes) == end_of_all(pieces, lines)


class Unread(LogPart):
    """A part that nobody may decode."""

    @property
    def text(self) -> str:
        raise AssertionError("decoded")


async def test_what_comes_before_the_end_is_counted_and_not_decoded() -> None:
    async def parts() -> AsyncIterator[LogPart]:
        for _ in range(1000):
            yield Unread(raw=rb"a\nb\nc")
        yield LogPart(raw=rb"\nx\ny\nz\n")

    tail, total, is_ended = await read_end(parts(), 2, LogWork())
    assert tail.result().end(2) == [Line(2003, "y"), Line(2004, "z")]
    assert (total, is_ended) == (2004, True)


class Watched(LogWork):
    """Counts what is done off the event loop."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[Callable[[], object]] = []

    async def do(self, piece: Callable[[], T]) -> T:
        self.done.append(piece)
        return await super().do(piece)


async def test_what_is_broken_is_repaired_off_the_event_loop_and_its_lines_count() -> None:
    broken = [LogPart(raw=rb"a\xb\n", is_broken=True) for _ in range(3)]

    async def parts() -> AsyncIterator[LogPart]:
        for part in broken:
            yield part

    work = Watched()
    tail, total, is_ended = await read_end(parts(), 1, work)
    assert [part.repair for part in broken] == [piece for piece in work.done if piece in [p.repair for p in broken]]
    assert tail.result().end(1) == [Line(3, r"a\xb")]
    assert (total, is_ended) == (3, True)
