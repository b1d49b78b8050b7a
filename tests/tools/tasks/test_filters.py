"""States and moments as callers name them."""

from datetime import UTC, datetime

import pytest

from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.tools.tasks.filters import EVERYDAY_STATES, moment_named, states_named
from qarnot_mcp.tools.tasks.list_tasks import ListTasks
from tests.support.arguments import refusal_of

NOW = datetime(2026, 11, 26, 12, 30, tzinfo=UTC)


def test_states_are_read_in_any_case_and_in_groups() -> None:
    assert states_named("") == ()
    assert states_named("success, fullyexecuting") == ("Success", "FullyExecuting")
    assert states_named("fully executing") == ("FullyExecuting",)
    assert states_named("finished,Failure") == ("Cancelled", "Success", "Failure")
    assert states_named("failed") == ("Failure",)
    assert "Submitted" in states_named("active")
    assert "Success" not in states_named("active")


@pytest.mark.parametrize(("word", "meant"), EVERYDAY_STATES.items())
def test_everyday_words_for_states_are_understood(word: str, meant: str) -> None:
    assert states_named(word.title()) == states_named(meant)


def test_an_unknown_state_is_refused_with_the_closest_one() -> None:
    message = refusal_of(ListTasks, state="Succes")
    assert message.startswith("state is 'Succes'")
    assert "Did you mean Success" in message
    assert "PartiallyDispatched" in message


def test_a_state_like_no_other_is_refused_with_all_of_them() -> None:
    assert "Did you mean" not in refusal_of(ListTasks, state="zzz")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("24h", datetime(2026, 11, 25, 12, 30, tzinfo=UTC)),
        ("7d", datetime(2026, 11, 19, 12, 30, tzinfo=UTC)),
        ("30 M", datetime(2026, 11, 26, 12, 0, tzinfo=UTC)),
        ("2w", datetime(2026, 11, 12, 12, 30, tzinfo=UTC)),
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20T08:00", datetime(2026, 11, 20, 8, tzinfo=UTC)),
        ("2026-11-20T08:00:00+02:00", datetime(2026, 11, 20, 6, tzinfo=UTC)),
    ],
)
def test_a_moment_is_a_date_or_how_long_ago(given: str, meant: datetime) -> None:
    assert moment_named(given, NOW) == meant


@pytest.mark.parametrize("given", ["yesterday", "", "7", "-7d", "99999w", "2026-13-01", "20261120", "1" * 5000 + "d"])
def test_anything_else_is_refused_with_what_is_valid(given: str) -> None:
    with pytest.raises(InvalidArgument, match="2026-11-20"):
        moment_named(given, NOW)
