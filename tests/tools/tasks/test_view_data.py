"""What the dashboard gets of a task beside the result: its instances, and a copy that is exact or says what is not."""

from typing import Any

import pytest

from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.tools.tasks.view_data import MAX_INSTANCES, META_KEY, Resubmission, instance_rows, view_meta
from tests.support.running_server import running_server, submitted, text_of


def task(**fields: Any) -> Task:
    return Task.read({"uuid": "u", "name": "n", "state": "FullyExecuting", **fields})


def completed(instance_id: int, state: str = "Success", **fields: Any) -> dict[str, Any]:
    return {"instanceId": instance_id, "state": state, **fields}


def running(*instances: dict[str, Any], **status: Any) -> dict[str, Any]:
    return {"runningInstancesInfo": {"perRunningInstanceInfo": list(instances)}, **status}


def copied(**fields: Any) -> Resubmission:
    resubmission = Resubmission.of({"uuid": "u", "name": "n", "profile": "p", "totalInstanceCount": 1, **fields})
    assert resubmission is not None
    return resubmission


def test_each_instance_has_the_state_that_it_shows() -> None:
    rows = instance_rows(
        task(
            totalInstanceCount=8,
            completedInstances=[completed(0), completed(1, "Failure"), completed(2, "Failure")],
            status=running(
                {"instanceId": 3},
                {"instanceId": 4, "phase": "execution"},
                {"instanceId": 5, "phase": "upload", "executionTimeSec": 9},
                {"instanceId": 6, "executionTimeSec": 1.5},
                cancelledRange="2",
            ),
        )
    )
    assert [(row.instance_id, row.state) for row in rows] == [
        (0, "success"),
        (1, "failure"),
        (2, "cancelled"),
        (3, "booting"),
        (4, "running"),
        (5, "uploading"),
        (6, "running"),
        (7, "queued"),
    ]


def test_instances_that_nothing_is_told_of_stand_as_their_task_does_once_it_is_over() -> None:
    rows = instance_rows(task(state="Cancelled", advancedRanges="0-1,7", totalInstanceCount=3))
    assert [(row.instance_id, row.state) for row in rows] == [(0, "cancelled"), (1, "cancelled"), (7, "cancelled")]


def test_of_many_instances_the_failed_and_the_running_ones_stay() -> None:
    count = 5 * MAX_INSTANCES
    ended = [completed(number) for number in range(count - 2)]
    ended[700] = completed(700, "Failure")
    rows = instance_rows(
        task(totalInstanceCount=count, completedInstances=ended, status=running({"instanceId": count - 1}))
    )
    ids = [row.instance_id for row in rows]
    assert len(ids) == MAX_INSTANCES
    assert ids == sorted(ids)
    assert ids[-2:] == [700, count - 1]


@pytest.mark.parametrize("ranges", ["nonsense", "5-1", "0-99999999999"])
def test_ranges_that_cannot_be_read_cost_no_answer(ranges: str) -> None:
    rows = instance_rows(task(totalInstanceCount=1, advancedRanges=ranges, status=running(cancelledRange=ranges)))
    assert [row.instance_id for row in rows] == [0]


def test_a_copy_has_the_fields_of_submit_task_that_are_set() -> None:
    copy = copied(
        totalInstanceCount=3,
        poolUuid="00000000-0000-0000-0000-000000000000",
        resourceBuckets=["in"],
        resultBucket=None,
        labels={"project": "sea"},
        schedulingType="onDemand",
        retrySettings={"maxPerInstanceRetries": 2},
        dependencies={"dependsOn": ["a"]},
        completionTimeToLive="10.00:00:00",
        autoDeleteOnCompletion=False,
        hardwareConstraints=[{"discriminator": "SSDHardwareConstraint"}],
    )
    assert copy.fields == {
        "name": "n",
        "profile": "p",
        "instance_count": 3,
        "resource_buckets": ["in"],
        "labels": {"project": "sea"},
        "scheduling_type": "OnDemand",
        "max_retries_per_instance": 2,
        "dependencies": ["a"],
        "completion_time_to_live": "10.00:00:00",
        "hardware_constraints": [{"discriminator": "SSDHardwareConstraint"}],
    }
    assert copy.not_copied == []


