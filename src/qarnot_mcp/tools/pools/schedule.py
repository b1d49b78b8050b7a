"""When a pool has slots: a few words such as `mon-fri 08:00-18:00` as the API's weekly periods, and back."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import ValidationInfo

from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.qarnot.pools import Period
from qarnot_mcp.text.cleaning import one_line
from qarnot_mcp.tools.checks import parameter_of

ALWAYS = "always"
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MAX_CHARACTERS = 200
MAX_WINDOWS = 7
_MIDNIGHT = "24:00"
_DAY_END = "23:59:59"
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d"
_WINDOW = re.compile(
    rf"(?P<first>[a-z]{{3,9}})(?:-(?P<last>[a-z]{{3,9}}))? (?P<start>{_TIME})-(?P<end>{_TIME}|24:00)", re.ASCII
)
_VALID = "days and times in UTC such as mon-fri 08:00-18:00, several separated by commas, or always"


def check_schedule(given: str, info: ValidationInfo) -> str:
    """Check a schedule, and return it in lower case without needless blanks."""
    parts = given[:MAX_CHARACTERS].lower().replace(" utc", " ").split(",")
    text = ", ".join(" ".join(part.split()) for part in parts)
    if len(given) > MAX_CHARACTERS or not periods_of(text):
        raise InvalidArgument(parameter_of(info), given, _VALID)
    return text


def periods_of(schedule: str) -> list[dict[str, Any]]:
    """Return a schedule as `enabledPeriods`, none where it cannot be read; a window past midnight is two of them."""
    if schedule == ALWAYS:
        return [always()]
    windows = [_WINDOW.fullmatch(part) for part in schedule.split(", ")]
    if len(windows) > MAX_WINDOWS:
        return []
    periods: list[dict[str, Any]] = []
    for window in windows:
        days = _days(window["first"], window["last"] or window["first"]) if window else []
        if window is None or not days or window["start"] == window["end"]:
            return []
        periods += _periods(days, window["start"], window["end"])
    return periods


def always() -> dict[str, Any]:
    """Return the period that is always."""
    return {"type": "Always", "name": ALWAYS}


def schedule_text(periods: Sequence[Period]) -> str:
    """Return periods of the API in the words of a schedule."""
    if any(period.type == "Always" for period in periods):
        return ALWAYS
    texts = [text for period in periods[: 2 * MAX_WINDOWS] for text in _texts(period)]
    return one_line(", ".join(texts), MAX_CHARACTERS)


def _periods(days: list[int], start: str, end: str) -> Iterator[dict[str, Any]]:
    if start < end:
        yield _period(days, start, end)
        return
    yield _period(days, start, _MIDNIGHT)
    if end != "00:00":
        yield _period([(day + 1) % 7 for day in days], "00:00", end)


def _period(days: list[int], start: str, end: str) -> dict[str, Any]:
    return {
        "type": "Weekly",
        "name": "weekly",
        "days": [DAYS[day] for day in sorted(days)],
        "startTimeUtc": f"{start}:00",
        "endTimeUtc": _DAY_END if end == _MIDNIGHT else f"{end}:00",
    }


def _days(first: str, last: str) -> list[int]:
    """Return the days from one to another, over the end of the week where need be; none where one is no day."""
    if first == "daily":
        return list(range(7))
    numbers = [number for name in (first, last) for number, day in enumerate(DAYS) if name in (day, day[:3])]
    if len(numbers) < 2:
        return []
    start, end = numbers
    return [day % 7 for day in range(start, (end if end >= start else end + 7) + 1)]


def _texts(period: Period) -> Iterator[str]:
    """Yield a weekly period as windows of a schedule: one for days in a row, else one for each day."""
    numbers = sorted({DAYS.index(day.lower()) for day in period.days if day.lower() in DAYS})
    end = _MIDNIGHT if (period.end or "").startswith(_DAY_END[:5]) else (period.end or "")[:5]
    times = f"{(period.start or '')[:5]}-{end}"
    if numbers == list(range(7)):
        yield f"daily {times}"
    elif len(numbers) > 1 and numbers == list(range(numbers[0], numbers[-1] + 1)):
        yield f"{DAYS[numbers[0]][:3]}-{DAYS[numbers[-1]][:3]} {times}"
    else:
        yield from (f"{DAYS[number][:3]} {times}" for number in numbers)
