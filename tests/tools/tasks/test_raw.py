from datetime import UTC, datetime

from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.tools.answers import API_CHARACTERS, json_length
from qarnot_mcp.tools.tasks.details import TaskDetails
from qarnot_mcp.tools.tasks.raw import LEFT_OUT, bounded_api_answer
from tests.support.qarnot_api import task_document


def test_an_answer_that_fits_is_told_whole() -> None:
    assert bounded_api_answer({"uuid": "u", "tags": ["a", "b"]}) == {"uuid": "u", "tags": ["a", "b"]}


def test_long_lists_lose_their_ends_and_say_so() -> None:
    whole = bounded_api_answer(
        {"uuid": "u", "status": {"running": [{"id": number, "x": "y" * 50} for number in range(9000)]}}
    )
    running = whole["status"]["running"]
    assert running[0]["id"] == 0
    assert whole[LEFT_OUT] == {"status.running": 9000 - len(running)}
    assert json_length(whole) <= API_CHARACTERS + 100


def test_a_list_of_one_giant_does_not_cost_the_rest() -> None:
    giant = {f"k{number}": "x" * 3000 for number in range(10)}
    whole = bounded_api_answer({"uuid": "u", "errors": [giant], "tags": [str(number) for number in range(9000)]})
    assert whole["errors"] == [giant]
    assert whole["tags"][0] == "0"
    assert LEFT_OUT in whole


def test_many_long_labels_are_shortened_rather_than_left_out() -> None:
    whole = bounded_api_answer({"uuid": "u", "labels": {f"l{number}": "x" * 2048 for number in range(100)}})
    assert len(whole["labels"]) == 100
    assert whole["labels"]["l0"].endswith("more characters)")
    assert json_length(whole) <= API_CHARACTERS


def test_what_cannot_be_made_to_fit_says_so() -> None:
    whole = bounded_api_answer({f"field-{number}": "x" for number in range(20_000)})
    assert list(whole) == [LEFT_OUT]


COMMAND = "sh -c 'set -e\n# a comment\ncd  /x\n\tls\u200d \x1b[1m$TOKEN'"


def test_a_command_is_told_as_the_task_has_it_so_that_it_can_run_again() -> None:
    raw = {
        "name": "two\nlines",
        "constants": [{"key": "DOCKER_CMD", "value": COMMAND}, {"key": "DB_PASSWORD", "value": "x\ny"}],
        "labels": {"note": "a\n  b"},
        "resultsWhitelist": ".*  \\.csv\u202e",
    }
    told = COMMAND.replace("\u200d", "\\u200d").replace("\x1b", "\\x1b")
    assert bounded_api_answer(raw) == {
        "name": "two lines",
        "constants": [{"key": "DOCKER_CMD", "value": told}, {"key": "DB_PASSWORD", "value": "[hidden]"}],
        "labels": {"note": "a\n  b"},
        "resultsWhitelist": ".*  \\.csv\\u202e",
    }
    details = TaskDetails.of(Task.read(task_document(**raw)), now=datetime(2026, 1, 2, tzinfo=UTC))
    assert details.constants == {"DOCKER_CMD": told, "DB_PASSWORD": "[hidden]"}
    assert details.labels == {"note": "a\n  b"}
    assert details.results_whitelist == ".*  \\.csv\\u202e"


def test_giant_texts_are_cut_before_they_are_masked() -> None:
    giant = "password=a&" * 1_000_000
    whole = bounded_api_answer({"errors": [{"message": giant}], "constants": [{"key": "DOCKER_CMD", "value": giant}]})
    assert json_length(whole) <= API_CHARACTERS
    assert "more characters" in whole["constants"][0]["value"]
