"""What is read from the API's documents, and what is sent."""

from datetime import UTC, datetime
from typing import Any

import pytest

from qarnot_mcp.qarnot.account import User
from qarnot_mcp.qarnot.errors import UnreadableResponse
from qarnot_mcp.qarnot.profiles import Profile
from qarnot_mcp.qarnot.tasks.models import Constant, Dependency, Task
from qarnot_mcp.qarnot.usage import CarbonFacts
from tests.support.qarnot_api import OTHER_UUID, UUID, task_document


def test_a_whole_task_is_read() -> None:
    document = task_document()
    task = Task.read(document)
    assert (task.uuid, task.name, task.shortname, task.state, task.is_final) == (
        UUID,
        "hello",
        "hello-1",
        "FullyExecuting",
        False,
    )
    assert task.created == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert task.ended is None
    assert task.job_uuid is None
    assert (task.execution_seconds, task.wall_seconds) == (86401.5, 60.0)
    assert task.dependencies == [Dependency(task_uuid=OTHER_UUID)]
    assert (task.instance_count, task.running_instance_count) == (3, 1)
    assert task.constants == [Constant(key="DOCKER_CMD", value="echo hi")]
    assert (task.errors[0].code, task.errors[0].message) == ("E1", "Broken")
    ended = task.completed_instances[0]
    assert (ended.instance_id, ended.attempts, ended.results, ended.wall_seconds) == (0, 2, [], 5.0)
    assert ended.error is not None
    assert ended.error.message == "Exited with 2"
    assert task.status is not None
    assert (task.status.succeeded_range, task.status.cancelled_range, task.status.environment_seconds) == (
        "2",
        "",
        30.0,
    )
    running = task.status.running[0]
    assert (running.instance_id, running.cpu_percent, running.memory_mb, running.attempts) == (1, 48.75, 356, 1)
    assert task.raw == document


def test_nulls_and_missing_fields_read_as_nothing() -> None:
    nulls = dict.fromkeys(task_document()) | {"uuid": UUID, "state": "Success"}
    for task in (Task.read(nulls), Task.read({"uuid": UUID, "state": "Success"})):
        assert task.is_final
        assert (task.name, task.tags, task.labels, task.errors, task.constants) == ("", [], {}, [], [])
        assert (task.instance_count, task.progress, task.status, task.created, task.dependencies) == (
            0,
            0,
            None,
            None,
            [],
        )


@pytest.mark.parametrize(
    "status", [{}, {"runningInstancesInfo": None}, {"runningInstancesInfo": {"perRunningInstanceInfo": None}}]
)
def test_a_status_without_running_instances_has_none(status: dict[str, Any]) -> None:
    task = Task.read(task_document(status=status))
    assert task.status is not None
    assert task.status.running == []


@pytest.mark.parametrize(
    ("counts", "instances"),
    [
        ({"totalInstanceCount": None, "instanceCount": 4}, 4),
        ({"totalInstanceCount": 5, "instanceCount": 0, "advancedRanges": "0-1"}, 5),
        ({"totalInstanceCount": None, "instanceCount": 0, "advancedRanges": "0-2,7"}, 4),
    ],
)
def test_instances_are_counted_in_all_forms(counts: dict[str, Any], instances: int) -> None:
    assert Task.read(task_document(**counts)).instance_count == instances


