"""How values, API messages and waits appear in the messages of errors; all that strangers wrote is cleaned."""

from qarnot_mcp.text.cleaning import one_line

GIVEN_CHARACTERS = 100
"""Enough to recognise what was given: some 68 characters and how many are missing."""
SAID_CHARACTERS = 500
"""The API's own messages stay far below; what is longer is a page of a proxy."""


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
