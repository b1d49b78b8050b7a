"""What a second run of a task takes over from the first."""

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field

from qarnot_mcp.qarnot.fields import (
    NONE_AS_LIST,
    Count,
    Dependencies,
    Labels,
    OptionalVerbatim,
    Record,
    Uuid,
    Verbatim,
    VerbatimObjects,
    VerbatimStrings,
)
from qarnot_mcp.qarnot.tasks.models import Constant

NOT_COPIED = ("advancedResourceBuckets", "snapshotInterval", "forcedNetworkRules", "targetedReservedMachineKey")
"""Fields of the API that change how a task runs and that `submit_task` has no parameter for."""


def _no_time_span(value: object) -> object:
    """Return no time to live for `00:00:00`, by which the API says so."""
    return None if isinstance(value, str) and not value.strip("0:.") else value


class TaskCopy(Record):
    """Parameters of `submit_task` that the API writes in other ways than it reads them; those not set are empty."""

    name: Verbatim = ""
    profile: OptionalVerbatim = None
    pool_uuid: Uuid = None
    job_uuid: Uuid = None
    instance_count: Count = Field(0, alias="totalInstanceCount")
    advanced_ranges: OptionalVerbatim = None
    constants: Annotated[list[Constant], NONE_AS_LIST] = Field(default_factory=list)
    resource_buckets: VerbatimStrings = Field(default_factory=list)
    result_bucket: OptionalVerbatim = None
    tags: VerbatimStrings = Field(default_factory=list)
    labels: Labels = Field(default_factory=dict)
    scheduling_type: OptionalVerbatim = None
    hardware_constraints: VerbatimObjects = Field(default_factory=list)
    dependencies: Dependencies = Field(default_factory=list)
    completion_time_to_live: Annotated[OptionalVerbatim, BeforeValidator(_no_time_span)] = None

    @classmethod
    def read(cls, answer: object) -> Self:
        """Read a decoded task of the API; where ranges say which instances there are, their count is left out.

        Raises `UnreadableResponse` where a field has another type than documented.
        """
        copy = super().read(answer)
        return copy.model_copy(update={"instance_count": 0}) if copy.advanced_ranges else copy

    @property
    def fields(self) -> dict[str, Any]:
        """Return the fields that are set, without the constants."""
        fields = self.model_dump(exclude={"constants"})
        if self.pool_uuid:
            del fields["profile"]  # the pool says how its tasks run
        return {name: value for name, value in fields.items() if value}


def fields_not_copied(raw: dict[str, Any]) -> list[str]:
    """Return the names of the API's fields that are set in a task and that no copy takes over."""
    return [name for name in NOT_COPIED if raw.get(name) not in (None, "", 0, [], {}, "00:00:00")]
