"""The arguments of create_pool: what a new pool is to be."""

from typing import Annotated, Any, Self

from pydantic import Field, WithJsonSchema, model_validator

from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.tools.checks import Name, ProfileName, Shortname, Tags, at_most, text_line
from qarnot_mcp.tools.hardware import HardwareConstraints
from qarnot_mcp.tools.pools.schedule import ALWAYS, periods_of
from qarnot_mcp.tools.pools.size import PoolSize
from qarnot_mcp.tools.submission.file_arguments import ResourceBuckets, buckets_to_api
from qarnot_mcp.tools.tasks.new_task import CONSTANTS_BY_KEY, Constants, SchedulingType

MAX_CONSTANTS = 50
MAX_COMMAND_CHARACTERS = 2048
PoolConstants = Annotated[
    Constants,
    at_most(MAX_CONSTANTS, "constants"),
    WithJsonSchema(CONSTANTS_BY_KEY | {"maxProperties": MAX_CONSTANTS}),
]


class CreatePool(PoolSize):
    """The arguments of create_pool."""

    name: Name
    profile: ProfileName = Field(description="A name from list_profiles; its tasks take it.")
    constants: PoolConstants | None = Field(None, description='Of the profile, such as {"DOCKER_TAG": "24.04"}.')
    warm_up_command: Annotated[str, text_line(MAX_COMMAND_CHARACTERS)] | None = Field(
        None, description="Run once on each machine, before tasks."
    )
    resource_buckets: ResourceBuckets | None = Field(None, description="Input files.")
    hardware_constraints: Annotated[HardwareConstraints, WithJsonSchema({"type": "object"})] | None = Field(
        None, description="As of submit_task."
    )
    scheduling_type: SchedulingType | None = Field(None)
    tags: Tags | None = None
    shortname: Shortname | None = Field(None, description="A unique id of your own.")
    validate_only: bool = Field(False, description="Only check it and say what it costs.")

    @model_validator(mode="after")
    def check_has_slots(self) -> Self:
        """Check that it can run something."""
        if self.most_slots == 0:
            raise InvalidArgument("slots", 0, "at least 1 slot, or max_slots", "A pool without slots runs nothing.")
        return self

    @property
    def policies(self) -> dict[str, Any]:
        """The scaling of the new pool."""
        return self.scaling(periods_of(self.schedule or ALWAYS))

    def to_api(self) -> dict[str, Any]:
        """Return the body of `POST /pools`; what is not set is not sent."""
        command = self.warm_up_command
        body = {
            "name": self.name,
            "profile": self.profile,
            "scaling": self.policies,
            "constants": [constant.model_dump() for constant in self.constants or ()],
            "preparationTask": None if command is None else {"commandLine": command},
            "hardwareConstraints": self.hardware_constraints,
            "schedulingType": self.scheduling_type,
            "tags": self.tags,
        }
        given = {name: value for name, value in body.items() if value not in (None, [])}
        return given | (buckets_to_api(self.resource_buckets) if self.resource_buckets else {})
