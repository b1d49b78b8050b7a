from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qarnot_mcp.tools.hardware import HARDWARE_FIELDS
from qarnot_mcp.tools.tasks.new_task import NewTask
from tests.support.arguments import refusal_of

UUID = "52c10b2d-0687-41e1-985e-7279f6dd543a"
OTHER_UUID = "12345678-1234-1234-1234-123456789012"
SMALLEST = {"name": "t", "profile": "docker-batch"}


def task(**arguments: Any) -> NewTask:
    return NewTask.model_validate(SMALLEST | arguments)


def refusal(**arguments: Any) -> str:
    return refusal_of(NewTask, **(SMALLEST | arguments))


def test_the_smallest_task_has_a_name_a_profile_and_one_instance() -> None:
    assert task().to_api() == {"name": "t", "profile": "docker-batch", "instanceCount": 1}


def test_every_argument_travels_under_its_name_in_the_api() -> None:
    body = task(
        advanced_ranges=" 5, 0-2",
        resource_buckets=["in"],
        result_bucket="out",
        constants={"A": 1, "B": True, "C": "x\ny", "D": 1.5},
        tags=["demo"],
        shortname="hello-1",
        job_uuid=UUID,
        labels={"some_label": "a"},
        scheduling_type="on_demand",
        hardware_constraints=[{"discriminator": "MinimumCoreHardwareConstraint", "coreCount": 16}],
        max_retries_per_instance=2,
        results_whitelist=".*png",
        results_blacklist=".*tmp",
        dependencies=[OTHER_UUID],
        completion_time_to_live="10:00:00",
        auto_delete_on_completion=False,
        max_time_queue_seconds=3600,
        validate_only=True,
    ).to_api()
    assert body == {
        "name": "t",
        "profile": "docker-batch",
        "advancedRanges": "0-2,5",
        "resourceBuckets": ["in"],
        "resultBucket": "out",
        "constants": [
            {"key": "A", "value": "1"},
            {"key": "B", "value": "true"},
            {"key": "C", "value": "x\ny"},
            {"key": "D", "value": "1.5"},
        ],
        "tags": ["demo"],
        "shortname": "hello-1",
        "jobUuid": UUID,
        "labels": {"some_label": "a"},
        "schedulingType": "OnDemand",
        "hardwareConstraints": [{"discriminator": "MinimumCoreHardwareConstraint", "coreCount": 16}],
        "retrySettings": {"maxPerInstanceRetries": 2},
        "resultsWhitelist": ".*png",
        "resultsBlacklist": ".*tmp",
        "dependencies": {"dependsOn": [OTHER_UUID]},
        "completionTimeToLive": "10:00:00",
        "autoDeleteOnCompletion": False,
        "maxTimeQueueSeconds": 3600,
    }


def test_what_is_empty_is_not_sent() -> None:
    assert task(tags=[], labels={}, constants=[], resource_buckets=[], dependencies=[]).to_api() == task().to_api()


def test_a_task_in_a_pool_or_a_job_needs_no_profile() -> None:
    assert task(profile=None, pool_uuid=UUID).to_api()["poolUuid"] == UUID
    assert task(profile=None, job_uuid=UUID).to_api()["jobUuid"] == UUID


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"profile": None}, ["profile", "list_profiles", "pool_uuid"]),
        ({"pool_uuid": UUID}, ["profile or pool_uuid, not both"]),
        ({"profile": None, "pool_uuid": UUID, "job_uuid": UUID}, ["pool_uuid or job_uuid, not both"]),
        (
            {"profile": None, "pool_uuid": UUID, "hardware_constraints": [{"discriminator": "SSDHardwareConstraint"}]},
            ["none in a pool"],
        ),
        ({"instance_count": 2, "advanced_ranges": "0-1"}, ["instance_count or advanced_ranges, not both"]),
        ({"dependencies": [UUID]}, ["dependencies", "job_uuid"]),
        ({"name": ""}, ["name is ''", "2,047"]),
        ({"name": "x" * 2048}, ["2,047"]),
        ({"profile": "a/b"}, ["profile is 'a/b'", "list_profiles"]),
        ({"profile": None, "pool_uuid": "nope"}, ["pool_uuid is 'nope'", "a UUID"]),
        ({"job_uuid": "nope"}, ["job_uuid is 'nope'"]),
        ({"shortname": "-a"}, ["shortname is '-a'", "hyphen"]),
        ({"instance_count": 0}, ["instance_count is 0", "from 1 to 1,000,000"]),
        ({"max_retries_per_instance": -1}, ["max_retries_per_instance is -1"]),
        ({"result_bucket": "s3://x"}, ["result_bucket is 's3://x'"]),
        ({"resource_buckets": ["a b"]}, ["resource_buckets is 'a b'"]),
        ({"resource_buckets": ["b"] * 101}, ["at most 100 buckets"]),
        ({"tags": ["t"] * 11}, ["at most 10 tags"]),
        ({"scheduling_type": "fast"}, ["Flex, OnDemand or Reserved"]),
        ({"results_whitelist": "x" * 2048}, ["results_whitelist", "2,047"]),
        ({"results_blacklist": "a\nb"}, ["results_blacklist"]),
        ({"labels": {"": "x"}}, ["labels"]),
        ({"labels": {"a": "x" * 2049}}, ["labels is 'a: 2,049 characters'"]),
        ({"labels": {str(number): "x" for number in range(101)}}, ["at most 100 labels"]),
        ({"job_uuid": UUID, "dependencies": ["a/b"]}, ["dependencies is 'a/b'"]),
        ({"job_uuid": UUID, "dependencies": [UUID] * 1001}, ["at most 1,000 tasks"]),
    ],
)
def test_a_task_that_cannot_be_right_is_refused(arguments: dict[str, Any], words: list[str]) -> None:
    message = refusal(**arguments)
    for word in words:
        assert word in message


