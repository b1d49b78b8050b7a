import pytest

from qarnot_mcp.tools.tasks.filters import EVERYDAY_STATES, states_named
from qarnot_mcp.tools.tasks.list_tasks import ListTasks
from tests.support.arguments import refusal_of


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
