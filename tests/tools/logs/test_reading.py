"""What is read beside a task: never more than it is worth."""

from collections.abc import AsyncIterator

import pytest

from qarnot_mcp.qarnot.tasks.logs import LogPart
from qarnot_mcp.tools.logs.reading import LINE_LOG_BYTES, within_a_million_bytes


async def test_the_last_line_of_a_long_log_is_not_waited_for() -> None:
    taken = 0

    async def endless() -> AsyncIterator[LogPart]:
        nonlocal taken
        while True:
            taken += 1
            yield LogPart("x" * (LINE_LOG_BYTES // 2))

    with pytest.raises(TimeoutError):
        [part async for part in within_a_million_bytes(endless())]
    assert taken == 3


async def test_a_short_log_is_gone_through() -> None:
    async def short() -> AsyncIterator[LogPart]:
        yield LogPart("a\n")
        yield LogPart(raw=rb"b\n")

    assert [part.text async for part in within_a_million_bytes(short())] == ["a\n", "b\n"]
