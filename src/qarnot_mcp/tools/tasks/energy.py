"""The energy and carbon facts of a finished task."""

import asyncio
from typing import Self

from pydantic import Field

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import QarnotError
from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.qarnot.usage import CarbonFacts
from qarnot_mcp.tools.answers import Number, Result, plain_name, rounded

ENERGY_SECONDS = 5.0


class Energy(Result):
    """What a finished task used, in watt-hours and grams of CO2 equivalent."""

    consumed_wh: Number | None = None
    it_wh: Number | None = None
    reused_heat_wh: Number | None = None
    carbon_gco2eq: Number | None = None
    datacenter_carbon_gco2eq: Number | None = Field(None, description="The same work in the named data centre.")
    datacenter_name: str | None = None
    saved_gco2eq: Number | None = None
    saved_percent: Number | None = None

    @classmethod
    def of(cls, facts: CarbonFacts) -> Self:
        """Shape the carbon facts of a task."""
        name = facts.equivalent_datacenter_name
        return cls(
            consumed_wh=rounded(facts.total_consumed_energy_wh, 3),
            it_wh=rounded(facts.total_energy_it_wh, 3),
            reused_heat_wh=rounded(facts.total_reused_energy_wh, 3),
            carbon_gco2eq=rounded(facts.qarnot_carbon_footprint, 3),
            datacenter_carbon_gco2eq=rounded(facts.equivalent_dc_carbon_footprint, 3),
            datacenter_name=plain_name(name) if name else None,
            saved_gco2eq=rounded(facts.saved_gco2eq, 3),
            saved_percent=rounded(facts.saved_carbon_footprint_percent),
        )


async def read_energy(client: QarnotClient, task: Task) -> tuple[Energy | None, str]:
    """Return what a finished task used, and a sentence if that could not be read in time.

    The facts are an extra: a task without them is better than a late one, or none.
    """
    if not task.is_final:
        return None, ""
    try:
        async with asyncio.timeout(ENERGY_SECONDS):
            facts = await client.carbon.facts(task.uuid)
    except (QarnotError, TimeoutError):
        return None, "Its energy and carbon facts could not be read this time."
    # Zeros, and what follows from them, would say that the task saved all or nothing.
    return (Energy.of(facts) if facts and facts.total_consumed_energy_wh else None), ""
