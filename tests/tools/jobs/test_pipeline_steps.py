"""The rules of a pipeline's steps, which need neither server nor API: names, order, and who takes which parameter."""

from typing import Any

import pytest
from pydantic import ValidationError

from qarnot_mcp.qarnot.account import User
from qarnot_mcp.tools.jobs.pipeline_checks import buckets_to_look_for, check_room, check_running, check_shared_buckets
from qarnot_mcp.tools.jobs.pipeline_steps import (
    MAX_STEPS,
    Step,
    StepTask,
    WrongStep,
    ancestors,
    check_steps,
    generations,
)
from qarnot_mcp.tools.jobs.submit_pipeline import SubmitPipeline
from qarnot_mcp.tools.submission.request import TaskRequest

POOL = "52c10b2d-0687-41e1-985e-7279f6dd543a"


def step(name: str, *after: str, **more: Any) -> Step:
    return Step.model_validate({"name": name, "profile": "docker-batch", "after": list(after), **more})


def said(*steps: dict[str, Any], **more: Any) -> str:
    """Return what is wrong with the arguments of a pipeline."""
    with pytest.raises(ValidationError) as wrong:
        SubmitPipeline.model_validate({"name": "p", "steps": list(steps), **more})
    return str(wrong.value.errors()[0]["ctx"]["error"])


def test_steps_come_after_those_they_wait_for_and_otherwise_as_they_were_given() -> None:
    steps = [step("d", "b", "c"), step("c", "a"), step("b", "a"), step("a"), step("e")]
    assert [[one.name for one in generation] for generation in generations(steps)] == [["a", "e"], ["c", "b"], ["d"]]
    assert ancestors(steps)["d"] == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("steps", "drawn"),
    [
        ([step("a", "a")], "a -> a"),
        ([step("a", "c"), step("b", "a"), step("c", "b"), step("free")], "a -> b -> c -> a"),
    ],
)
def test_a_circle_is_drawn(steps: list[Step], drawn: str) -> None:
    with pytest.raises(WrongStep) as wrong:
        check_steps(steps)
    circle = str(wrong.value).partition("start: ")[2].partition(" (")[0].split(" -> ")
    assert circle[0] == circle[-1]
    turned = circle[:-1] * 2
    first = turned.index("a")
    assert " -> ".join([*turned[first : first + len(circle) - 1], "a"]) == drawn


def test_a_circle_of_fifty_is_drawn_in_short() -> None:
    steps = [
        step(f"{number:02}" + "x" * 70, f"{(number + 1) % MAX_STEPS:02}" + "x" * 70) for number in range(MAX_STEPS)
    ]
    with pytest.raises(WrongStep, match=r"-> \.\.\. ->"):
        check_steps(steps)


def test_a_step_that_is_not_there_is_told_with_the_one_that_is_meant() -> None:
    with pytest.raises(WrongStep, match=r"step report is after trian, which is no step\. Did you mean train"):
        check_steps([step("train"), step("report", "trian")])


def test_two_steps_of_one_name_are_told_by_their_places() -> None:
    with pytest.raises(WrongStep, match="steps 1 and 3 are both named a"):
        check_steps([step("a"), step("b"), step("a")])


def test_no_steps_and_too_many_are_refused() -> None:
    assert "there are none" in said()
    assert "at most 50 steps" in said(*({"name": f"s{number}", "profile": "p"} for number in range(MAX_STEPS + 1)))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"job_uuid": POOL}, "step 1 (a): job_uuid is not for a step. The pipeline makes a job of its own."),
        ({"pool_uuid": POOL}, "pool_uuid is not for a step. Give it to the pipeline"),
        ({"dependencies": ["x"]}, "dependencies is not for a step. after names the steps"),
        ({"shortname": "mine"}, "shortname is not for a step. Give one to the pipeline"),
        ({"validate_only": True}, "validate_only is not for a step"),
        ({"accept_warnings": True}, "accept_warnings is not for a step"),
        ({"max_wall_time": "1:00:00"}, "max_wall_time is not for a step. Give it to the pipeline"),
        ({"wait_seconds": 10}, "wait_seconds is not for a step. get_job"),
        ({"rerun_of": "x"}, "rerun_of is not for a step. A step is a new task"),
        ({"scheduling": "Flex"}, "scheduling is no parameter of a step. Did you mean scheduling_type?"),
        ({"instance_count": 0}, "instance_count is 0, which is not valid: give a whole number from 1"),
        ({"instance_count": "many"}, "instance_count does not fit: Input should be a valid integer"),
        ({"on": ["success"]}, "give it together with after"),
        ({"after": ["b"], "on": ["failed"]}, "on.0 does not fit: Input should be 'success', 'failure' or 'cancelled'"),
        ({"name": "x" * 81}, "on one line of 1 to 80 characters"),
        ({"name": None}, "step 1: name is missing."),
    ],
)
def test_a_parameter_that_is_wrong_is_told_with_its_step(given: dict[str, Any], expected: str) -> None:
    assert expected in said({"name": "a", "profile": "docker-batch", **given})


