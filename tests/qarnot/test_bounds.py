"""Every field of every document of the API is bounded and cleaned where it enters, however large or odd it is."""

import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError

import qarnot_mcp.qarnot
from qarnot_mcp.qarnot.fields import LONG_CHARACTERS, MAX_INSTANCES, MAX_NUMBER, Record
from qarnot_mcp.qarnot.ranges import RANGES_CHARACTERS, Ranges
from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.text.cleaning import clean_text
from qarnot_mcp.tools.failures.grouping import explain
from qarnot_mcp.tools.tasks.details import TaskDetails
from qarnot_mcp.tools.tasks.view_data import view_meta
from tests.support.qarnot_api import UUID

GIANT = "a\u202eb\x1b]0;x\x90" * 20_000
MANY = MAX_INSTANCES + 1
HOSTILE: tuple[Any, ...] = (
    GIANT,
    10**40,
    -(10**40),
    1e300,
    -1e300,
    [GIANT] * 3,
    ["a"] * MANY,
    {GIANT: GIANT},
    {str(number): "a" for number in range(MANY)},
    [{f"f{number}": GIANT for number in range(200)}] * 200,
    {"dependsOn": ["a"] * MANY, "advancedDependsOn": [{"taskUuid": "a"}] * MANY},
)
WHOLE = {("Task", "raw"), ("Page", "data"), ("ConstraintPage", "data")}
"""What is bounded by who reads it, entry by entry or in all."""
VERBATIM = {"key", "value", "labels", "results_whitelist", "results_blacklist"}
"""What a second run takes over: escaped where it is shown."""


def records(kind: type[Record] = Record) -> Iterator[type[Record]]:
    for info in pkgutil.walk_packages(qarnot_mcp.qarnot.__path__, "qarnot_mcp.qarnot."):
        importlib.import_module(info.name)
    for each in kind.__subclasses__():
        yield each
        yield from records(each)


@pytest.mark.parametrize("kind", sorted(set(records()), key=str))
def test_no_field_of_the_api_is_as_long_as_it_likes(kind: type[Record]) -> None:
    for name, field in kind.model_fields.items():
        if (kind.__name__, name) in WHOLE:
            continue
        type_: Any = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
        adapter = TypeAdapter(type_)
        for value in HOSTILE:
            try:
                read = adapter.validate_python(value)
            except (ValidationError, ValueError):
                continue
            assert_bounded(read, name, is_clean=name not in VERBATIM)


def assert_bounded(value: Any, name: str, *, is_clean: bool) -> None:
    if isinstance(value, str):
        assert len(value) <= max(LONG_CHARACTERS, RANGES_CHARACTERS), name
        assert not is_clean or clean_text(value) == value, name
    elif isinstance(value, int | float):
        assert abs(value) <= MAX_NUMBER, name
    elif isinstance(value, list | dict):
        assert len(value) <= MAX_INSTANCES, name
        for part in list(value.values() if isinstance(value, dict) else value)[:3]:
            assert_bounded(part, name, is_clean=is_clean and isinstance(value, list))


def test_instances_with_ids_that_none_can_have_are_left_out() -> None:
    odd = [{"instanceId": number} for number in (0, -1, 10**11, 2**31, 2**31 - 1)]
    task = Task.read(
        {"uuid": UUID, "state": "Success", "status": {"runningInstancesInfo": odd}, "completedInstances": odd}
    )
    assert task.status is not None
    assert [one.instance_id for one in task.status.running] == [0, 2**31 - 1]
    assert [one.instance_id for one in task.completed_instances] == [0, 2**31 - 1]


def large_task(instances: int) -> Task:
    """Return a failed task with many instances of every kind, and ids that no instance can have."""
    running = [{"instanceId": number * 3} for number in range(instances)]
    failed = [
        {"instanceId": number * 3 + 1, "state": "Failure", "error": {"message": f"exit code {number % 200}"}}
        for number in range(instances)
    ]
    odd = [{"instanceId": -1}, {"instanceId": 10**11}]
    cancelled = ",".join(str(number * 3 + 1) for number in range(0, min(instances, 20_000), 2))
    status = {"runningInstancesInfo": {"perRunningInstanceInfo": [*odd, *running]}, "cancelledRange": cancelled}
    counts = {"totalInstanceCount": 3 * instances, "runningInstanceCount": instances}
    return Task.read(
        {"uuid": UUID, "state": "Failure", "status": status, "completedInstances": [*odd, *failed], **counts}
    )


def test_twenty_thousand_instances_and_odd_ids_are_a_bounded_answer() -> None:
    task = large_task(20_000)
    details = TaskDetails.of(task, now=datetime.now(UTC), failure=explain(task, {}))
    assert details.instances.running == 20_000
    assert len(details.model_dump_json()) < 10_000
    assert len(str(view_meta(task))) < 100_000


def test_explaining_a_failure_is_not_quadratic_in_its_instances() -> None:
    small, large = large_task(250), large_task(1_000)
    assert lines_run(lambda: explain(large, {})) < 6 * lines_run(lambda: explain(small, {}))


def test_looking_ids_up_in_ranges_is_not_quadratic() -> None:
    def lookups(count: int) -> None:
        ranges = Ranges.of(range(0, 2 * count, 2))
        assert sum(number in ranges for number in range(2 * count)) == count

    assert lines_run(lambda: lookups(2_000)) < 6 * lines_run(lambda: lookups(500))


def test_quadratic_work_is_recognised() -> None:
    def pairs(count: int) -> int:
        return sum(first == second for first in range(count) for second in range(count))

    assert lines_run(lambda: pairs(80)) > 6 * lines_run(lambda: pairs(20))


def lines_run(work: Callable[[], object]) -> int:
    """Count the lines of Python that some work runs, each round of a loop included: a time would vary."""
    lines = 0

    def count(*_: object) -> Callable[..., Any]:
        nonlocal lines
        lines += 1
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        work()
    finally:
        sys.settrace(before)
    return lines
