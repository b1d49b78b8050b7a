"""How many slots a pool should have, and when: its policies, read from a request and asked at a time."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from qarnot_mcp.sandbox.wire.bodies import Body
from qarnot_mcp.sandbox.wire.formats import JsonObject

MAX_SLOTS = 2048
MAX_POLICIES = 20
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.\d{1,7})?)?", re.ASCII)
_DAY_SECONDS = 86400
_QUEUE_COUNTS = ("minTotalSlots", "maxTotalSlots", "minIdleSlots", "minIdleTimeSeconds")


@dataclass(frozen=True, slots=True)
class Period:
    """When a policy counts: on `days` (0 is Monday) from `start` to `end` in seconds of the day; no days: always."""

    days: frozenset[int] = frozenset()
    start: int = 0
    end: int = _DAY_SECONDS

    def includes(self, at: int) -> bool:
        """Return whether a time is in the period."""
        return not self.days or (_weekday(at) in self.days and self.start <= at % _DAY_SECONDS <= self.end)

    def next_change(self, at: int) -> int | None:
        """Return when the period starts or ends next; None when it never does."""
        midnight = at - at % _DAY_SECONDS
        changes = (
            midnight + day * _DAY_SECONDS + second
            for day in range(9)
            if _weekday(midnight + day * _DAY_SECONDS) in self.days
            for second in (self.start, self.end + 1)
        )
        return next((change for change in changes if change > at), None)


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy: `fixed` slots, or as many as the queue needs within bounds."""

    name: str | None
    periods: tuple[Period, ...]
    fixed: int | None = None
    min_total: int = 0
    max_total: int = 0
    min_idle: int = 0
    min_idle_seconds: int = 90
    step: int = MAX_SLOTS
    """Slots that are added at once."""

    def slots(self, demand: int) -> int:
        """Return the slots to have when that many are busy or waited for."""
        return (
            self.fixed if self.fixed is not None else min(self.max_total, max(self.min_total, demand + self.min_idle))
        )


def active_policy(policies: Sequence[Policy], at: int) -> Policy | None:
    """Return the first policy that counts at a time."""
    return next((policy for policy in policies if any(period.includes(at) for period in policy.periods)), None)


def next_change(policies: Sequence[Policy], at: int) -> int | None:
    """Return when another policy may count next; None when that never happens."""
    changes = (period.next_change(at) for policy in policies for period in policy.periods)
    return min((change for change in changes if change is not None), default=None)


def read_scaling(body: Body, field: str) -> JsonObject | None:
    """Read `{"policies": [...]}`."""
    given = body.nested(field)
    return None if given is None else read_policies(given)


def read_policies(given: Body) -> JsonObject:
    """Read the policies of a scaling; raises a 400 of shape C for one that cannot be."""
    return {"policies": [_read_policy(policy) for policy in given.objects("policies", MAX_POLICIES) or []]}


def read_elastic_property(body: Body, field: str) -> JsonObject | None:
    """Read the older form of a policy by queue."""
    given = body.nested(field)
    if given is None:
        return None
    counts = {name: _count(given, name) or 0 for name in _QUEUE_COUNTS}
    if given.flag("isElastic"):
        _check_order(given, counts)
    period, factor = _count(given, "resizePeriod"), given.number("rampResizeFactor")
    return {
        "isElastic": given.flag("isElastic") or False,
        **counts,
        "resizePeriod": 90 if period is None else period,
        "rampResizeFactor": 1.0 if factor is None else factor,
    }


def policies_of(fields: JsonObject) -> tuple[Policy, ...]:
    """Return the policies of a pool: those of its scaling, else its elastic property, else a fixed count of nodes."""
    scaling, elastic = fields.get("scaling"), fields["elasticProperty"]
    if scaling and scaling["policies"]:
        return tuple(_policy(each) for each in scaling["policies"])
    if elastic["isElastic"]:
        return (_policy({**elastic, "scalingFactor": elastic["rampResizeFactor"], "enabledPeriods": [{}]}),)
    per_node = (fields.get("multiSlotsSettings") or {}).get("slotsPerNode") or 1
    return (Policy(None, (Period(),), fixed=fields["instanceCount"] * per_node),)


