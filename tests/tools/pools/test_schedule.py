"""When a pool has slots: the words of a schedule as periods of the API, and back."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from qarnot_mcp.qarnot.pools import Period
from qarnot_mcp.tools.pools.schedule import DAYS, periods_of, schedule_text
from qarnot_mcp.tools.pools.size import PoolSize

WEEK = list(DAYS)


def weekly(days: list[str], start: str, end: str) -> dict[str, Any]:
    return {"type": "Weekly", "name": "weekly", "days": days, "startTimeUtc": start, "endTimeUtc": end}


@pytest.mark.parametrize(
    ("schedule", "periods"),
    [
        ("always", [{"type": "Always", "name": "always"}]),
        ("mon-fri 08:00-18:00", [weekly(WEEK[:5], "08:00:00", "18:00:00")]),
        ("tuesday 00:00-24:00", [weekly(["tuesday"], "00:00:00", "23:59:59")]),
        ("sat-mon 01:00-02:30", [weekly(["monday", "saturday", "sunday"], "01:00:00", "02:30:00")]),
        ("daily 22:00-00:00", [weekly(WEEK, "22:00:00", "23:59:59")]),
        (
            "sun 22:00-06:00",
            [weekly(["sunday"], "22:00:00", "23:59:59"), weekly(["monday"], "00:00:00", "06:00:00")],
        ),
        (
            "mon 08:00-09:00, wed 10:00-11:00",
            [weekly(["monday"], "08:00:00", "09:00:00"), weekly(["wednesday"], "10:00:00", "11:00:00")],
        ),
    ],
)
def test_words_are_periods(schedule: str, periods: list[dict[str, Any]]) -> None:
    assert periods_of(schedule) == periods


@pytest.mark.parametrize(
    "schedule", ["always", "mon-fri 08:00-18:00", "tue 00:00-24:00", "mon 08:00-09:00, daily 10:00-11:00"]
)
def test_periods_are_words_again(schedule: str) -> None:
    assert schedule_text([Period.read(period) for period in periods_of(schedule)]) == schedule


def test_days_that_are_not_in_a_row_are_words_that_can_be_given_again() -> None:
    text = schedule_text([Period.read(weekly(["monday", "sunday"], "01:00:00", "02:00:00"))])
    assert text == "mon 01:00-02:00, sun 01:00-02:00"
    assert periods_of(text)


@pytest.mark.parametrize(
    "schedule",
    [
        "",
        "now",
        "mon-fri",
        "8:00-18:00",
        "mon 25:00-26:00",
        "mon 08:61-09:00",
        "mon 08:00-08:00",
        "mon 24:00-06:00",
        "may-jun 08:00-18:00",
        ", ".join(["mon 01:00-02:00"] * 8),
        "mon 01:00-02:00," * 100,
    ],
)
def test_what_is_no_schedule_is_refused_with_what_one_is(schedule: str) -> None:
    with pytest.raises(ValidationError, match="give days and times in UTC such as mon-fri 08:00-18:00"):
        PoolSize(slots=1, schedule=schedule)


def test_a_schedule_may_be_written_in_other_ways() -> None:
    assert PoolSize(slots=1, schedule="Mon-Fri  08:00-18:00 UTC,Sat 10:00-12:00").schedule == (
        "mon-fri 08:00-18:00, sat 10:00-12:00"
    )


def test_outside_of_its_times_a_pool_has_no_slots() -> None:
    policies = PoolSize(slots=4, schedule="mon-fri 08:00-18:00").scaling(periods_of("mon-fri 08:00-18:00"))["policies"]
    assert [(policy["type"], policy["slotsCount"]) for policy in policies] == [("Fixed", 4), ("Fixed", 0)]
    assert policies[-1]["enabledPeriods"] == [{"type": "Always", "name": "always"}]


def test_a_pool_without_a_schedule_has_one_policy() -> None:
    (policy,) = PoolSize(max_slots=8, idle_seconds=0).scaling(periods_of("always"))["policies"]
    assert (policy["minTotalSlots"], policy["maxTotalSlots"], policy["minIdleTimeSeconds"]) == (0, 8, 0)


def test_the_schema_says_how_long_a_schedule_may_be() -> None:
    assert TypeAdapter(PoolSize).json_schema()["properties"]["schedule"]["anyOf"][0]["maxLength"] == 200
