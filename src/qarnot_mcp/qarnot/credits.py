"""Credits, in euros: what an account has left, what tasks and pools have used, and the budgets of projects."""

from typing import Annotated

from pydantic import Field

from qarnot_mcp.qarnot.account import ACCOUNT
from qarnot_mcp.qarnot.errors import Forbidden, NotFound
from qarnot_mcp.qarnot.fields import NONE_AS_LIST, Date, OptionalNumber, OptionalState, Record, Text
from qarnot_mcp.qarnot.http.responses import Resource
from qarnot_mcp.qarnot.http.session import Session
from qarnot_mcp.qarnot.identifiers import check_task_id


class Credits(Record):
    """An amount in euros."""

    credits: OptionalNumber = None


class Budget(Record):
    """What a project may spend, in cents, within a time."""

    alias: Text = ""
    consumed_cents: OptionalNumber = Field(None, alias="consumedAmountInCents")
    total_cents: OptionalNumber = Field(None, alias="totalAmountInCents")
    remaining_cents: OptionalNumber = Field(None, alias="remainingAmountInCents")
    starts: Date = Field(None, alias="startDateUtc")
    expires: Date = Field(None, alias="expirationDateUtc")
    overrun_policy: OptionalState = Field(None, alias="budgetOverrunPolicy")


class Budgets(Record):
    """The budgets of a project."""

    budgets: Annotated[list[Budget], NONE_AS_LIST] = Field(default_factory=list)


class CreditsClient:
    """Calls of the credits service, which lies beside the versions of the compute API.

    Each returns None where the API has no such amount, or does not show it to this key.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    async def left(self) -> float | None:
        """Return what the account has left (`GET /credits/v1/accounts/credits`)."""
        return await self._amount("/credits/v1/accounts/credits", ACCOUNT)

    async def of_task(self, uuid: str, *, cached: bool = False) -> float | None:
        """Return what a task has used so far (`GET /credits/v1/tasks/{uuid}/credits`).

        With `cached` it may be up to a minute old.
        """
        name = f"credits of {check_task_id(uuid)}"
        if cached and (kept := self._session.cached(name, float)) is not None:
            return kept
        amount = await self._amount(f"/credits/v1/tasks/{uuid}/credits", Resource("task", uuid))
        return amount if amount is None else self._session.cache(name, float(amount))

    async def of_pool(self, uuid: str) -> float | None:
        """Return what a pool has used so far (`GET /credits/v1/pools/{uuid}/credits`)."""
        return await self._amount(f"/credits/v1/pools/{check_task_id(uuid)}/credits", Resource("pool", uuid))

    async def budgets(self, project_uuid: str) -> list[Budget]:
        """Return the budgets of a project that are active (`GET /credits/v1/projects/{uuid}/budgets`)."""
        path = f"/credits/v1/projects/{check_task_id(project_uuid)}/budgets?activeOnly=True"
        resource = Resource("project", project_uuid)
        try:
            return (await self._session.get(path, resource, "the budgets", Budgets.read, rooted=True)).budgets
        except (NotFound, Forbidden):
            return []

    async def _amount(self, path: str, resource: Resource) -> float | None:
        try:
            return (await self._session.get(path, resource, "the credits", Credits.read, rooted=True)).credits
        except (NotFound, Forbidden):
            return None