def test_a_secret_of_a_step_is_not_repeated() -> None:
    assert "hush" not in said({"name": "a", "profile": "p", "constants": [{"key": "PASSWORD", "value": ["hush"]}]})
    assert "hush" not in said({"name": "a", "profile": "p", "constants": "PASSWORD=hush"})


def test_what_a_client_sends_without_a_value_is_dropped() -> None:
    given = {"name": "a", "profile": "p", "pool_uuid": None, "validate_only": False, "wait_seconds": 0, "shortname": ""}
    assert SubmitPipeline.model_validate({"name": "p", "steps": [given]}).steps[0].name == "a"


def test_a_single_name_and_a_single_end_in_any_case_are_taken() -> None:
    one = Step.model_validate({"name": "b", "profile": "p", "after": "a", "on": "Failure"})
    assert (one.names_awaited, one.conditions) == (["a"], ["failure"])


def test_each_step_needs_a_profile_or_the_pipeline_a_pool() -> None:
    assert "step a: profile is missing" in said({"name": "a"})
    assert "step a: profile with a pool" in said({"name": "a", "profile": "p"}, pool_uuid=POOL)
    hardware = {"name": "a", "hardware_constraints": {"gpu": True}}
    assert "step a: hardware_constraints with a pool" in said(hardware, pool_uuid=POOL)
    assert SubmitPipeline.model_validate({"name": "p", "pool_uuid": POOL, "steps": [{"name": "a"}]}).pool_uuid == POOL


def test_the_body_of_a_step_names_its_job_and_the_ends_that_let_it_start() -> None:
    waiting = step("c", "a", "b", on=["failure", "cancelled"])
    body = StepTask(waiting, "job", {"a": "1", "b": "2", "x": "3"}).to_api()
    assert body["jobUuid"] == "job"
    assert body["dependencies"] == {
        "advancedDependsOn": [
            {"taskUuid": uuid, "taskFinalStateCondition": ["failure", "cancelled"]} for uuid in ("1", "2")
        ]
    }
    assert {"after", "on"}.isdisjoint(body)
    assert "dependencies" not in StepTask(step("a"), "job").to_api()


def test_a_step_that_reads_what_another_writes_and_does_not_wait_is_told() -> None:
    writer = step("train", result_bucket="model")
    hasty = step("report", resource_buckets=["model/run-1"])
    (finding,) = check_shared_buckets([writer, hasty])
    assert finding.text.startswith("Step report reads the bucket model/run-1, into which train writes")
    assert not finding.refuses
    between = [writer, step("check", "train"), step("report", "check", resource_buckets=["model"])]
    assert not list(check_shared_buckets(between))


def test_a_bucket_that_an_earlier_step_makes_need_not_be_there() -> None:
    steps = [step("a", result_bucket="made"), step("b", "a", resource_buckets=["made", "data"])]
    assert buckets_to_look_for(steps) == ["data"]
    assert buckets_to_look_for([step("a", resource_buckets=["made"], result_bucket="made")]) == ["made"]


@pytest.mark.parametrize(
    ("quotas", "expected"),
    [
        ({"maxTask": 10, "taskCount": 8}, "The account holds 8 of 10 tasks, so these 3 do not fit"),
        ({"maxTask": 10, "taskCount": 7}, ""),
        ({"maxJob": 5, "jobCount": 5}, "The account holds 5 of 5 jobs"),
        ({"maxJob": 5, "jobCount": 4}, ""),
        ({}, ""),
    ],
)
def test_an_account_without_room_for_the_whole_is_told(quotas: dict[str, int], expected: str) -> None:
    findings = list(check_room(3, User.read({"email": "a@example.org", **quotas})))
    assert [finding.refuses for finding in findings] == [True] * bool(expected)
    assert "".join(finding.text for finding in findings).startswith(expected)


def test_instances_of_steps_that_run_at_the_same_time_are_added_up() -> None:
    user = User.read({"email": "a@example.org", "maxInstances": 10})
    steps = [step("a"), step("b"), step("c", "a")]
    requests = {one.name: TaskRequest(instance_count=6) for one in steps}
    (finding,) = check_running(steps, requests, user)
    assert finding.text.startswith("Steps a, b can run at the same time and have 12 instances; 10 may run at a time")
    assert not list(check_running([step("a"), step("b", "a")], requests, user))
