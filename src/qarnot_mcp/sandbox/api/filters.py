"""The filter language of lists: trees of And and Or over comparisons of a field with one value or several."""

import operator as operators
from collections.abc import Callable, Mapping
from typing import Any

from qarnot_mcp.sandbox.platform.expressions import BadExpressionError, compile_expression
from qarnot_mcp.sandbox.wire.bodies import Body
from qarnot_mcp.sandbox.wire.errors import ApiError
from qarnot_mcp.sandbox.wire.formats import JsonObject, span_seconds

Test = Callable[[JsonObject], bool]

_MAX_DEPTH = 20
_MAX_LEAVES = 500
_NUMBER_FIELDS = (
    "instanceCount",
    "totalInstanceCount",
    "runningInstanceCount",
    "runningCoreCount",
    "snapshotInterval",
    "progress",
    "maxTimeQueueSeconds",
)
_SPAN_FIELDS = ("executionTime", "wallTime")
_TEXT_FIELDS = (
    "name",
    "shortname",
    "uuid",
    "profile",
    "state",
    "previousState",
    "stateTransitionTime",
    "previousStateTransitionTime",
    "creationDate",
    "lastModified",
    "endDate",
    "tags",
    "labels",
    "constants",
    "poolUuid",
    "jobUuid",
    "projectUuid",
    "resultBucket",
)
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "lessthan": operators.lt,
    "lessthanorequal": operators.le,
    "greaterthan": operators.gt,
    "greaterthanorequal": operators.ge,
}
_FIELDS = {name.lower(): name for name in (*_NUMBER_FIELDS, *_SPAN_FIELDS, *_TEXT_FIELDS)}


def invalid_search(detail: str) -> ApiError:
    """Return the 400 for a search that cannot be done, as problem details."""
    return ApiError(
        400,
        {
            "type": "https://tools.ietf.org/html/rfc7231#section-6.5.1",
            "title": "Invalid search details",
            "status": 400,
            "detail": detail,
            "instance": None,
        },
        "application/problem+json",
    )


def read_filter(body: Body | None) -> Test:
    """Return the test that a filter makes on a document; no filter accepts every document.

    Raises a 400 for an unknown operator or field, a value that does not fit the field, or a tree that is too large.
    """
    return (lambda _: True) if body is None else _read(body, 0, [_MAX_LEAVES])


def _read(body: Body, depth: int, leaves_left: list[int]) -> Test:
    if depth > _MAX_DEPTH:
        raise invalid_search(f"The filter is more than {_MAX_DEPTH} levels deep")
    operator = (body.text("operator") or "").lower()
    if operator in ("and", "or"):
        tests = [_read(child, depth + 1, leaves_left) for child in body.objects("filters", _MAX_LEAVES) or []]
        if operator == "and":
            return lambda task: all(test(task) for test in tests)
        return lambda task: any(test(task) for test in tests)
    leaves_left[0] -= 1
    if leaves_left[0] < 0:
        raise invalid_search(f"The filter has more than {_MAX_LEAVES} comparisons")
    given = body.text("field") or ""
    field = _FIELDS.get(given.lower())
    if field is None:
        raise invalid_search(f"Unknown field: {given[:80]!r}")
    return _leaf(body, operator, field)


def _leaf(body: Body, operator: str, field: str) -> Test:
    if operator in ("in", "notin"):
        values = body.value("values") if body.value("values") is not None else body.value("value")
        if not isinstance(values, list) or len(values) > _MAX_LEAVES:
            raise invalid_search(f"{operator} needs a list of at most {_MAX_LEAVES} values")
        wanted = {_fold(value) for value in values}
        is_in = operator == "in"
        return lambda task: any(_fold(value) in wanted for value in _values(task, field)) == is_in
    value = body.value("value")
    if isinstance(value, list | dict):
        raise invalid_search("The value must be a text, a number or a boolean")
    if operator in ("equal", "notequal"):
        folded = _fold(value)
        is_equal = operator == "equal"
        return lambda task: any(_fold(known) == folded for known in _values(task, field)) == is_equal
    if operator == "like":
        return _like(str(value), field)
    compare = _COMPARISONS.get(operator)
    if compare is None:
        raise invalid_search(f"Unknown operator: {operator[:80]!r}")
    bound = _ordered(field, value)

    def test(document: JsonObject) -> bool:
        known = [_ordered(field, value) for value in _values(document, field)]
        return any(isinstance(each, str) == isinstance(bound, str) and compare(each, bound) for each in known)

    return test


def _like(pattern: str, field: str) -> Test:
    if len(pattern) > 1 and pattern.startswith("/") and pattern.endswith("/"):
        pattern = pattern[1:-1]
    try:
        expression = compile_expression(pattern)
    except BadExpressionError as error:
        raise invalid_search(f"Not a regular expression: {pattern[:80]!r}") from error
    return lambda task: any(expression.search(str(value)) is not None for value in _values(task, field))


def _values(task: JsonObject, field: str) -> list[Any]:
    value = task.get(field)
    if field == "constants":
        return [constant["key"] for constant in task.get("constants", [])]
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else [value]


def _fold(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _ordered(field: str, value: Any) -> float | str:
    if isinstance(value, int | float):
        return value
    text = _fold(value)
    try:
        if field in _SPAN_FIELDS:
            return float(span_seconds(text))
        return float(text) if field in _NUMBER_FIELDS else text
    except ValueError as error:
        kind = "time span" if field in _SPAN_FIELDS else "number"
        raise invalid_search(f"Not a {kind}: {text[:80]!r}") from error
