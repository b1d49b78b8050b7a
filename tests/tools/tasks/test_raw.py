from qarnot_mcp.tools.answers import API_CHARACTERS, json_length
from qarnot_mcp.tools.tasks.raw import LEFT_OUT, bounded_api_answer


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
