"""Each of thirty mistakes is said beforehand, by the check as by the submit, and only what may be meant starts.

Run as a program it prints what is said as a table in Markdown: `python -m tests.tools.tasks.test_thirty_mistakes`.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastmcp import Client

from tests.support.running_server import running_server, text_of
from tests.tools.tasks.thirty_mistakes import MISTAKES, Mistake


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[Client[Any]]:
    async with running_server() as server, server.client() as client:
        yield client


async def said(client: Client[Any], mistake: Mistake, *, validate_only: bool) -> tuple[str, bool]:
    """Return what is said of a mistake, and whether it was refused."""
    arguments = mistake.call | ({"validate_only": True} if validate_only else {})
    result = await client.call_tool("submit_task", arguments, raise_on_error=False)
    if result.is_error:
        return text_of(result), True
    assert result.structured_content is not None
    assert result.structured_content["started"] is not validate_only
    return " ".join(result.structured_content.get("warnings", [])), False


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
async def test_a_mistake_is_said_beforehand_and_starts_only_where_it_may_be_meant(
    client: Client[Any], mistake: Mistake
) -> None:
    for validate_only in (True, False):
        text, is_refused = await said(client, mistake, validate_only=validate_only)
        assert mistake.says in text
        assert is_refused is not mistake.starts


async def test_there_are_thirty_of_them() -> None:
    assert len({mistake.name for mistake in MISTAKES}) >= 30


async def table() -> None:
    """Print the table."""
    sys.stdout.write("| mistake | validate_only says | submit says | starts |\n|---|---|---|---|\n")
    async with running_server() as server, server.client() as client:
        for mistake in MISTAKES:
            cells = [mistake.name]
            for validate_only in (True, False):
                text, is_refused = await said(client, mistake, validate_only=validate_only)
                cells.append(text.replace("|", "\\|"))
            same = "the same" if cells[1] == cells[2] else cells[2]
            sys.stdout.write(f"| {cells[0]} | {cells[1]} | {same} | {'no' if is_refused else 'yes'} |\n")


if __name__ == "__main__":
    asyncio.run(table())
