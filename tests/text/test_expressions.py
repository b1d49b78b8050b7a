"""Searching with RE2, and without it, as where there is no wheel of it."""

import re
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastmcp import Client
from hypothesis import given
from hypothesis import strategies as st

from qarnot_mcp.text.expressions import load_re2, plain_text_of, required_texts
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


@pytest.mark.parametrize(
    ("expression", "texts"),
    [
        ("error", ["error"]),
        ("(error|warn)", ["error", "warn"]),
        (r"(?i)frame 9\d+ of \d+ failed", ["frame 9"]),
        (r"main\(\)", ["main()"]),
        (r"[]|]abc|[[:alpha:](]+def", ["abc", "def"]),
        ("[]|]abc|[^]x]def", ["abc", "def"]),
        ("ab*cd", ["cd"]),
        ("abc{0}", ["ab"]),
        ("a|", None),
        ("ab?|", None),
        ("(?i:ab)", None),
        ("(?P<n>ab)", None),
        ("(ab)*cd", ["cd"]),
        (r"(?:[0-9]+|\))step (?P<n>\d+)", ["step "]),
        ("((ab))cd", None),
        ("(?m)ab", None),
        (r"\x41bc", None),
        (r"\Qa.b\E", None),
    ],
)
def test_what_an_expression_requires_is_told_where_it_is_simple(expression: str, texts: list[str] | None) -> None:
    required = required_texts(expression)
    assert (required and required.texts) == texts


EXPRESSION_PARTS = [
    *"abc.|*?+^$",
    r"\.",
    r"\d",
    r"\|",
    "[ab]",
    "[^]a]",
    "[]|]",
    r"[\]a]",
    "{2}",
    "{0,1}",
    "{,2}",
    "(",
    ")",
    "(?:",
]


@given(
    st.lists(st.sampled_from(EXPRESSION_PARTS), min_size=1, max_size=8).map("".join),
    st.booleans(),
    st.text("abcABC.1|]{,2}", max_size=12),
)
def test_what_an_expression_requires_stands_in_all_that_it_matches(
    expression: str, ignores_case: bool, text: str
) -> None:
    re2: Any = load_re2()
    expression = f"(?i){expression}" if ignores_case else expression
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(expression, options)
    except re2.error:
        return
    required = required_texts(expression)
    if required is not None and compiled.search(text):
        assert required.ignores_case == ignores_case
        found = text.lower() if ignores_case else text
        assert any((word.lower() if ignores_case else word) in found for word in required.texts)
