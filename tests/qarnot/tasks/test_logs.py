"""Log bodies: a JSON string or plain text, in parts of any size."""

import json
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qarnot_mcp.qarnot.errors import UnreadableResponse
from qarnot_mcp.qarnot.tasks.logs import LogDecoder

JSON = "application/json; charset=utf-8"


def decoded(body: bytes, cuts: list[int] | None = None, kind: str = JSON) -> str:
    """Decodes a body that comes in parts which end at the cuts."""
    decoder = LogDecoder(kind)
    ends = sorted({min(cut, len(body)) for cut in cuts or []} | {len(body)})
    parts = [body[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    decoded = [decoder.feed(part) for part in parts] + [decoder.finish()]
    assert all(part.newlines == part.text.count("\n") for part in decoded)
    assert all(bool(part.size) == bool(part.text) for part in decoded)
    return "".join(part.text for part in decoded)


def byte_by_byte(body: bytes, kind: str = JSON) -> str:
    return decoded(body, list(range(len(body))), kind)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('\\"\n\t\x00\x1b\r/u😀é'), max_size=60)


@given(TEXTS, st.booleans(), st.lists(st.integers(0, 200)))
@example('\\"', True, [2])
@example("😀😀", True, [3, 7, 9])
def test_a_json_string_is_decoded_wherever_it_is_cut(text: str, ascii_only: bool, cuts: list[int]) -> None:
    assert decoded(json.dumps(text, ensure_ascii=ascii_only).encode(), cuts) == text


@given(TEXTS, st.lists(st.integers(0, 200)))
def test_plain_text_is_decoded_wherever_it_is_cut(text: str, cuts: list[int]) -> None:
    assert decoded(text.encode(), cuts, "text/plain; charset=utf-8") == text


@given(st.binary(max_size=80), st.lists(st.integers(0, 80)))
def test_rubbish_in_a_string_never_stops_the_reading_of_it(rubbish: bytes, cuts: list[int]) -> None:
    body = b'"' + rubbish.replace(b"\\", b"").replace(b'"', b"") + b'"'
    assert decoded(body, cuts).encode() is not None


@given(st.binary(max_size=60), st.lists(st.integers(0, 80)))
def test_any_body_is_text_or_a_clear_error(body: bytes, cuts: list[int]) -> None:
    for start in (b"", b'"'):
        with suppress(UnreadableResponse):
            assert isinstance(decoded(start + body, cuts), str)


@pytest.mark.parametrize("body", [b"", b'""', b"null", b" null\n", b' "" ', b"\n"])
def test_an_empty_log_is_empty(body: bytes) -> None:
    assert decoded(body) == byte_by_byte(body) == ""


def test_a_byte_order_mark_is_no_text() -> None:
    assert decoded(b'\xef\xbb\xbf"a"') == "a"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b" 0> hello\n 1> you\n", "0> hello\n 1> you\n"),
        (b"nullified", "nullified"),
        (b"nu", "nu"),
        (b"null" + b" " * 100 + b"!", "null" + " " * 100 + "!"),
        (b'{"not": "a log"}', '{"not": "a log"}'),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_what_is_no_json_string_is_plain_text(body: bytes, text: str) -> None:
    assert decoded(body) == text


def test_plain_text_that_calls_itself_so_keeps_its_quotes() -> None:
    assert byte_by_byte(b'"a" and "b"', "text/plain") == '"a" and "b"'


def test_text_behind_the_closing_quote_is_kept() -> None:
    assert decoded(b'"a" and "b"') == 'a" and "b"'
    assert decoded(b'"a" and "b"', [3]) == 'a" and "b"'


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        (rb"\ud83d\ude00", "😀"),
        (rb"\ud83d", "\ufffd"),
        (rb"\ude00x", "\ufffdx"),
        (rb"\ud83d\ud83d\ude00", "\ufffd😀"),
        (rb"\\ud83d", r"\ud83d"),
        (rb"\\\ud83d\ude00\\", "\\😀\\"),
        (rb"\q and \u12zz", r"\q and \u12zz"),
        (b"raw\ncontrol\x00\x1b[31m", "raw\ncontrol\x00\x1b[31m"),
        (b"\xff\xc3(\xf0\x9f\x98", "\ufffd\ufffd(\ufffd"),
        (b"progress 1%\\rprogress 2%\\r", "progress 1%\rprogress 2%\r"),
    ],
)
def test_rubbish_and_surrogates_are_mended(inside: bytes, text: str) -> None:
    assert decoded(b'"' + inside + b'"') == text


@pytest.mark.parametrize("inside", [rb"\ud83d\ude00", rb"\\\ud83d\ude00\\", rb"\"\\", "é😀".encode()])
def test_a_part_may_end_anywhere(inside: bytes) -> None:
    assert byte_by_byte(b'"' + inside + b'"') == decoded(b'"' + inside + b'"')


@pytest.mark.parametrize("body", [b'"', b'"abc', b'"abc\\', b'"abc\\"', b'"\\ud83d', b'"\xf0\x9f'])
def test_a_string_that_is_not_closed_was_cut(body: bytes) -> None:
    with pytest.raises(UnreadableResponse, match="breaks off before its end"):
        byte_by_byte(body)


def test_blanks_behind_the_string_are_nothing() -> None:
    assert byte_by_byte(b'"a" \r\n') == decoded(b'"a" \r\n') == "a"


def test_a_line_without_an_end_is_not_kept_back() -> None:
    decoder = LogDecoder(JSON)
    assert decoder.feed(b'"' + b"x" * 1000).text == "x" * 1000
    assert len(decoder.feed(b"y" * 1_000_000).text) == 1_000_000


def test_a_run_of_backslashes_is_decoded_in_pairs() -> None:
    text = "\\" * 5001 + '"'
    body = json.dumps(text).encode()
    assert decoded(body, list(range(0, len(body), 7))) == text


def test_a_broken_part_is_left_to_be_repaired_later() -> None:
    decoder = LogDecoder(JSON)
    decoder.feed(b'"')
    part = decoder.feed(rb"a\xb\nc")
    assert part.is_broken
    before = (part.text, part.newlines)
    part.repair()
    assert not part.is_broken
    assert (part.text, part.newlines) == before == ("a\\xb\nc", 1)
