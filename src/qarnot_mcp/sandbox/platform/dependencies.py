"""What a task of a job waits for: the ends of other tasks, with conditions on how they end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from qarnot_mcp.sandbox.platform.assumptions import Assumptions
from qarnot_mcp.sandbox.wire.bodies import Body
from qarnot_mcp.sandbox.wire.errors import api_error
from qarnot_mcp.sandbox.wire.formats import JsonObject

MAX_DEPENDENCIES = 100
_FINAL_STATES = ("success", "failure", "cancelled")
_WAITING = "waiting"
_FULFILLED = "dependencyConditionsFulfilled"
_NOT_FULFILLED = "dependencyConditionsNotFulfilled"

FindEnd = Callable[[str], tuple[str, int] | None]
"""Finds how and when the task of a UUID ended; None before its end."""


@dataclass(slots=True)
class Dependency:
    """A task that another one waits for; no `conditions` accept any end."""

    task_uuid: str
    conditions: tuple[str, ...]
    is_advanced: bool
    end: tuple[str, int] | None = None
    """How and when the task ended, once it has."""

    @property
    def state(self) -> str:
        """What the API says of the dependency."""
        if self.end is None:
            return _WAITING
        return _FULFILLED if not self.conditions or self.end[0] in self.conditions else _NOT_FULFILLED


def read_dependencies(body: Body, field: str) -> list[JsonObject] | None:
    """Read the tasks to wait for, as the advanced form has them; None when there are none."""
    given = body.nested(field)
    if given is None:
        return None
    simple = given.texts("dependsOn", MAX_DEPENDENCIES, 36) or []
    advanced = given.objects("advancedDependsOn", MAX_DEPENDENCIES) or []
    if simple and advanced:
        raise api_error(400, "Only one of dependsOn and advancedDependsOn may be set")
    read: list[JsonObject] = [{"taskUuid": uuid} for uuid in simple]
    for dependency in advanced:
        conditions = dependency.texts("taskFinalStateCondition", 10, 20) or []
        if not set(map(str.lower, conditions)) <= set(_FINAL_STATES):
            raise api_error(400, f"Invalid taskFinalStateCondition; there are {', '.join(_FINAL_STATES)}")
        uuid = dependency.text("taskUuid", 36)
        read.append({"taskUuid": uuid or "", "taskFinalStateCondition": sorted(map(str.lower, conditions))})
    return read or None


def make_dependencies(given: list[JsonObject], assumptions: Assumptions) -> list[Dependency]:
    """Return the dependencies of a new task."""
    simple = ("success",) if assumptions.simple_dependencies_need_success else ()
    return [
        Dependency(each["taskUuid"].lower(), tuple(each.get("taskFinalStateCondition", simple)), len(each) > 1)
        for each in given
    ]


def settle(dependencies: list[Dependency], find_end: FindEnd) -> tuple[bool, int] | None:
    """Return whether the conditions are met and since when; None while that is open."""
    for dependency in dependencies:
        dependency.end = dependency.end or find_end(dependency.task_uuid)
    failed = [each.end[1] for each in dependencies if each.end is not None and each.state == _NOT_FULFILLED]
    if failed:
        return False, min(failed)
    ended = [each.end[1] for each in dependencies if each.end is not None]
    return (True, max(ended, default=0)) if len(ended) == len(dependencies) else None


def dependencies_document(dependencies: list[Dependency]) -> JsonObject | None:
    """Return the dependencies of a task as its object shows them."""
    if not dependencies:
        return None
    if not dependencies[0].is_advanced:
        return {"dependsOn": [each.task_uuid for each in dependencies]}
    states = {each.state for each in dependencies}
    return {
        "advancedDependsOn": [_document(each) for each in dependencies],
        "state": next((state for state in (_NOT_FULFILLED, _WAITING) if state in states), _FULFILLED),
    }


def _document(dependency: Dependency) -> Mapping[str, object]:
    return {
        "taskUuid": dependency.task_uuid,
        "taskFinalStateCondition": list(dependency.conditions) or None,
        "state": dependency.state,
        "actualFinalState": None if dependency.end is None else dependency.end[0],
    }
