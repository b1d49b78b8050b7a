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
    return Resubmission.of(task(**fields))


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


def test_a_copy_offers_the_name_and_the_instances() -> None:
    assert copied(totalInstanceCount=3).model_dump(exclude_none=True) == {
        "name": "n",
        "instance_count": 3,
        "constants": [],
    }
    assert copied(advancedRanges="0-1,5").model_dump(exclude_none=True) == {
        "name": "n",
        "advanced_ranges": "0-1,5",
        "constants": [],
    }


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
def test_a_constant_that_cannot_be_shown_as_it_is_stays_hidden(key: str, value: str) -> None:
    [constant] = copied(constants=[{"key": key, "value": value}]).constants
    assert (constant.key, constant.value, constant.is_hidden) == (key, "", True)


def test_constants_that_are_too_long_to_show_are_left_to_the_platform() -> None:
    constants = [{"key": f"A{number}", "value": "x" * 2_000} for number in range(100)]
    assert 20 < len(copied(constants=constants).constants) < 40
    assert copied(constants=[{"key": "A\u200dB", "value": "1"}]).constants == []


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
        assert full.meta[META_KEY]["resubmission"]["name"] == "seen"
        assert "resubmission" not in text_of(full) + str(full.structured_content)
