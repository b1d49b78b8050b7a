"""Parameters that several tools share, and the names that are like another."""

from typing import Any

import pytest

from qarnot_mcp.tools.checks import Arguments, closest_matches
from qarnot_mcp.tools.logs.query import LogQuery
from qarnot_mcp.tools.profiles import GetProfile
from qarnot_mcp.tools.tasks.abort_delete import EndTasks
from qarnot_mcp.tools.tasks.get_task import GetTask
from qarnot_mcp.tools.tasks.list_tasks import ListTasks
from qarnot_mcp.tools.tasks.new_task import NewTask
from tests.support.arguments import refusal_of

UUID = "52c10b2d-0687-41e1-985e-7279f6dd543a"


@pytest.mark.parametrize("given", [UUID, f" {UUID}\n", "my-task-1", "7"])
def test_a_uuid_or_a_shortname_names_a_task(given: str) -> None:
    assert EndTasks(task_uuid=given).task_uuid == given.strip()
    assert GetTask(task_uuid=given).task_uuid == given.strip()


@pytest.mark.parametrize("given", ["", " ", "x" * 2048, "a\nb", "a\x1bb"])
def test_what_is_no_name_either_is_refused_where_a_task_may_be_named(given: str) -> None:
    assert "list_tasks" in refusal_of(GetTask, task_uuid=given)


@pytest.mark.parametrize("given", ["../profiles/x", "", " ", "x" * 300, "a/b", "a?b", "-a", "a-", "é", "a b", "a%2fb"])
def test_nothing_else_names_a_task(given: str) -> None:
    message = refusal_of(EndTasks, task_uuid=given)
    assert message.startswith("task_uuid is '")
    assert "shortname" in message
    assert "list_tasks" in message
    assert len(message) < 400


@pytest.mark.parametrize("given", ["docker-batch", "blender-4.2.2", " python ", "code-aster-ssh"])
def test_a_profile_is_named_by_its_name(given: str) -> None:
    assert GetProfile(profile_name=given).profile_name == given.strip()


@pytest.mark.parametrize("given", ["", "a/b", "..", "a\\b", "a?b", "a\nb", "x" * 300])
def test_a_name_that_could_reach_another_endpoint_is_no_profile(given: str) -> None:
    assert "list_profiles" in refusal_of(GetProfile, profile_name=given)


@pytest.mark.parametrize("given", ["data", "my-bucket-2-x", "a" * 63])
def test_a_bucket_of_results_is_named_by_its_name(given: str) -> None:
    assert NewTask(name="t", profile="p", result_bucket=given).result_bucket == given


@pytest.mark.parametrize("given", ["my.bucket-2_x", "a" * 255])
def test_a_bucket_that_is_there_may_have_an_older_name(given: str) -> None:
    assert NewTask(name="t", profile="p", resource_buckets=[given]).resource_buckets == [given]


@pytest.mark.parametrize(
    ("given", "corrected"), [("", ""), ("s3://data", "data"), ("data/in", "data"), ("été", ""), ("a_b", "a-b")]
)
def test_a_bucket_that_is_made_has_a_name_of_the_platform(given: str, corrected: str) -> None:
    message = refusal_of(NewTask, name="t", profile="p", result_bucket=given)
    assert message.startswith("result_bucket is ")
    assert "lower-case letters, digits and dashes" in message
    assert (f" {corrected} would do" in message) == bool(corrected)


def test_an_instance_is_named_by_a_number_or_not_at_all() -> None:
    assert LogQuery(task_uuid="t").instance_id is None
    assert LogQuery(task_uuid="t", instance_id=0).instance_id == 0
    assert "from 0" in refusal_of(LogQuery, task_uuid="t", instance_id=-1)


@pytest.mark.parametrize(("given", "log_type"), [("stdout", "stdout"), (" STDERR ", "stderr")])
def test_a_task_has_two_logs(given: str, log_type: str) -> None:
    assert LogQuery.model_validate({"task_uuid": "t", "log_type": given}).log_type == log_type


def test_there_is_no_third_log() -> None:
    message = refusal_of(LogQuery, task_uuid="t", log_type="nope")
    assert "log_type is 'nope'" in message
    assert "stdout, stderr or both" in message
    assert refusal_of(LogQuery, task_uuid="t", log_type=1).startswith("log_type is 1, which does not fit")


@pytest.mark.parametrize(
    ("model", "parameter", "least", "most"),
    [
        (ListTasks, "limit", 1, 500),
        (LogQuery, "tail_lines", 1, 10_000),
        (LogQuery, "context_lines", 0, 50),
        (LogQuery, "max_characters", 500, 100_000),
    ],
)
def test_a_whole_number_has_two_bounds(model: type[Arguments], parameter: str, least: int, most: int) -> None:
    task: dict[str, Any] = {} if model is ListTasks else {"task_uuid": "t"}
    for given in (least, most):
        assert getattr(model.model_validate(task | {parameter: given}), parameter) == given
    for given in (least - 1, most + 1):
        message = refusal_of(model, **task, **{parameter: given})
        assert message.startswith(f"{parameter} is {given}")
        assert f"from {least:,} to {most:,}" in message


@pytest.mark.parametrize("given", [-1, float("inf"), float("nan")])
def test_a_wait_that_is_no_length_of_time_is_refused(given: float) -> None:
    assert "from 0 to 45" in refusal_of(GetTask, task_uuid="t", wait_seconds=given)


def test_a_cursor_of_a_list_is_taken_as_it_came_without_blanks() -> None:
    assert ListTasks(cursor=" 5ed67ba6d1f1b90d3aff497b ").cursor == "5ed67ba6d1f1b90d3aff497b"
    assert "next_cursor" in refusal_of(ListTasks, cursor="a b\x00")


def test_a_search_or_a_prefix_may_be_left_out() -> None:
    assert ListTasks().name is None
    assert ListTasks(name="render ").name == "render "
    assert LogQuery(task_uuid="t").search is None
    assert LogQuery(task_uuid="t", search="err.*").search == "err.*"
    assert "1,000 characters" in refusal_of(LogQuery, task_uuid="t", search="x" * 1001)


def test_ten_tags_are_allowed_and_eleven_are_not() -> None:
    assert len(ListTasks(tags=[f"tag {number}" for number in range(10)]).tags or ()) == 10
    assert "at most 10 tags" in refusal_of(ListTasks, tags=["t"] * 11)


@pytest.mark.parametrize("tag", ["", "  ", "x" * 512, "a\nb", "a\x1b[31m", "a\u202eb"])
def test_a_tag_is_a_short_text_on_one_line(tag: str) -> None:
    assert "511 characters" in refusal_of(ListTasks, tags=[tag])


def test_arguments_cannot_be_changed_once_checked() -> None:
    with pytest.raises(ValueError, match="frozen"):
        ListTasks().limit = 501  # type: ignore[misc]


def test_the_closest_names_come_best_first_whatever_their_case() -> None:
    known = ["docker-batch", "docker-network", "blender"]
    assert closest_matches("Docker_Batch", known)[0] == "docker-batch"
    assert closest_matches("zzzz", known) == []
