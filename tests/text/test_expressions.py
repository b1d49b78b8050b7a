"""Searching with RE2, and without it, as where there is no wheel of it."""

import re
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastmcp import Client

from qarnot_mcp.text.expressions import load_re2, plain_text_of
from tests.support.running_server import call, ended, refusal, running_server, submitted


@pytest.fixture
def without_re2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)  # importing it fails, as where it is not installed


@pytest.fixture
async def client(without_re2: None) -> AsyncIterator[Client[Any]]:
    async with running_server() as server, server.client() as client:
        yield client


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("error", "error"),
        ("a b-c, 'd' é", "a b-c, 'd' é"),
        (r"1\.5 \(s\)", "1.5 (s)"),
        (r"\\", "\\"),
        ("a.b", None),
        ("a|b", None),
        (r"\d", None),
        ("(a)", None),
        ("a\\", None),
        ("^a", None),
        ("", None),
    ],
)
def test_what_of_an_expression_is_plain_text(expression: str, text: str | None) -> None:
    plain = plain_text_of(expression)
    assert (plain.text if plain else None) == text
    if plain is not None:
        assert re.search(expression, plain.text)


def test_a_text_is_found_in_any_case_where_the_expression_asks_for_it() -> None:
    plain = plain_text_of("(?i)ERROR: x")
    assert plain is not None
    anywhere, lines = plain.compile()
    assert anywhere.search(b"an error: X")
    assert [match[0] for match in lines.finditer(b"one\nan error: x.\nError: X\n")] == [b"an error: x.", b"Error: X"]


def test_re2_is_there_unless_it_is_not_installed(without_re2: None) -> None:
    assert load_re2() is None


async def test_without_re2_a_log_is_searched_for_plain_text_and_all_else_is_refused_in_a_sentence(
    client: Client[Any],
) -> None:
    uuid = await submitted(client, "sh -c 'echo one 1.5 && echo two'")
    await ended(client, uuid)
    found = await call(client, "get_task_logs", task_uuid=uuid, search=r"e 1\.5")
    assert "one 1.5" in found["text"]
    assert found["text"].startswith("1:")
    said = await refusal(client, "get_task_logs", task_uuid=uuid, search="(a|b)+")
    assert "This server runs without RE2 (the package google-re2), so that it searches for plain text only" in said


async def test_without_re2_the_rest_works(client: Client[Any]) -> None:
    uuid = await submitted(client, tags=["a"])
    await ended(client, uuid)
    assert [row["uuid"] for row in (await call(client, "list_tasks", name="tes"))["tasks"]] == [uuid]
    assert "hello" in (await call(client, "get_task_logs", task_uuid=uuid))["text"]
