"""The forms of values on the wire: JSON objects, dates, time spans, sets of instance ids, and the XML of S3."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

JsonObject = dict[str, Any]
XML_TYPE = "application/xml"
_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
Element = tuple[str, "str | int | Iterable[Element]"]
"""A name with a text, or with elements inside."""

NEVER = "0001-01-01T00:00:00Z"
"""How the API writes a date that does not exist yet."""

LAST_DATE_SECONDS = 253402300799
"""The last second of the year 9999, where dates of this form end."""

_RANGES = re.compile(r"\s*\d{1,9}(?:-\d{1,9})?(?:,\d{1,9}(?:-\d{1,9})?)*\s*", re.ASCII)
_SPAN = re.compile(r"(?:(\d{1,8})\.)?(\d{1,2}):(\d{2}):(\d{2})(?:\.(\d{1,7}))?", re.ASCII)


def date_text(at: int | None) -> str:
    """Return seconds since 1970 as `YYYY-MM-DDTHH:MM:SSZ`; None is the API's "never"."""
    if at is None:
        return NEVER
    return datetime.fromtimestamp(max(0, min(at, LAST_DATE_SECONDS)), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def span_text(seconds: int) -> str:
    """Return whole seconds as `[d.]hh:mm:ss`."""
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return f"{days}.{hour:02}:{minute:02}:{second:02}" if days else f"{hour:02}:{minute:02}:{second:02}"


def span_seconds(text: str) -> float:
    """Return the seconds in `[d.]hh:mm:ss[.fffffff]`.

    Raises ValueError for a text of another form.
    """
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError(f"not a time span: {text[:40]!r}")
    days, hours, minutes, seconds, fraction = found.groups()
    whole = int(days or 0) * 86400 + int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    return whole + (int(fraction) / 10 ** len(fraction) if fraction else 0.0)


def leading_digits(text: str, count: int = 9) -> int | None:
    """Return the number that the first digits of a text of nothing but digits make; None for another text."""
    return int(text[:count]) if text.isascii() and text.isdigit() else None


def ranges_text(instance_ids: Iterable[int]) -> str:
    """Return instance ids as ranges; no ids give the empty text."""
    spans: list[list[int]] = []
    for instance_id in sorted(set(instance_ids)):
        if spans and instance_id == spans[-1][1] + 1:
            spans[-1][1] = instance_id
        else:
            spans.append([instance_id, instance_id])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)


def range_ids(text: str, max_count: int) -> tuple[int, ...]:
    """Return the instance ids in ranges, in order and without repeats.

    Raises ValueError for a text of another form, a range that runs backwards, or more than `max_count` ids.
    """
    if len(text) > 16384 or not _RANGES.fullmatch(text):
        raise ValueError(f"not a list of ranges: {text[:40]!r}")
    spans: list[tuple[int, int]] = []
    total = 0
    for part in text.strip().split(","):
        low, _, high = part.partition("-")
        first, last = int(low), int(high or low)
        if last < first:
            raise ValueError(f"the range {part} runs backwards")
        spans.append((first, last))
        total += last - first + 1
        if total > max_count:
            raise ValueError(f"more than {max_count} instances")
    return tuple(sorted({instance_id for first, last in spans for instance_id in range(first, last + 1)}))


def xml_document(root: str, elements: Iterable[Element]) -> bytes:
    """Return a document of one root; texts are escaped."""
    namespace = "" if root == "Error" else f' xmlns="{_NAMESPACE}"'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}{namespace}>{_inner(elements)}</{root}>'.encode()


def _inner(elements: Iterable[Element]) -> str:
    return "".join(
        f"<{name}>{escape(str(value)) if isinstance(value, str | int) else _inner(value)}</{name}>"
        for name, value in elements
    )
