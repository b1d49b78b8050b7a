"""Text from strangers made safe to show: names, messages and log lines of the API.

Cleaning keeps the number of lines, never makes a text longer, and changes nothing on a second pass.
"""

import re

REPLACEMENT = "\ufffd"
_MARK_CHARACTERS = 32  # what the mark of a cut takes at most
CUT_FACTOR = 4  # blanks and invisible characters may take up three quarters of what is looked at
GIVEN_CHARACTERS = 100
"""Enough to recognise what was given: some 68 characters and how many are missing."""
SAID_CHARACTERS = 500
"""The API's own messages stay far below; what is longer is a page of a proxy."""

# Escape sequences of terminals. None may cross a line, and a control string (title, link, device command) without
# its end loses only its introducer, so that no text can hide behind it. No introducer stands in the body of another:
# else a text of nothing but introducers would be read again from each of them.
_ESCAPE_SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x90\x98\x9c-\x9f\n\r]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
)
# The same where no introducer is of eight bits, as is usual: the expression begins with one character, for which `re`
# looks twenty times as fast.
_SEVEN_BIT_SEQUENCES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b\n\r]*(?:\x07|\x1b\\)|[ -/]*[0-~])")
_EIGHT_BIT = re.compile(r"[\x90\x98\x9b-\x9f]")
# Controls but for newline, tab and carriage return; format characters (bidirectional, zero-width, tags); and the
# marks and letters that are invisible, which can carry a hidden text. U+FE0F stays: it only makes emoji colourful.
_INVISIBLE = (
    r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160"
    r"\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb"
    r"\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_SURROGATES = r"\ud800-\udfff"
_LINE_SEPARATORS = r"\u2028\u2029"
_INVISIBLE_RUN = re.compile(f"[{_INVISIBLE}]+")
_SURROGATE = re.compile(f"[{_SURROGATES}]")
_LINE_SEPARATOR = re.compile(f"[{_LINE_SEPARATORS}]")
_UNSAFE = re.compile(f"[\r{_INVISIBLE}{_SURROGATES}{_LINE_SEPARATORS}]")
_ASCII_CONTROLS = dict.fromkeys(code for code in (*range(32), 127) if chr(code) not in "\n\t")


def clean_text(text: str) -> str:
    """Return the text without terminal escapes, control, bidirectional and zero-width characters.

    Newlines and tabs stay, ``\\r\\n`` is a newline, and of a line that was overwritten with ``\\r`` (a progress
    bar) the last state stays. Lone surrogates become U+FFFD.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    if "\x1b" not in text and _is_clean(text):
        return text
    is_seven_bit = text.isascii() or not _EIGHT_BIT.search(text)
    text = (_SEVEN_BIT_SEQUENCES if is_seven_bit else _ESCAPE_SEQUENCES).sub("", text)
    if _is_clean(text):
        return text
    text = _INVISIBLE_RUN.sub("", text)
    text = _SURROGATE.sub(REPLACEMENT, text)
    text = _LINE_SEPARATOR.sub(" ", text)
    if "\r" not in text:
        return text
    return "\n".join([_last_state(line) if "\r" in line else line for line in text.split("\n")])


def visible(text: str) -> str:
    """Return the text with every character that `clean_text` would drop written as an escape, such as ``\\x1b``.

    Newlines and tabs stay: it is what was written, and nothing in it is hidden.
    """
    return text if _is_clean(text) else _UNSAFE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def one_line(text: str, limit: int) -> str:
    """Return a name or message on one line of at most `limit` characters, with single spaces.

    The text is cut to a few times the limit first, so that a huge one costs no more than a long one.
    """
    if len(text) <= limit and text.isascii() and text.isprintable() and "  " not in text and text == text.strip():
        return text
    part = text[: CUT_FACTOR * limit]
    # A line break of any kind is a blank here; a lone \r must not make what comes before it disappear.
    line = " ".join(clean_text(part.replace("\r", " ")).split())
    return shorten(line, limit, beyond=len(text) - len(part))


def shorten(text: str, limit: int, *, beyond: int = 0) -> str:
    """Return the text cut to `limit` characters, including a mark that says how many are missing.

    `beyond` is how many characters of the original are missing already.
    """
    if len(text) <= limit and beyond == 0:
        return text
    if limit < 2 * _MARK_CHARACTERS:
        return text[: max(limit - 1, 0)] + "…"[:limit]
    kept = min(len(text), limit - _MARK_CHARACTERS)
    return f"{text[:kept]}… ({len(text) - kept + beyond:,} more characters)"


def shown(value: object) -> str:
    """Return a given value as it appears in a message; a text stands in quotes."""
    return (
        repr(one_line(value, GIVEN_CHARACTERS)) if isinstance(value, str) else one_line(repr(value), GIVEN_CHARACTERS)
    )


def said(api_message: str) -> str:
    """Return what the API said as the end of a clause, such as ": no such task"; empty if it said nothing."""
    message = one_line(api_message, SAID_CHARACTERS).rstrip(".")
    return f": {message}" if message else ""


def seconds_text(seconds: float | None) -> str:
    """Return a wait in words; a minute if the API did not say how long."""
    return "a minute" if seconds is None else f"{max(1, round(seconds))} s"


def _is_clean(text: str) -> bool:
    # Several times faster than the expression, and nearly all log text is ASCII.
    if text.isascii():
        return text.isprintable() or len(text.translate(_ASCII_CONTROLS)) == len(text)
    return _UNSAFE.search(text) is None


def _last_state(line: str) -> str:
    states = [state for state in line.split("\r") if state.strip()]
    return states[-1] if states else ""