def test_a_copy_takes_the_pool_for_the_profile_and_the_ranges_for_the_count() -> None:
    fields = copied(poolUuid="0b1c", advancedRanges="0-1,5", completionTimeToLive="00:00:00").fields
    assert fields == {"name": "n", "pool_uuid": "0b1c", "advanced_ranges": "0-1,5"}


def test_a_copy_leaves_the_shortname_to_the_first_task() -> None:
    assert "shortname" not in copied(shortname="taken").fields


def test_a_command_of_several_lines_is_copied_as_it_is() -> None:
    command = "sh -c 'set -e\n# a comment\ncd /job  &&\tls'"
    [constant] = copied(constants=[{"key": "DOCKER_CMD", "value": command}]).constants
    assert (constant.value, constant.is_hidden) == (command, False)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("DB_PASSWORD", "hunter-two"),
        ("QARNOT_SECRET__X", "[SECRET]"),
        ("DOCKER_REPO", "https://bob:hunter-two@registry"),
        ("DOCKER_CMD", "echo a\u200db"),
        ("DOCKER_CMD", "echo \ud800"),
    ],
)
def test_a_constant_that_cannot_be_shown_as_it_is_has_to_be_typed_again(key: str, value: str) -> None:
    [constant] = copied(constants=[{"key": key, "value": value}]).constants
    assert (constant.key, constant.value, constant.is_hidden) == (key, "", True)


def test_every_parameter_that_the_api_tells_is_copied_from_where_it_stands() -> None:
    copy = copied(maxTimeQueueSeconds=60, retrySettings={"maxPerInstanceRetries": 2}, resultsWhitelist="a", tags=["b"])
    assert copy.fields.items() >= {"max_time_queue_seconds": 60, "max_retries_per_instance": 2}.items()
    assert (copy.fields["results_whitelist"], copy.fields["tags"]) == ("a", ["b"])
    assert copied(retrySettings=None).fields.keys() == {"name", "profile", "instance_count"}


def test_what_is_not_copied_is_named() -> None:
    copy = copied(
        labels={"api_token": "hunter-two"},
        tags=["a\u200db"],
        constants=[{"key": "A\u200dB", "value": "1"}],
        advancedResourceBuckets=[{"bucketName": "in"}],
        snapshotInterval=0,
    )
    assert copy.not_copied == ["tags", "labels", "AB", "advancedResourceBuckets"]
    assert "hunter-two" not in copy.model_dump_json()


@pytest.mark.parametrize("fields", [{"constants": [{"key": "A", "value": "x" * 100_000}]}, {"tags": 7}])
def test_a_task_that_cannot_be_copied_whole_is_not_copied(fields: dict[str, Any]) -> None:
    assert Resubmission.of({"uuid": "u", "name": "n", **fields}) is None


def test_an_error_shows_no_secret() -> None:
    failed = completed(0, "Failure", error={"message": "cannot pull https://bob:hunter-two@registry"})
    meta = view_meta(task(totalInstanceCount=1, completedInstances=[failed]))
    assert "cannot pull" in str(meta)
    assert "hunter-two" not in str(meta)


async def test_it_travels_beside_the_full_result_and_not_with_the_summary() -> None:
    async with running_server() as server, server.client() as client:
        uuid = await submitted(client, name="seen", instance_count=2)
        summary = await client.call_tool("get_task", {"task_uuid": uuid})
        full = await client.call_tool("get_task", {"task_uuid": uuid, "detail": "full"})
        assert META_KEY not in (summary.meta or {})
        assert full.meta is not None
        assert [row["instance_id"] for row in full.meta[META_KEY]["instances"]] == [0, 1]
        assert full.meta[META_KEY]["resubmission"]["fields"]["name"] == "seen"
        assert "resubmission" not in text_of(full) + str(full.structured_content)