def test_buckets_and_dependencies_are_read_in_both_forms() -> None:
    task = Task.read(
        task_document(
            resourceBuckets=[],
            advancedResourceBuckets=[{"bucketName": "b1"}, {"bucketName": "b2"}],
            resultBucket=None,
            resultsBucket="r",
            dependencies={
                "dependsOn": None,
                "advancedDependsOn": [
                    {"taskUuid": OTHER_UUID, "taskFinalStateCondition": ["success"], "state": "waiting"}
                ],
            },
        )
    )
    assert (task.resource_buckets, task.result_bucket) == (["b1", "b2"], "r")
    assert task.dependencies == [Dependency(task_uuid=OTHER_UUID, conditions=["success"], state="waiting")]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2014-12-24T15:10:54.8659210Z", datetime(2014, 12, 24, 15, 10, 54, 865921, tzinfo=UTC)),
        ("2014-12-24T15:10:54", datetime(2014, 12, 24, 15, 10, 54, tzinfo=UTC)),
        ("2014-12-24T15:10:54+02:00", datetime(2014, 12, 24, 13, 10, 54, tzinfo=UTC)),
        ("2014-12-24T15:10:54-05:00", datetime(2014, 12, 24, 20, 10, 54, tzinfo=UTC)),
        ("0001-01-01T00:00:00 ", None),
        ("", None),
    ],
)
def test_dates_are_read_in_every_form_the_api_has_used(text: str, moment: datetime | None) -> None:
    assert Task.read(task_document(creationDate=text)).created == moment


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"uuid": None}, "uuid"),
        ({"state": ""}, "state"),
        ({"state": 5}, "state"),
        ({"name": ["a"]}, "name"),
        ({"tags": "a"}, "tags"),
        ({"tags": [None]}, "tags.0"),
        ({"totalInstanceCount": "many"}, "totalInstanceCount"),
        ({"progress": 1e999}, "progress"),
        ({"creationDate": "yesterday"}, "creationDate"),
        ({"creationDate": "9999-12-31T23:59:59-05:00"}, "creationDate"),
        ({"wallTime": "an hour"}, "wallTime"),
        ({"dependencies": {"dependsOn": 5}}, "dependencies"),
        ({"dependencies": {"advancedDependsOn": [5]}}, "dependencies"),
        ({"dependencies": 7}, "dependencies"),
        ({"advancedResourceBuckets": [5], "resourceBuckets": []}, "resourceBuckets"),
        ({"advancedResourceBuckets": 5, "resourceBuckets": []}, "resourceBuckets"),
        ({"labels": []}, "labels"),
        ({"status": {"runningInstancesInfo": [{"phase": "x"}]}}, "status.runningInstancesInfo.0.instanceId"),
        ({"completedInstances": [{}]}, "completedInstances.0.instanceId is missing"),
    ],
)
def test_a_wrong_type_is_named_without_the_validators_text(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(UnreadableResponse) as caught:
        Task.read(task_document(**changes))
    message = str(caught.value)
    assert f"task: {field}" in message
    assert "pydantic" not in message
    assert "validation" not in message


@pytest.mark.parametrize("answer", [None, [], "task", 5])
def test_a_task_is_an_object(answer: object) -> None:
    with pytest.raises(UnreadableResponse, match="a task is not an object"):
        Task.read(answer)


def test_numbers_in_constants_are_text() -> None:
    assert Task.read(task_document(constants=[{"key": "N", "value": 94}])).constants[0].value == "94"
    assert Profile.read({"constants": [{"name": "N", "value": 1.5}], "licenses": None}).constants[0].value == "1.5"


def test_a_negative_time_span_and_a_number_of_seconds_are_read() -> None:
    assert Task.read(task_document(wallTime="-00:00:01")).wall_seconds == -1
    assert Task.read(task_document(wallTime=12.5)).wall_seconds == 12.5


@pytest.mark.parametrize(
    "names",
    [
        ("total_consumed_energy_Wh", "saved_carbon_footprint_percent", "equivalent_datacenter_name"),
        ("totalConsumedEnergyWh", "savedCarbonFootprintPercentage", "comparisonDataCenterName"),
    ],
)
def test_carbon_facts_are_read_under_their_real_and_their_documented_names(names: tuple[str, str, str]) -> None:
    facts = CarbonFacts.read(dict(zip(names, (306.0, 17.7, "Somewhere"), strict=True)))
    assert facts.total_consumed_energy_wh == 306.0
    assert facts.saved_carbon_footprint_percent == 17.7
    assert facts.equivalent_datacenter_name == "Somewhere"
    assert facts.total_energy_it_wh is None


def test_an_account_without_an_address_is_no_account() -> None:
    with pytest.raises(UnreadableResponse, match="user: email is missing"):
        User.read({})
    assert User.read({"email": "a@example.org", "maxTask": 100}).max_task == 100
