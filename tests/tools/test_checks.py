from collections.abc import Callable

import pytest

from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.tools import checks as arguments

UUID = "52c10b2d-0687-41e1-985e-7279f6dd543a"


def message_of(check: Callable[[], object]) -> str:
    with pytest.raises(InvalidArgument) as raised:
        check()
    return str(raised.value)


@pytest.mark.parametrize("given", [UUID, f" {UUID}\n", "my-task-1", "7"])
def test_a_uuid_or_a_shortname_names_a_task(given: str) -> None:
    assert arguments.check_task_id(given) == given.strip()


@pytest.mark.parametrize("given", ["../profiles/x", "", " ", "x" * 300, "a/b", "a?b", "-a", "a-", "é", "a b", "a%2fb"])
def test_nothing_else_names_a_task(given: str) -> None:
    message = message_of(lambda: arguments.check_task_id(given))
    assert message.startswith("task_uuid is '")
    assert "shortname" in message
    assert "list_tasks" in message
    assert len(message) < 400


@pytest.mark.parametrize("given", ["docker-batch", "blender-4.2.2", " python ", "code-aster-ssh"])
def test_a_profile_is_named_by_its_name(given: str) -> None:
    assert arguments.check_profile_name(given) == given.strip()


@pytest.mark.parametrize("given", ["", "a/b", "..", "a\\b", "a?b", "a\nb", "x" * 300])
def test_a_name_that_could_reach_another_endpoint_is_no_profile(given: str) -> None:
    assert "list_profiles" in message_of(lambda: arguments.check_profile_name(given))


@pytest.mark.parametrize("given", ["data", "my.bucket-2_x", "a" * 255])
def test_a_bucket_is_named_by_its_name(given: str) -> None:
    assert arguments.check_bucket(given, "result_bucket") == given


@pytest.mark.parametrize("given", ["", "s3://data", "data/in", "a" * 256, "été", ".data"])
def test_a_path_is_no_bucket(given: str) -> None:
    message = message_of(lambda: arguments.check_bucket(given, "result_bucket"))
    assert message.startswith("result_bucket is ")
    assert "without s3://" in message


def test_an_instance_is_named_by_a_number_or_not_at_all() -> None:
    assert arguments.check_instance_id(None) is None
    assert arguments.check_instance_id(0) == 0
    assert "from 0" in message_of(lambda: arguments.check_instance_id(-1))


@pytest.mark.parametrize(("given", "log_type"), [("stdout", "stdout"), (" STDERR ", "stderr")])
def test_a_task_has_two_logs(given: str, log_type: str) -> None:
    assert arguments.check_log_type(given) == log_type


def test_there_is_no_third_log() -> None:
    message = message_of(lambda: arguments.check_log_type("nope"))
    assert "log_type is 'nope'" in message
    assert "stdout or stderr" in message


@pytest.mark.parametrize(
    ("check", "least", "most"),
    [
        (arguments.check_limit, 1, 500),
        (arguments.check_tail_lines, 1, 10_000),
        (arguments.check_context_lines, 0, 50),
        (arguments.check_max_characters, 500, 100_000),
    ],
)
def test_a_whole_number_has_two_bounds(check: Callable[[int], int], least: int, most: int) -> None:
    assert check(least) == least
    assert check(most) == most
    for given in (least - 1, most + 1, True):
        assert f"from {least:,} to {most:,}" in message_of(lambda given=given: check(given))  # type: ignore[misc]


def test_a_wait_within_the_bound_stays() -> None:
    assert arguments.check_wait_seconds(0) == (0.0, "")
    assert arguments.check_wait_seconds(45) == (45.0, "")


def test_a_longer_wait_is_shortened_and_says_so() -> None:
    seconds, note = arguments.check_wait_seconds(600)
    assert seconds == 45.0
    assert "was 600" in note
    assert "45 seconds" in note


@pytest.mark.parametrize("given", [-1, float("inf"), float("nan")])
def test_a_wait_that_is_no_length_of_time_is_refused(given: float) -> None:
    assert "from 0 to 45" in message_of(lambda: arguments.check_wait_seconds(given))


def test_a_blank_cursor_is_none() -> None:
    assert arguments.check_cursor(None) is None
    assert arguments.check_cursor(" ") is None
    assert arguments.check_cursor(" 5ed67ba6d1f1b90d3aff497b ") == "5ed67ba6d1f1b90d3aff497b"


def test_a_cursor_that_cannot_be_one_is_refused() -> None:
    assert "next_cursor" in message_of(lambda: arguments.check_cursor("a b\x00"))


def test_a_search_or_a_prefix_may_be_left_out() -> None:
    assert arguments.check_name_prefix("") is None
    assert arguments.check_name_prefix("render ") == "render "
    assert arguments.check_search(None) is None
    assert arguments.check_search("err.*") == "err.*"
    assert "1,000 characters" in message_of(lambda: arguments.check_search("x" * 1001))


def test_states_are_read_in_any_case_and_in_groups() -> None:
    assert arguments.check_states(None) == ()
    assert arguments.check_states("success, fullyexecuting") == ("Success", "FullyExecuting")
    assert arguments.check_states("fully executing") == ("FullyExecuting",)
    assert arguments.check_states("finished,Failure") == ("Cancelled", "Success", "Failure")
    assert arguments.check_states("failed") == ("Failure",)
    assert "Submitted" in arguments.check_states("active")
    assert "Success" not in arguments.check_states("active")


@pytest.mark.parametrize(("word", "meant"), arguments.EVERYDAY_STATES.items())
def test_everyday_words_for_states_are_understood(word: str, meant: str) -> None:
    assert arguments.check_states(word.title()) == arguments.check_states(meant)


def test_an_unknown_state_is_answered_with_the_nearest() -> None:
    message = message_of(lambda: arguments.check_states("Succes"))
    assert "Did you mean Success" in message
    assert "PartiallyDispatched" in message


def test_a_state_like_no_other_is_answered_with_all_of_them() -> None:
    assert "Did you mean" not in message_of(lambda: arguments.check_states("zzz"))


def test_ten_tags_are_allowed_and_eleven_are_not() -> None:
    assert arguments.check_tags(None) == ()
    assert len(arguments.check_tags([f"tag {number}" for number in range(10)])) == 10
    assert "at most 10 tags" in message_of(lambda: arguments.check_tags(["t"] * 11))


@pytest.mark.parametrize("tag", ["", "  ", "x" * 512, "a\nb", "a\x1b[31m", "a\u202eb"])
def test_a_tag_is_a_short_text_on_one_line(tag: str) -> None:
    assert "511 characters" in message_of(lambda: arguments.check_tags([tag]))


def test_the_nearest_names_come_best_first_whatever_their_case() -> None:
    known = ["docker-batch", "docker-network", "blender"]
    assert arguments.nearest("Docker_Batch", known)[0] == "docker-batch"
    assert arguments.nearest("zzzz", known) == []
