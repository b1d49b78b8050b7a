"""What an account has left and what tasks and pools have used: credits, in euros, energy and carbon."""

from contextlib import suppress
from urllib.parse import urlencode

from pydantic import Field

from qarnot_mcp.qarnot import fields
from qarnot_mcp.qarnot.account import ACCOUNT
from qarnot_mcp.qarnot.errors import Forbidden, NotFound
from qarnot_mcp.qarnot.fields import first_of
from qarnot_mcp.qarnot.http.responses import Resource
from qarnot_mcp.qarnot.http.session import NounClient
from qarnot_mcp.qarnot.identifiers import check_task_id


class Credits(fields.Record):
    """An amount in euros."""

    credits: fields.OptionalNumber = None


class Budget(fields.Record):
    """What a project may spend, in cents, within a time."""

    alias: fields.Text = ""
    consumed_cents: fields.OptionalNumber = Field(None, alias="consumedAmountInCents")
    total_cents: fields.OptionalNumber = Field(None, alias="totalAmountInCents")
    remaining_cents: fields.OptionalNumber = Field(None, alias="remainingAmountInCents")
    starts: fields.Date = Field(None, alias="startDateUtc")
    expires: fields.Date = Field(None, alias="expirationDateUtc")
    overrun_policy: fields.OptionalState = Field(None, alias="budgetOverrunPolicy")


class Budgets(fields.Record):
    """The budgets of a project."""

    budgets: fields.Records[Budget] = Field(default_factory=list)


class CreditsClient(NounClient):
    """Calls of the credits service, which lies beside the versions of the compute API.

    Each returns None where the API has no such amount, or does not show it to this key.
    """

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
        with suppress(NotFound, Forbidden):
            return (await self._session.get(path, resource, "the budgets", Budgets.read, rooted=True)).budgets
        return []

    async def _amount(self, path: str, resource: Resource) -> float | None:
        with suppress(NotFound, Forbidden):
            return (await self._session.get(path, resource, "the credits", Credits.read, rooted=True)).credits
        return None


class CarbonFacts(fields.Record):
    """What a task used (watt-hours) and caused (grams of CO2 equivalent), beside a named data centre.

    The documented names differ from the real ones; both are read.
    """

    total_consumed_energy_wh: fields.OptionalNumber = first_of("total_consumed_energy_Wh", "totalConsumedEnergyWh")
    total_energy_it_wh: fields.OptionalNumber = first_of("total_energy_it_Wh", "totalEnergyITWh")
    total_reused_energy_wh: fields.OptionalNumber = first_of("total_reused_energy_Wh", "totalReuseEnergyWh")
    qarnot_carbon_footprint: fields.OptionalNumber = first_of("qarnot_carbon_footprint", "carbonFootprintC02Eq")
    equivalent_dc_carbon_footprint: fields.OptionalNumber = first_of(
        "equivalent_DC_carbon_footprint", "equivalentDCCarbonFootprintC02Eq"
    )
    equivalent_datacenter_name: fields.OptionalText = first_of("equivalent_datacenter_name", "comparisonDataCenterName")
    saved_carbon_footprint_percent: fields.OptionalNumber = first_of(
        "saved_carbon_footprint_percent", "savedCarbonFootprintPercentage"
    )

    @property
    def saved_gco2eq(self) -> float | None:
        """What the same work in the other data centre would have caused more."""
        ours, theirs = self.qarnot_carbon_footprint, self.equivalent_dc_carbon_footprint
        return None if ours is None or theirs is None else theirs - ours


class CarbonClient(NounClient):
    """Calls of the carbon service, which lies beside the versions of the compute API."""

    async def facts(self, task_uuid: str, datacenter: str = "") -> CarbonFacts | None:
        """Return what a task used and caused (`GET /carbon/v1/tasks/{uuid}/carbon-facts`).

        `datacenter` names the one to compare with, by default the API's own choice. Return None where the API has no
        such facts, or does not show them to this key.
        """
        compared = f"?{urlencode({'comparisonDatacenter': datacenter})}" if datacenter else ""
        path = f"/carbon/v1/tasks/{check_task_id(task_uuid)}/carbon-facts{compared}"
        resource = Resource("task", task_uuid)
        with suppress(NotFound, Forbidden):
            return await self._session.get(path, resource, "the carbon facts", CarbonFacts.read, rooted=True)
        return None
