"""What tasks used and caused: energy and carbon."""

from urllib.parse import urlencode

from qarnot_mcp.qarnot.errors import Forbidden, NotFound
from qarnot_mcp.qarnot.fields import OptionalNumber, OptionalText, Record, first_of
from qarnot_mcp.qarnot.http.responses import Resource
from qarnot_mcp.qarnot.http.session import Session
from qarnot_mcp.qarnot.identifiers import check_task_id


class CarbonFacts(Record):
    """What a task used (watt-hours) and caused (grams of CO2 equivalent), beside a named data centre.

    The documented names differ from the real ones; both are read.
    """

    total_consumed_energy_wh: OptionalNumber = first_of("total_consumed_energy_Wh", "totalConsumedEnergyWh")
    total_energy_it_wh: OptionalNumber = first_of("total_energy_it_Wh", "totalEnergyITWh")
    total_reused_energy_wh: OptionalNumber = first_of("total_reused_energy_Wh", "totalReuseEnergyWh")
    qarnot_carbon_footprint: OptionalNumber = first_of("qarnot_carbon_footprint", "carbonFootprintC02Eq")
    equivalent_dc_carbon_footprint: OptionalNumber = first_of(
        "equivalent_DC_carbon_footprint", "equivalentDCCarbonFootprintC02Eq"
    )
    equivalent_datacenter_name: OptionalText = first_of("equivalent_datacenter_name", "comparisonDataCenterName")
    saved_carbon_footprint_percent: OptionalNumber = first_of(
        "saved_carbon_footprint_percent", "savedCarbonFootprintPercentage"
    )

    @property
    def saved_gco2eq(self) -> float | None:
        """What the same work in the other data centre would have caused more."""
        ours, theirs = self.qarnot_carbon_footprint, self.equivalent_dc_carbon_footprint
        return None if ours is None or theirs is None else theirs - ours


class CarbonClient:
    """Calls of the carbon service, which lies beside the versions of the compute API."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def facts(self, task_uuid: str, datacenter: str = "") -> CarbonFacts | None:
        """Return what a task used and caused (`GET /carbon/v1/tasks/{uuid}/carbon-facts`).

        `datacenter` names the one to compare with, by default the API's own choice. Return None where the API has no
        such facts, or does not show them to this key.
        """
        compared = f"?{urlencode({'comparisonDatacenter': datacenter})}" if datacenter else ""
        path = f"/carbon/v1/tasks/{check_task_id(task_uuid)}/carbon-facts{compared}"
        resource = Resource("task", task_uuid)
        try:
            return await self._session.get(path, resource, "the carbon facts", CarbonFacts.read, rooted=True)
        except (NotFound, Forbidden):
            return None
