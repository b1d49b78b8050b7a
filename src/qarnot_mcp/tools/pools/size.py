"""How many slots a pool has, and when: the parameters that create_pool and scale_pool share."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.tools.checks import CreateArguments, MostCharacters, whole_number
from qarnot_mcp.tools.pools.schedule import MAX_CHARACTERS, always, check_schedule

MAX_SLOTS = 10_000
MAX_IDLE_SECONDS = 86_400
IDLE_SECONDS = 90
"""The API's own default."""


class PoolSize(CreateArguments):
    """The slots of a pool: a fixed number, or as many as its tasks need up to `max_slots`."""

    slots: Annotated[int, whole_number(0, MAX_SLOTS)] | None = Field(
        None, description="Kept ready; each runs an instance at a time.", exclude=True
    )
    max_slots: Annotated[int, whole_number(1, MAX_SLOTS)] | None = Field(
        None, description="By queue: from slots (default 0) up to this.", exclude=True
    )
    idle_seconds: Annotated[int, whole_number(0, MAX_IDLE_SECONDS)] | None = Field(
        None, description="By queue: when an idle one goes; default 90.", exclude=True
    )
    schedule: Annotated[str, MostCharacters(check_schedule, count=MAX_CHARACTERS)] | None = Field(
        None, description="Only then, UTC: mon-fri 08:00-18:00; or always.", exclude=True
    )

    @model_validator(mode="after")
    def check_size(self) -> Self:
        """Check that there is one size."""
        if self.slots is None and self.max_slots is None:
            raise InvalidArgument("slots", None, "slots for a fixed number, or max_slots to follow the queue")
        if self.slots is not None and self.max_slots is not None and self.slots > self.max_slots:
            raise InvalidArgument("slots", self.slots, f"at most max_slots, which is {self.max_slots:,}")
        if self.idle_seconds is not None and self.max_slots is None:
            raise InvalidArgument(
                "idle_seconds", self.idle_seconds, "it with max_slots", "A fixed number of slots never goes."
            )
        return self

    @property
    def most_slots(self) -> int:
        """How many slots there may be at most."""
        return self.max_slots or self.slots or 0

    @property
    def kept_slots(self) -> int:
        """How many slots there are with nothing to run."""
        return self.slots or 0

    def scaling(self, periods: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the policies of the API: the slots in these periods and, where those end, none.

        The first policy whose period matches counts. Without the last one, what holds outside of all is not known.
        """
        policy: dict[str, Any]
        if self.max_slots is None:
            policy = {"type": "Fixed", "name": "fixed", "slotsCount": self.slots}
        else:
            policy = {
                "type": "ManagedTasksQueue",
                "name": "queue",
                "minTotalSlots": self.kept_slots,
                "maxTotalSlots": self.max_slots,
                "minIdleSlots": 0,
                "minIdleTimeSeconds": IDLE_SECONDS if self.idle_seconds is None else self.idle_seconds,
                "scalingFactor": 1.0,
            }
        policies = [{**policy, "enabledPeriods": periods}]
        if always() not in periods:
            policies.append({"type": "Fixed", "name": "closed", "slotsCount": 0, "enabledPeriods": [always()]})
        return {"policies": policies}