def _policy(given: JsonObject) -> Policy:
    periods = tuple(_period(each) for each in given["enabledPeriods"])
    if "slotsCount" in given:
        return Policy(given.get("name"), periods, fixed=given["slotsCount"])
    factor, idle_seconds = given["scalingFactor"], given["minIdleTimeSeconds"]
    return Policy(
        given.get("name"),
        periods,
        min_total=given["minTotalSlots"] or 0,
        max_total=given["maxTotalSlots"] or 0,
        min_idle=given["minIdleSlots"] or 0,
        min_idle_seconds=90 if idle_seconds is None else idle_seconds,
        step=max(1, round((given["maxTotalSlots"] or 0) * (1.0 if factor is None else factor))),
    )


def _read_policy(given: Body) -> JsonObject:
    kind, name = given.text("type"), given.text("name")
    periods = [_read_period(period) for period in given.objects("enabledPeriods", MAX_POLICIES) or []]
    if not periods:
        raise given.problem("enabledPeriods", "A policy needs at least one period; 'Always' is one.")
    if kind == "Fixed":
        count = _count(given, "slotsCount")
        if count is None:
            raise given.problem("slotsCount", "'slotsCount' is missing.")
        return {"type": kind, "name": name, "slotsCount": count, "enabledPeriods": periods}
    if kind != "ManagedTasksQueue":
        raise given.problem("type", f"Unknown type of policy: {str(kind)[:40]!r}.")
    counts = {each: _count(given, each) for each in _QUEUE_COUNTS}
    factor = given.number("scalingFactor")
    _check_order(given, counts)
    if factor is not None and not 0 < factor <= 1:
        raise given.problem("scalingFactor", "'scalingFactor' should be above 0 and at most 1.")
    return {"type": kind, "name": name, **counts, "scalingFactor": factor, "enabledPeriods": periods}


def _check_order(given: Body, counts: Mapping[str, int | None]) -> None:
    if (counts["minTotalSlots"] or 0) > (counts["maxTotalSlots"] or 0):
        raise given.problem("minTotalSlots", "'minTotalSlots' should not be larger than 'maxTotalSlots'.")


def _read_period(given: Body) -> JsonObject:
    kind, name = given.text("type"), given.text("name")
    if kind == "Always":
        return {"type": kind, "name": name}
    if kind != "Weekly":
        raise given.problem("type", f"Unknown type of period: {str(kind)[:40]!r}.")
    days = [day.lower() for day in given.texts("days", 7, 20) or []]
    times = [given.text(each) for each in ("startTimeUtc", "endTimeUtc")]
    if not days or not set(days) <= set(_DAYS):
        raise given.problem("days", "'days' should be names of days in English.")
    if not all(text is not None and _TIME.fullmatch(text) for text in times):
        raise given.problem("startTimeUtc", "Times should be HH:MM:SS.")
    return {"type": kind, "days": days, "startTimeUtc": times[0], "endTimeUtc": times[1], "name": name}


def _period(given: JsonObject) -> Period:
    if "days" not in given:
        return Period()
    days = frozenset(_DAYS.index(day) for day in given["days"])
    return Period(days, _seconds(given["startTimeUtc"]), _seconds(given["endTimeUtc"]))


def _count(given: Body, field: str) -> int | None:
    count = given.integer(field)
    if count is not None and not 0 <= count <= (MAX_SLOTS if field.endswith(("Slots", "Count")) else 10**6):
        raise given.problem(field, f"'{field}' should be 0 to {MAX_SLOTS} slots or 1,000,000 seconds.")
    return count


def _seconds(text: Any) -> int:
    found = _TIME.fullmatch(text)
    return 0 if found is None else int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3] or 0)


def _weekday(at: int) -> int:
    return datetime.fromtimestamp(at, UTC).weekday()
