"""Pools: machines that are kept ready, and run one task after another."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field

from qarnot_mcp.qarnot import fields
from qarnot_mcp.qarnot.errors import UnreadableResponse
from qarnot_mcp.qarnot.http.responses import Resource
from qarnot_mcp.qarnot.http.session import MutationOutcome, Session
from qarnot_mcp.qarnot.http.transport import Request
from qarnot_mcp.qarnot.identifiers import check_identifier
from qarnot_mcp.qarnot.items import ItemsClient
from qarnot_mcp.qarnot.submission import Endpoint
from qarnot_mcp.qarnot.tasks.models import ApiError, Constant
from qarnot_mcp.text.known_secrets import known_secrets
from qarnot_mcp.text.masking import secrets_in_task

BOOTING_STATES = ("Submitted", "PartiallyDispatched", "FullyDispatched")
READY_STATES = ("PartiallyExecuting", "FullyExecuting")
CLOSED_STATES = ("Closing", "Closed", "Failure", "PendingDelete")
OPEN_STATES = (*BOOTING_STATES, *READY_STATES)
NEW_POOL = Endpoint(
    "pool",
    "/pools",
    Resource("profile or bucket", "of this pool"),
    "Submitted",
    "The Qarnot account has as many pools as it may have. Nothing was started. Closed pools count until they are "
    "deleted: find them with list_pools, delete them with close_pool and delete=true, then call again.",
)


class Period(fields.Record):
    """When a policy counts: always, or on some days of the week between two times in UTC."""

    type: fields.Text = ""
    days: fields.Strings = Field(default_factory=list)
    start: fields.OptionalText = Field(None, alias="startTimeUtc")
    end: fields.OptionalText = Field(None, alias="endTimeUtc")

    def to_api(self) -> dict[str, Any]:
        """Return the period as a request has it."""
        return self.model_dump(by_alias=True, exclude_none=True, exclude_defaults=True)


class Policy(fields.Record):
    """How many slots a pool has while it counts: `slots`, or as many as the queue needs within bounds."""

    type: fields.Text = ""
    name: fields.OptionalText = None
    slots: fields.OptionalCount = Field(None, alias="slotsCount")
    min_slots: fields.Count = Field(0, alias="minTotalSlots")
    max_slots: fields.Count = Field(0, alias="maxTotalSlots")
    idle_slots: fields.Count = Field(0, alias="minIdleSlots")
    idle_seconds: fields.OptionalCount = Field(None, alias="minIdleTimeSeconds")
    periods: fields.Records[Period] = Field(default_factory=list, alias="enabledPeriods")


class Scaling(fields.Record):
    """The policies of a pool; the first whose period matches counts."""

    policies: fields.Records[Policy] = Field(default_factory=list)
    active_policy: fields.OptionalText = Field(None, alias="activePolicyName")


class Preparation(fields.Record):
    """What each machine of a pool runs before it takes tasks."""

    command_line: fields.Text = ""


class Pool(fields.Item):
    """A pool, or its summary: a summary has no slots, errors, scaling, constants or tags."""

    profile: fields.OptionalText = None
    tags: fields.Strings = Field(default_factory=list)
    errors: fields.Records[ApiError] = Field(default_factory=list)
    constants: fields.Records[Constant] = Field(default_factory=list)
    """Those of the profile that its tasks find set."""
    scaling: Scaling | None = None
    instance_count: fields.Count = 0
    slots: fields.Count = Field(0, alias="totalSlotCapacity")
    usage: fields.Percent = Field(0, alias="poolUsage")
    """From 0 to 1."""
    nodes: fields.Count = Field(0, alias="runningInstanceCount")
    wanted_nodes: fields.Count = Field(0, alias="targetRunningInstanceCount")
    cores: fields.Count = Field(0, alias="runningCoreCount")
    queued_or_running: fields.Count = Field(0, alias="queuedOrRunningTaskInstancesCount")
    scheduling_type: fields.OptionalState = None
    execution_seconds: fields.Seconds = Field(None, alias="executionTime")
    """Of all its machines together."""
    preparation: Preparation | None = Field(None, alias="preparationTask")
    created: fields.Date = Field(None, alias="creationDate")
    ended: fields.Date = Field(None, alias="endDate")

    @property
    def is_open(self) -> bool:
        """Whether it takes tasks, and may cost."""
        return self.state not in CLOSED_STATES

    @classmethod
    def read(cls, answer: object) -> Self:
        """Read a decoded answer; what is secret in it is hidden from now on, as with a task."""
        if isinstance(answer, dict):
            known_secrets().learn(secrets_in_task(answer))
        return super().read(answer)


class PoolsClient(ItemsClient[Pool]):
    """Calls about pools."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, NEW_POOL, Pool.read)

    async def scale(self, pool_id: str, scaling: Mapping[str, Any]) -> Pool:
        """Give a pool other policies and return it (`PUT /pools/{id}/scaling`, `GET /pools/{id}`)."""
        self._session.check_may_write("scale pools")
        pool_id = check_identifier(pool_id, "pool")
        put = Request("PUT", f"/pools/{pool_id}/scaling", Resource("pool", pool_id)).with_json(scaling)
        outcome = MutationOutcome("pool")
        with outcome.explained("scaled"):
            async with self._session.call() as call:
                outcome.call = call
                response = await call.send(put)
                if not response.is_bare:
                    raise UnreadableResponse("the response to the scaling was unexpected")
                outcome.is_done = True
                return await self.get(pool_id)

    async def close(self, pool_id: str) -> Pool:
        """Close a pool and end its tasks, and return it (`POST /pools/{id}/close`); one that is closed is no error."""
        return await self.stop(pool_id, "close", "closed", frozenset(CLOSED_STATES))
