import pytest

from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.tools.tasks.get_task import note_on_wait
from tests.support.qarnot_api import task_document


@pytest.mark.parametrize("seconds", [0, 45])
def test_a_wait_within_the_bound_needs_no_word(seconds: float) -> None:
    assert note_on_wait(seconds, 45, Task.read(task_document())) == ""


@pytest.mark.parametrize(("state", "more"), [("FullyExecuting", " Call again to wait on."), ("Success", "")])
def test_a_longer_wait_is_shortened_and_says_so(state: str, more: str) -> None:
    note = note_on_wait(600, 45, Task.read(task_document(state=state)))
    assert note == f"wait_seconds was 600; one call waits at most 45 seconds.{more}"
