import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.tools.answers import FAILURE_CHARACTERS
from qarnot_mcp.tools.failures.grouping import (
    LogTail,
    exit_code_of,
    explain,
    groups_to_explain,
    machine_memory_mb,
)
from qarnot_mcp.tools.failures.report import RETRIES, TaskError

SPECIFICATION = "8c-32g-amd-rz3700x"


def instance(number: int, message: str | None = "Exited with code 2", **more: Any) -> dict[str, Any]:
    error = {"code": "EXIT", "message": message} if message is not None else None
    return {"instanceId": number, "state": "Failure", "error": error, "specificationKey": SPECIFICATION} | more


def failed_task(*instances: dict[str, Any], **more: Any) -> Task:
    return Task.read(
        {
            "uuid": "52c10b2d-0687-41e1-985e-7279f6dd543a",
            "name": "t",
            "state": "Failure",
            "profile": "docker-batch",
            "instanceCount": 10,
            "completedInstances": list(instances),
        }
        | more
    )


def characters_of(task: Task, tails: dict[int | None, LogTail]) -> int:
    return len(explain(task, tails).model_dump_json(exclude_none=True))


def test_instances_that_failed_alike_are_one_group() -> None:
    task = failed_task(
        instance(0, "Instance 0 exited with code 2", executionAttemptCount=1, peakMemoryMB=100),
        instance(1, "Instance 1 exited with code 2", executionAttemptCount=3, peakMemoryMB=900),
        instance(2, "Instance 2 exited with code 2", executionAttemptCount=1),
        instance(7, "Instance 7 exited with code 1"),
        instance(8, None, state="Success"),
    )
    first, second = groups_to_explain(task)
    assert (str(first.instances), first.count, first.exit_code, first.label) == ("0-2", 3, 2, "exit code 2")
    assert (first.attempts, first.peak_memory_mb, first.machine_memory_mb) == (3, 900, 32_000)
    assert first.instance_id == 0
    assert (str(second.instances), second.count, second.exit_code) == ("7", 1, 1)


def test_cancelled_instances_did_not_fail() -> None:
    task = failed_task(instance(0), instance(1), status={"cancelledRange": "1", "failedOnlyRange": "0"})
    assert [str(group.instances) for group in groups_to_explain(task)] == ["0"]


def test_a_task_that_failed_before_any_instance_ended_is_one_group() -> None:
    task = failed_task(errors=[{"code": "E1", "message": "No such bucket: data"}], status={"failedOnlyRange": "0-9"})
    (group,) = groups_to_explain(task)
    assert (str(group.instances), group.count, group.label) == ("0-9", 10, "E1")
    report = explain(task, {})
    assert report.summary == "10 of 10 instances failed."
    assert report.groups[0].error == TaskError(code="E1", message="No such bucket: data")
    assert report.groups[0].signature == "missing bucket"
    assert report.hint is not None
    assert "resource_buckets" in report.hint


def test_a_task_that_tells_nothing_still_has_an_explanation() -> None:
    task = failed_task(status={"failedOnlyRange": "nonsense"})
    (group,) = groups_to_explain(task)
    assert (group.instance_id, group.label) == (None, "no error reported")
    report = explain(task, {None: LogTail("stdout", "last words")})
    assert report.summary == "The task failed."
    assert report.groups[0].log_tail == "last words"
    assert report.hint is None


def test_at_most_four_groups_are_explained_and_the_rest_is_counted() -> None:
    task = failed_task(*[instance(number, f"Exited with code {number}") for number in range(1, 8)])
    assert len(groups_to_explain(task)) == 4
    report = explain(task, {})
    assert len(report.groups) == 4
    assert report.summary == "7 of 10 instances failed, in 7 ways; the 4 largest groups follow."


def test_a_group_carries_its_error_its_memory_and_its_log() -> None:
    task = failed_task(
        instance(3, "Killed: out of memory (exit code 137)", peakMemoryMB=31_980, executionAttemptCount=2),
        instance(5, "Exited with code 1", peakMemoryMB=100),
    )
    tails: dict[int | None, LogTail] = {
        3: LogTail("stderr", "loading\nKilled"),
        5: LogTail("stdout", 'ValueError: "x"'),
    }
    report = explain(task, tails)
    assert json.loads(report.model_dump_json(exclude_none=True)) == {
        "summary": "2 of 10 instances failed, in 2 ways.",
        "cause": "memory",
        "retry_helps": False,
        "retry_reason": RETRIES["memory"].reason,
        "groups": [
            {
                "signature": "out of memory",
                "instances": "3",
                "count": 1,
                "error": {"code": "EXIT", "message": "Killed: out of memory (exit code 137)"},
                "attempts": 2,
                "peak_memory_mb": 31_980,
                "machine_memory_mb": 32_000,
                "log_type": "stderr",
                "log_tail": "loading\nKilled",
            },
            {
                "signature": "exit code 1",
                "instances": "5",
                "count": 1,
                "error": {"code": "EXIT", "message": "Exited with code 1"},
                "peak_memory_mb": 100,
                "machine_memory_mb": 32_000,
                "log_type": "stdout",
                "log_tail": 'ValueError: "x"',
            },
        ],
        "hint": report.hint,
    }
    assert report.hint is not None
    assert "MinimumRamHardwareConstraint" in report.hint


