"""The computing of a log: off the event loop, in short pieces, and ended where it costs too much."""

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import pytest

from qarnot_mcp.qarnot.errors import InvalidArgument, TooCostly
from qarnot_mcp.tools.logs.lines import PIECE_CHARACTERS, pieces_of
from qarnot_mcp.tools.logs.selection import compile_search
from qarnot_mcp.tools.logs.work import LogWork

T = TypeVar("T")


async def test_a_piece_is_computed_off_the_event_loop() -> None:
    assert await LogWork().do(threading.get_ident) != threading.get_ident()


async def test_a_call_that_computes_too_long_ends_before_its_next_piece() -> None:
    times = iter(range(0, 1000, 4))
    work = LogWork("", 10.0, clock=lambda: next(times))
    done: list[int] = []
    for number in range(3):
        await work.do(partial(done.append, number))
    with pytest.raises(TooCostly, match="more than 10 s of computing"):
        await work.do(partial(done.append, 3))
    assert done == [0, 1, 2]


@pytest.mark.parametrize(("seconds", "turns"), [(0.0, 1), (1.0, 4)])
async def test_short_pieces_share_a_turn_and_long_ones_do_not(seconds: float, turns: int) -> None:
    now = 0.0
    done: list[int] = []

    def piece(number: int) -> None:
        nonlocal now
        now += seconds
        done.append(number)

    work = Turns("", 10.0, clock=lambda: now)
    await work.do_all(partial(piece, number) for number in range(3))
    assert done == [0, 1, 2]
    assert work.count == turns


class Turns(LogWork):
    """Counts the turns of a thread."""

    count = 0

    async def do(self, piece: Callable[[], T]) -> T:
        self.count += 1
        return await super().do(piece)


async def test_a_call_that_computes_too_long_ends_between_pieces_that_are_done_together() -> None:
    times = iter(range(0, 1000, 4))
    work = LogWork("", 10.0, clock=lambda: next(times))
    done: list[int] = []
    with pytest.raises(TooCostly):
        await work.do_all(partial(done.append, number) for number in range(9))
    assert 0 < len(done) < 9


async def test_one_caller_does_not_fill_the_threads_for_logs() -> None:
    goes_on, begun = threading.Event(), threading.Event()

    def slow_piece() -> None:
        begun.set()
        goes_on.wait()

    slow = [asyncio.create_task(LogWork("greedy").do(slow_piece)) for _ in range(8)]
    await asyncio.to_thread(begun.wait)
    assert await LogWork("other").do(lambda: "served") == "served"
    assert not any(task.done() for task in slow)
    goes_on.set()
    await asyncio.gather(*slow)


@pytest.mark.parametrize("line", ["x" * 100, "y" * 16_000])
def test_text_is_prepared_in_pieces_of_whole_lines(line: str) -> None:
    text = f"{line}\n" * 3_000
    pieces = list(pieces_of(text))
    assert "".join(pieces) == text
    assert all(len(piece) <= PIECE_CHARACTERS and piece.endswith("\n") for piece in pieces[:-1])


@pytest.mark.parametrize("expression", ["(1.{0,900}){1}[2-9]", "(a.{0,100}){9}b", "[^a]{0,1000}b"])
def test_no_search_is_made_that_holds_up_a_thread(expression: str) -> None:
    with pytest.raises(InvalidArgument, match="cheaper to search for"):
        compile_search(expression)


@pytest.mark.parametrize("expression", ["error.{0,200}timeout", "(?i)warn|error", r"step \\d+ .*loss"])
def test_ordinary_searches_are_cheap_enough(expression: str) -> None:
    compile_search(expression)
