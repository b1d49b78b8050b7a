"""The cause of a failure, and whether the same task again could succeed."""

from typing import get_args

import pytest

from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.tools.failures.explain import REASON_CHARACTERS, one_line_reason
from qarnot_mcp.tools.failures.grouping import LogTail, explain
from qarnot_mcp.tools.failures.report import RETRIES, Cause
from tests.support.qarnot_api import task_document


def failed(message: str) -> Task:
    error = {"code": "E1", "message": message}
    return Task.read(task_document(state="Failure", errors=[error], completedInstances=[], status=None))


def test_every_cause_says_whether_a_retry_helps() -> None:
    assert RETRIES.keys() == set(get_args(Cause))


@pytest.mark.parametrize(
    ("message", "cause", "helps"),
    [
        ("manifest for x not found", "image", False),
        ("executable file not found", "command", False),
        ("out of memory (exit code 137)", "memory", False),
        ("exited with code 3", "user code", False),
        ("the instance was preempted", "preempted", True),
        ("maximum execution time reached", "time", False),
        ("no licence server", "licence", True),
        ("something went wrong at the site", "platform", True),
        ("maximum number of tasks reached", "platform", True),
        ("No such bucket: in", "command", False),
    ],
)
def test_a_failure_has_a_cause_and_says_whether_a_retry_helps(message: str, cause: Cause, helps: bool) -> None:
    report = explain(failed(message), {})
    assert (report.cause, report.retry_helps) == (cause, helps)
    assert report.retry_reason


def test_a_reason_is_one_line_of_80_characters_whatever_was_printed() -> None:
    reason = one_line_reason(failed("exited with code 3"), LogTail("stderr", "first\n" + "é\u202e\t" * 500))
    assert reason.startswith("user code: exit code 3: é")
    assert len(reason) == REASON_CHARACTERS
    assert "\n" not in reason
    assert "\u202e" not in reason


def test_a_secret_in_an_error_is_in_no_reason() -> None:
    assert "hunter2hunter2" not in one_line_reason(failed("login failed: password=hunter2hunter2"), None)
