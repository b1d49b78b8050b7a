"""Dates and time spans as the API writes them."""

import re
from datetime import UTC, datetime

NEVER = "0001-01-01T00:00:00Z"
"""How the API writes a date that has not come."""

_LAST_DATE_SECONDS = 253402300799
"""The last second of the year 9999, where dates of this form end."""

_SPAN = re.compile(r"(?:(\d{1,8})\.)?(\d{1,2}):(\d{2}):(\d{2})(?:\.(\d{1,7}))?", re.ASCII)


def date_text(at: int | None) -> str:
    """A moment in seconds since 1970 as `YYYY-MM-DDTHH:MM:SSZ`; None is the API's "never"."""
    if at is None:
        return NEVER
    return datetime.fromtimestamp(max(0, min(at, _LAST_DATE_SECONDS)), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def span_text(seconds: int) -> str:
    """Whole seconds as `[d.]hh:mm:ss`."""
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return f"{days}.{hour:02}:{minute:02}:{second:02}" if days else f"{hour:02}:{minute:02}:{second:02}"


def span_seconds(text: str) -> float:
    """The seconds in `[d.]hh:mm:ss[.fffffff]`.

    Raises ValueError for a text of another form.
    """
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError(f"not a time span: {text[:40]!r}")
    days, hours, minutes, seconds, fraction = found.groups()
    whole = int(days or 0) * 86400 + int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    return whole + (int(fraction) / 10 ** len(fraction) if fraction else 0.0)