def test_full_memory_tells_even_where_the_error_does_not() -> None:
    report = explain(failed_task(instance(0, "Exited with code 1", peakMemoryMB=31_500)), {})
    assert report.groups[0].signature == "out of memory"


def test_the_command_of_the_task_can_explain_it() -> None:
    task = failed_task(instance(0), constants=[{"key": "DOCKER_CMD", "value": "echo a && false"}])
    assert explain(task, {}).groups[0].signature == "missing sh -c"


def test_an_empty_log_is_left_out() -> None:
    group = explain(failed_task(instance(0)), {0: LogTail("stderr", " \n")}).groups[0]
    assert (group.log_type, group.log_tail) == (None, None)


def test_the_end_of_a_long_log_is_kept_within_the_limit() -> None:
    text = "\n".join(f"line {number}" for number in range(2000))
    task = failed_task(instance(0))
    report = explain(task, {0: LogTail("stderr", text)})
    assert report.groups[0].log_tail is not None
    assert report.groups[0].log_tail.endswith("line 1999")
    assert FAILURE_CHARACTERS - 100 < characters_of(task, {0: LogTail("stderr", text)}) <= FAILURE_CHARACTERS


def test_a_log_of_one_endless_line_keeps_both_its_ends() -> None:
    text = "start" + "x" * 20_000 + "end"
    tail = explain(failed_task(instance(0)), {0: LogTail("stderr", text)}).groups[0].log_tail
    assert tail is not None
    assert tail.startswith("start")
    assert tail.endswith("end")


def test_secrets_in_errors_are_hidden() -> None:
    task = failed_task(instance(0, "pull https://me:hunter2@host failed"), errors=[{"message": "token=abc123 bad"}])
    said = explain(task, {}).model_dump_json()
    assert "hunter2" not in said
    assert "abc123" not in said


@pytest.mark.parametrize("character", ["x", '"', "\\", "\n", "é", "\t"])
def test_the_report_is_never_longer_than_its_limit(character: str) -> None:
    ids = [number * 2 for number in range(400)]
    task = failed_task(
        *[
            instance(
                number, f"{'abcdefgh'[number % 8]} {character * 3000}", peakMemoryMB=31_999, executionAttemptCount=9
            )
            for number in ids
        ],
        errors=[{"code": character * 100, "message": character * 3000}],
        instanceCount=800,
    )
    tails: dict[int | None, LogTail] = {
        group.instance_id: LogTail("stderr", f"{character * 7000}\n{character * 900}")
        for group in groups_to_explain(task)
    }
    assert characters_of(task, tails) <= FAILURE_CHARACTERS


def test_the_smallest_groups_give_way_where_even_the_errors_are_too_long() -> None:
    quotes = '"' * 240
    task = failed_task(
        *[
            instance(
                2 * number,
                error={"code": f"{'abcd'[number % 4]}{quotes}"[:40], "message": quotes},
                executionAttemptCount=100,
                peakMemoryMB=31_999,
            )
            for number in range(200)
        ],
        errors=[{"code": quotes[:40], "message": f"another: {quotes}"}],
    )
    report = explain(task, {})
    assert len(report.groups) == 3
    assert len(report.model_dump_json(exclude_none=True)) <= FAILURE_CHARACTERS


@given(st.lists(st.text(st.sampled_from('ab"\\é\n\t'), max_size=3000), min_size=4, max_size=4))
def test_tails_share_the_room(texts: list[str]) -> None:
    task = failed_task(*[instance(number, f"Exited with code {number}") for number in range(4)])
    tails: dict[int | None, LogTail] = {number: LogTail("stdout", text) for number, text in enumerate(texts)}
    assert characters_of(task, tails) <= FAILURE_CHARACTERS


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("Instance 1 exited with code 2", 2),
        ("Exited with code 137", 137),
        ("exit status 1", 1),
        ("command terminated with exit code 3", 3),
        ("killed (exit code: 9)", 9),
        ("ExitCode=5", 5),
        ("returned 4", 4),
        ("The task was cancelled", None),
        ("exit in 2024 steps", None),
    ],
)
def test_the_exit_code_is_read_from_the_message(message: str, code: int | None) -> None:
    assert exit_code_of(message) == code


@pytest.mark.parametrize(
    ("key", "memory"),
    [("32c-128g-amd-tr2990wx-ssd", 128_000), ("8c-32g", 32_000), ("8c-amd-rz3700g", None), (None, None)],
)
def test_the_memory_of_a_machine_is_read_from_its_key(key: str | None, memory: int | None) -> None:
    assert machine_memory_mb(key) == memory
