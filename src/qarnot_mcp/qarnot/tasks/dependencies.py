"""The tasks that a task waits for, and how they must end for it to start."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field

from qarnot_mcp.qarnot.fields import MAX_ENTRIES, Id, OptionalState, Record, Strings

NOT_FULFILLED = "dependencyconditionsnotfulfilled"


class Dependency(Record):
    """A task that another one waits for. Without conditions any end will do; with some, another cancels what waits."""

    task_uuid: Id
    conditions: Strings = Field(default_factory=list, alias="taskFinalStateCondition")
    state: OptionalState = None
    final_state: OptionalState = Field(None, alias="actualFinalState")

    @property
    def is_unmet(self) -> bool:
        """Whether the task has ended in another way than was asked for."""
        return (self.state or "").lower() == NOT_FULFILLED


def both_forms(value: object) -> object:
    """Turn `dependsOn`, which has no conditions, into the form of `advancedDependsOn`."""
    if value is None:
        return []
    if not isinstance(value, Mapping):
        raise ValueError("not an object")
    plain, advanced = value.get("dependsOn") or [], value.get("advancedDependsOn") or []
    if not isinstance(plain, list) or not isinstance(advanced, list):
        raise ValueError("not lists")
    return [*({"taskUuid": uuid} for uuid in plain[:MAX_ENTRIES]), *advanced[:MAX_ENTRIES]]


Dependencies = Annotated[list[Dependency], BeforeValidator(both_forms)]
