"""Faults on demand: what is to go wrong with the next calls.

    status       an error status, before the work or after it is done
    disconnect   the connection breaks, before the work or after it is done, before any byte of an answer
    slow         the body trickles for some seconds
    cut          the connection breaks in the middle of the body
    endless      the body does not end
    not_json     200 with a page of HTML
    wrong_type   200 with valid JSON of another type
    hostile      200 with what would have come, each field of one sort made hostile: `variant` is `text`, `list`,
                 `wrong_types`, `nan` or `year_99999`, and `size` the characters of a text or the entries of a list
    late         the work is done, but what was created is only seen some seconds later

A fault is a JSON object, sent to `POST /sandbox/faults` to wait for its calls, or in the header `X-Sandbox-Fault` of
one call. Beside `kind` it may have `when` (`before` or `after` the work), `status`, `message` and `retry_after` (a
text, as the header has it), `seconds`, `late_seconds` (with any kind that comes after the work), `count` (calls that
it meets: 1 by default, 0 for all until it is cleared) and `match`: `method`, `path` (in lower case, without `/v1`,
`*` for any text) and `key`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from qarnot_mcp.sandbox.control.hostility import VARIANTS
from qarnot_mcp.sandbox.wire.bodies import Body
from qarnot_mcp.sandbox.wire.errors import api_error

KINDS = ("status", "disconnect", "slow", "cut", "endless", "not_json", "wrong_type", "hostile", "late")
MAX_FAULTS = 100
MAX_SECONDS = 600.0


@dataclass(slots=True)
class Fault:
    """One fault; `count` calls are left to it, None for all until it is cleared."""

    kind: str
    status: int
    message: str
    retry_after: str | None
    seconds: float
    late_seconds: float
    is_after: bool
    count: int | None
    method: str | None
    path: str | None
    key: str | None
    variant: str = "text"
    size: int | None = None

    def fits(self, method: str, path: str, key: str) -> bool:
        """Return whether this fault is meant for a request; `path` is in lower case, without `/v1`."""
        return (
            (self.method is None or self.method == method)
            and (self.path is None or fnmatchcase(path, self.path))
            and (self.key is None or self.key == key)
        )


def read_fault(body: Body) -> Fault:
    """Check the description of a fault; raises a 400 for an invalid one."""
    kind = body.text("kind") or ""
    if kind not in KINDS:
        raise api_error(400, f"Unknown kind of fault: {kind[:40]!r}; there are {', '.join(KINDS)}")
    status = body.integer("status") or 503
    if not 200 <= status <= 599:
        raise api_error(400, f"The status is {status}; 200 to 599 are possible")
    when = body.text("when") or ("before" if kind in ("status", "disconnect") else "after")
    if when not in ("before", "after") or (kind in ("late", "hostile") and when == "before"):
        raise api_error(400, f"'when' is {when[:40]!r}; 'before' and 'after' the work are possible")
    variant, size = body.text("variant") or "text", body.integer("size")
    if variant not in VARIANTS:
        raise api_error(400, f"Unknown variant: {variant[:40]!r}; there are {', '.join(VARIANTS)}")
    asked_seconds, late_seconds = body.number("seconds"), body.number("late_seconds")
    seconds = 1.0 if asked_seconds is None else asked_seconds
    if late_seconds is None:
        late_seconds = seconds if kind == "late" else 0.0
    if not all(0 <= number <= MAX_SECONDS for number in (seconds, late_seconds)):
        raise api_error(400, f"Between 0 and {MAX_SECONDS:g} seconds are possible")
    retry_after = body.text("retry_after", 100)
    if retry_after is not None and not (retry_after.isascii() and retry_after.isprintable()):
        raise api_error(400, "'retry_after' must be printable ASCII")
    match = body.nested("match") or Body({})
    method, path = match.text("method", 10), match.text("path", 200)
    count = body.integer("count") if body.value("count") is not None else 1
    return Fault(
        kind=kind,
        status=status,
        message=body.text("message") or f"Fault on demand: {status}",
        retry_after=retry_after,
        seconds=seconds,
        late_seconds=late_seconds,
        is_after=when == "after",
        count=count if count else None,
        method=method.upper() if method else None,
        path=path.lower() if path else None,
        key=match.text("key", 200) or body.text("key", 200),
        variant=variant,
        size=size or None,
    )


@dataclass(slots=True)
class Faults:
    """The faults that wait for their calls, the oldest first."""

    waiting: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        """Let a fault wait; raises a 400 when too many do."""
        if len(self.waiting) >= MAX_FAULTS:
            raise api_error(400, f"{MAX_FAULTS} faults are waiting; DELETE /sandbox/faults clears them")
        self.waiting.append(fault)

    def take(self, method: str, path: str, key: str) -> Fault | None:
        """Return the first fault that fits a request, and count it as used."""
        for position, fault in enumerate(self.waiting):
            if fault.fits(method, path, key):
                if fault.count is not None:
                    fault.count -= 1
                    if fault.count <= 0:
                        del self.waiting[position]
                return fault
        return None

    def listed(self) -> list[Mapping[str, Any]]:
        """Return what is waiting, without keys."""
        return [
            {"kind": fault.kind, "count": fault.count, "method": fault.method, "path": fault.path}
            for fault in self.waiting
        ]
