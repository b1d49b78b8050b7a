"""Refusals in all their shapes, and JSON that is none."""

import json
from typing import Any

import pytest
from hypothesis import example, given, strategies

from qarnot_mcp.qarnot.errors import (
    ApiRefused,
    BadRequest,
    Conflict,
    Forbidden,
    HardwareUnavailable,
    KeyRefused,
    NotEnoughCredits,
    NotFound,
    QarnotError,
    QuotaReached,
    RateLimited,
    ServerFailed,
    UnreadableResponse,
)
from qarnot_mcp.qarnot.http.responses import (
    LONGEST_WAIT_SECONDS,
    Resource,
    Response,
    error_for,
    message_of,
    wait_seconds,
)

TASK = Resource("task", "t1")


def answer(status: int, document: object = None, **headers: str) -> Response:
    body = b"" if document is None else json.dumps(document).encode()
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"message": "No such thing"}, "No such thing"),
        ({"error": {"message": "Bad token", "code": 401}, "data": {}}, "Bad token"),
        ({"error": "No secret"}, "No secret"),
        ({"errors": {"": ["A body is required."]}, "title": "Wrong"}, "A body is required."),
        ({"errors": {"a": ["one", "two"], "b": "three"}}, "a: one two; b: three"),
        ({"errors": None, "detail": "The detail", "title": "The title"}, "The detail"),
        ({"detail": None, "title": "The title"}, "The title"),
        ([{"statusCode": 400, "uuid": None, "message": "Invalid fields: name"}], "Invalid fields: name"),
        ("Just text", "Just text"),
        ({"message": "  "}, ""),
        ({"message": 5}, ""),
        ([], ""),
        (7, ""),
        ({"message": "two\nlines\x1b[31m\u202e"}, "two lines"),
    ],
)
def test_every_shape_of_refusal_is_read(document: object, message: str) -> None:
    assert message_of(answer(400, document)) == message


@pytest.mark.parametrize(
    ("body", "message"),
    [(b"plain words", "plain words"), (b"<html>proxy</html>", ""), (b"\xff\xfe", "\ufffd\ufffd"), (b"", "")],
)
def test_a_refusal_without_json_gives_its_text_but_never_markup(body: bytes, message: str) -> None:
    assert message_of(Response(502, {}, body)) == message


def test_a_long_message_is_cut() -> None:
    assert len(message_of(answer(400, {"message": "x" * 1_000_000}))) <= 500


@pytest.mark.parametrize(
    ("status", "said", "kind", "words"),
    [
        (400, "Invalid fields: name", BadRequest, "rejected the arguments of this call: Invalid fields: name. Correct"),
        (401, "Bad authentication token", KeyRefused, "refused the API key: Bad authentication token"),
        (402, "Not enough credits", NotEnoughCredits, "does not have enough credits"),
        (402, "No machine fits the hardware constraints", HardwareUnavailable, "Loosen or drop hardware_constraints"),
        (403, "Maximum number of tasks reached", QuotaReached, "delete finished tasks with delete_task"),
        (403, "No access", Forbidden, "does not allow this"),
        (404, "No such task: t1", NotFound, "No task 't1' is visible to this API key. list_tasks"),
        (404, "No such bucket: in", NotFound, "No bucket 'in' is visible to this API key."),
        (404, "Nothing here", NotFound, "No task 't1' is visible to this API key: Nothing here."),
        (409, "Taken", Conflict, "conflicts with the current state: Taken"),
        (405, "Method", ApiRefused, "refused this call: Method"),
        (429, "", RateLimited, "Wait a minute"),
        (302, "", UnreadableResponse, "redirects"),
        (500, "Oops", ServerFailed, "failed with status 500: Oops. Try again in a moment"),
        (408, "", ServerFailed, "408"),
    ],
)
def test_each_status_becomes_the_error_that_teaches(
    status: int, said: str, kind: type[QarnotError], words: str
) -> None:
    error = error_for(answer(status, {"message": said}), TASK)
    assert type(error) is kind
    assert words in str(error)
    if isinstance(error, ApiRefused):
        assert error.status == status


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry_after": "3"}, 3.0),
        ({"retry_after": "1.5"}, 1.5),
        ({"retry_after": "999999999"}, 604800.0),
        ({"retry_after": "-3"}, None),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30.0),
        ({"retry_after": "Wed, 21 Oct 2026 07:28:00", "date": "Wed, 21 Oct 2026 07:29:00 GMT"}, 0.0),
        ({"retry_after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
    ],
)
def test_retry_after_is_read_in_seconds_and_as_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert wait_seconds(answer(429, **headers).headers) == seconds


HOSTILE_DATES = ("Mon, 01 Jan {} 00:00:00 GMT", "Mon, {} Jan 2026 00:00:00 GMT", "Mon, 01 Jan 2026 00:00:{} GMT", "{}")


@given(
    form=strategies.sampled_from((*HOSTILE_DATES, "Mon, 01 Jan 2026 00:00:00 {}")),
    part=strategies.one_of(
        strategies.integers(-(10**30), 10**30).map(str),
        strategies.floats().map(str),
        strategies.text(strategies.characters(max_codepoint=255), max_size=40),
    ),
)
@example(form=HOSTILE_DATES[0], part="99999999999999999999")
@example(form=HOSTILE_DATES[0], part="9999")
@example(form="Mon, 01 Jan 0001 00:00:00 {}", part="+2359")
def test_a_retry_after_of_any_kind_is_a_number_or_nothing(form: str, part: str) -> None:
    for headers in ({"retry-after": form.format(part)}, {"retry-after": "Mon, 01 Jan 2026", "date": form.format(part)}):
        seconds = wait_seconds(headers)
        assert seconds is None or 0 <= seconds <= LONGEST_WAIT_SECONDS


@pytest.mark.parametrize("status", [429, 503])
def test_the_wait_that_was_asked_for_is_in_the_message(status: int) -> None:
    assert "30 s" in str(error_for(answer(status, retry_after="30"), TASK))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "it is empty"),
        (b"<html>", "not usable JSON"),
        (b'{"a": NaN}', "not usable JSON"),
        (b"[" * 100_000, "not usable JSON"),
        (b'{"a": "\xff"}', "not usable JSON"),
        (b'{"a": 1', "not usable JSON"),
    ],
)
def test_a_body_that_is_no_json_is_a_clear_error(body: bytes, reason: str) -> None:
    with pytest.raises(UnreadableResponse, match=rf"the task: (it is )?{reason}"):
        Response(200, {"content-type": "text/html"}, body).json("the task")


def test_json_is_decoded() -> None:
    document: dict[str, Any] = {"a": [1, "é"]}
    assert answer(200, document).json("it") == document


def test_an_answer_of_too_many_parts_is_refused_before_it_is_decoded() -> None:
    bomb = b"[" + b"[]," * 100_000 + b"[]]"
    with pytest.raises(UnreadableResponse, match="more than 200,000 parts"):
        Response(200, {}, bomb).json("the task")
