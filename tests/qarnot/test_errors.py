"""What errors show of the text of strangers."""

import pytest

from qarnot_mcp.qarnot import errors
from qarnot_mcp.qarnot.errors import QarnotError

INVISIBLE = {
    "tags": "\U000e0049\U000e0067\U000e006e\U000e006f\U000e0072\U000e0065",
    "hangul filler": "\u3164\uffa0\u115f",
    "variation selectors": "\ufe01\U000e0101",
    "zero width": "\u200b\u200d\ufeff",
    "bidirectional": "\u202e\u2066\u2069",
    "controls": "\x00\x1b[2J\x07\x9b",
    "line ends": "\n\r\u2028\u2029\x85",
}
HIDDEN = "".join(INVISIBLE.values())


@pytest.mark.parametrize("hidden", INVISIBLE.values(), ids=INVISIBLE.keys())
@pytest.mark.parametrize(
    "make",
    [
        lambda text: errors.Forbidden(text),
        lambda text: errors.BadRequest(text),
        lambda text: errors.KeyRefused(text),
        lambda text: errors.ServerFailed(500, text),
        lambda text: errors.UnreadableResponse(text),
        lambda text: errors.Unreachable(text, sent=True),
        lambda text: errors.NotFound("task", text, text),
        lambda text: errors.InvalidArgument("name", text, "a name"),
        lambda text: errors.TaskEnded("t", text, text),
        lambda text: errors.ShortnameTaken("s", uuid=text, name=text, state=text),
        lambda text: errors.NotStarted(text, errors.ServerFailed(500, text)),
    ],
)
def test_an_error_carries_nothing_invisible(make: "type[QarnotError]", hidden: str) -> None:
    error = make(f"Denied{hidden}by rule")
    error.add(f"see{hidden}there")
    assert "Denied" in str(error)
    assert not set(hidden) & set(str(error)) - set("[2J")
    assert str(error).replace("\ufffd", "").isprintable()


def test_what_the_api_said_is_kept_clean_on_the_error() -> None:
    assert errors.Forbidden(f"Denied{HIDDEN}").api_message == "Denied"


def test_a_long_message_says_how_much_is_missing() -> None:
    message = str(errors.Forbidden("x" * 100_000))
    assert len(message) <= 1500
    assert "(99,532 more characters)" in message
    assert message.endswith("use the key of the account that owns it.")
