"""How the messages of errors are worded: what strangers wrote is bounded, on one line, without control characters."""

import re

GIVEN_CHARACTERS = 80
SAID_CHARACTERS = 500
MESSAGE_CHARACTERS = 1500

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]+")


def plain(text: str, limit: int) -> str:
    """Answers text from strangers on one line, without control characters, of at most `limit` characters."""
    # Cut first: a message can be as long as an answer may be.
    words = " ".join(_UNPRINTABLE.sub(" ", text[: 4 * limit]).split())
    return words if len(words) <= limit else f"{words[: limit - 1]}…"


def shown(value: object) -> str:
    """Answers a given value as it appears in a message."""
    return repr(plain(value, GIVEN_CHARACTERS)) if isinstance(value, str) else plain(repr(value), GIVEN_CHARACTERS)


def said(api_message: str) -> str:
    """Answers what the API said as the end of a clause; empty where it said nothing."""
    message = plain(api_message, SAID_CHARACTERS).rstrip(".")
    return f": {message}" if message else ""


def seconds_text(seconds: float | None) -> str:
    """Answers a wait in words; a minute where the API did not say."""
    return "a minute" if seconds is None else f"{max(1, round(seconds))} s"


class QarnotError(Exception):
    """Every error of ours; its text is the whole message for the reader."""

    def __init__(self, message: str) -> None:
        super().__init__(plain(message, MESSAGE_CHARACTERS))

    def add(self, note: str) -> None:
        """Adds a sentence to the message."""
        self.args = (plain(f"{self} {note}", MESSAGE_CHARACTERS),)