@pytest.mark.parametrize("ranges", ["0-2,4-5,17", "3", " 1 - 2 , 4 "])
def test_ranges_are_ids_and_pairs_of_them(ranges: str) -> None:
    assert task(advanced_ranges=ranges).advanced_ranges == ranges.replace(" ", "")


@pytest.mark.parametrize("ranges", ["", "a", "5-2", "1-", "-1", "1,,2", "0-9999999", "4294967296", "1" * 20_000, "٣"])
def test_bad_ranges_are_refused_with_an_example(ranges: str) -> None:
    message = refusal(advanced_ranges=ranges)
    assert message.startswith("advanced_ranges is ")
    assert "0-2,5" in message


@given(st.sets(st.integers(0, 10_000), min_size=1, max_size=50))
def test_checked_ranges_name_the_same_instances(ids: set[int]) -> None:
    checked = task(advanced_ranges=",".join(map(str, ids))).advanced_ranges or ""
    named: set[int] = set()
    for part in checked.split(","):
        first, _, last = part.partition("-")
        named.update(range(int(first), int(last or first) + 1))
    assert named == ids


@pytest.mark.parametrize("key", ["", "A B", "A=B", "é", "x" * 2049])
def test_a_constant_has_a_plain_key(key: str) -> None:
    assert "keys of letters" in refusal(constants=[{"key": key, "value": "x"}])


def test_a_constant_is_given_once() -> None:
    assert "each key once" in refusal(constants=[{"key": "A", "value": "1"}, {"key": "A", "value": "2"}])


def test_there_are_at_most_150_constants() -> None:
    entries = [{"key": f"K{number}", "value": ""} for number in range(151)]
    assert len(task(constants=entries[:150]).constants or ()) == 150
    assert "151 constants" in refusal(constants=entries)


@pytest.mark.parametrize("value", ["x" * 2049, "a\0b"])
def test_a_constant_has_a_short_value(value: str) -> None:
    assert "2,048 characters" in refusal(constants={"A": value})


@pytest.mark.parametrize(
    "constants",
    [
        {"DB_PASSWORD": "hunter2" * 500},
        {"DB_PASSWORD": ["hunter2"]},
        [{"key": "DB_PASSWORD", "value": {"is": "hunter2"}}],
        [{"DB_PASSWORD": "hunter2"}],
        ["DB_PASSWORD=hunter2"],
        [{"key": "DB_PASSWORD=hunter2", "value": ""}],
        "DB_PASSWORD=hunter2",
    ],
)
def test_a_refused_secret_is_not_repeated(constants: Any) -> None:
    message = refusal(constants=constants)
    assert message.startswith("constants is ")
    assert "hunter2" not in message


def test_up_to_three_wrong_parameters_are_told_at_once_each_once() -> None:
    message = refusal(instance_count="many", shortname="-", tags=["", " "], labels={"": ""}, job_uuid="nope")
    assert message.startswith("instance_count is 'many', which does not fit: give a value of type integer.")
    assert "tags is ''" in message
    assert "shortname is '-', which is not valid" in message
    assert message.count("tags is ") == 1
    assert "labels" not in message
    assert "job_uuid" not in message
    assert len(refusal(name="", profile="/", instance_count=0, tags=["x" * 600], shortname="-" * 500)) <= 1500


@pytest.mark.parametrize(
    ("constraint", "words"),
    [
        ({}, "discriminator"),
        ({"discriminator": "MinimumCores"}, "Did you mean MinimumCoreHardwareConstraint"),
        ({"discriminator": ["a"]}, "discriminator"),
        ({"discriminator": "MinimumCoreHardwareConstraint"}, "coreCount with a number above 0"),
        ({"discriminator": "MinimumCoreHardwareConstraint", "coreCount": True}, "coreCount"),
        ({"discriminator": "MinimumRamHardwareConstraint", "minimumMemoryMB": -1}, "minimumMemoryMB"),
        ({"discriminator": "SpecificHardwareConstraint", "specificationKey": " "}, "specificationKey with a text"),
    ],
)
def test_a_hardware_constraint_has_a_kind_and_its_field(constraint: dict[str, object], words: str) -> None:
    assert words in refusal(hardware_constraints=[constraint])


def test_hardware_constraints_of_every_kind_are_taken() -> None:
    constraints: list[dict[str, object]] = [
        {"discriminator": kind} | ({field[0]: "x" if field[1] is str else 8.0} if field else {})
        for kind, field in HARDWARE_FIELDS.items()
    ]
    assert task(hardware_constraints=constraints).hardware_constraints == constraints
    assert "at most 50" in refusal(hardware_constraints=constraints * 10)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("10:00:00", "10:00:00"),
        ("1.03:16:50", "1.03:16:50"),
        ("1.03:16:50.5000000", "1.03:16:50"),
        ("3600", "01:00:00"),
        ("90", "00:01:30"),
        ("90.9", "00:01:30"),
        ("86400", "1.00:00:00"),
        ("0", "00:00:00"),
        (None, None),
    ],
)
def test_a_time_to_live_is_a_time_span_or_seconds(given: str | None, kept: str | None) -> None:
    assert task(completion_time_to_live=given).completion_time_to_live == kept


@pytest.mark.parametrize("given", ["", "soon", "25:00:00", "1:60:00", "-5", "1e9", "99999.00:00:00", "9" * 12])
def test_a_time_to_live_that_is_none_is_refused(given: str) -> None:
    assert "10:00:00" in refusal(completion_time_to_live=given)
