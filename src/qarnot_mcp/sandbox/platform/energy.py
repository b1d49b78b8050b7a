"""The energy, carbon and credits of a task or a pool, worked out from the time that its cores were busy."""

from collections.abc import Mapping

from qarnot_mcp.sandbox.platform.instance_states import instance_states_at
from qarnot_mcp.sandbox.platform.pools import Pool
from qarnot_mcp.sandbox.platform.task import Task
from qarnot_mcp.sandbox.wire.formats import JsonObject

DEFAULT_DATACENTER = "Common European Datacenter"
_WATTS_PER_CORE = 5.2
_GRAMS_PER_KWH = 57.8
_REFERENCE_GRAMS_PER_KWH = 276.0
_HEAT_GRAMS_PER_KWH = 56.0
_EUROS_PER_CORE_HOUR: Mapping[str, float] = {"flex": 0.02, "onDemand": 0.03, "reserved": 0.0}
"""By scheduling type. Qarnot publishes no prices: these are made up, and reserved machines are paid for otherwise."""


def core_hours(used: Task | Pool, now: int) -> float:
    """Return the hours that cores were busy with a task, or kept ready in a pool, up to a time."""
    if isinstance(used, Pool):
        return sum(node.machine.core_count * seconds for node, seconds in used.node_seconds(now)) / 3600
    states = instance_states_at(used, now)
    return sum(attempt.machine.core_count * seconds for attempt, seconds in states.seconds_by_attempt) / 3600


def credits_used(used: Task | Pool, now: int) -> float:
    """Return what a task or a pool has cost up to a time, in euros; in a pool the pool costs, not the task."""
    if isinstance(used, Task) and used.pool_uuid is not None:
        return 0.0
    return round(core_hours(used, now) * _EUROS_PER_CORE_HOUR[used.fields["schedulingType"]], 4)


def carbon_facts(busy_hours: float, datacenter: str | None) -> JsonObject:
    """Return the carbon facts of busy cores in Wh and grams of CO2 equivalent, compared with a reference datacenter."""
    information_technology = busy_hours * _WATTS_PER_CORE
    consumed = information_technology * 1.02
    reused = information_technology * 0.98
    footprint = consumed * _GRAMS_PER_KWH / 1000
    reference = information_technology * 1.5 * _REFERENCE_GRAMS_PER_KWH / 1000
    heat = reused * _HEAT_GRAMS_PER_KWH / 1000
    saved = reference - footprint + heat
    return {
        "equivalent_datacenter_name": datacenter or DEFAULT_DATACENTER,
        "qarnot_carbon_footprint": round(footprint, 3),
        "equivalent_DC_carbon_footprint": round(reference, 3),
        "saved_carbon_footprint_compute": round(reference - footprint, 3),
        "saved_carbon_footprint_heat": round(heat, 3),
        "saved_carbon_footprint_compute_heat": round(saved, 3),
        "saved_carbon_footprint_percent": round(100 * (reference - footprint) / reference, 1) if reference else 0.0,
        "total_consumed_energy_Wh": round(consumed, 3),
        "total_energy_it_Wh": round(information_technology, 3),
        "total_reused_energy_Wh": round(reused, 3),
        "PUE": 1.02,
        "ERE": 0.04,
        "ERF": 0.96,
        "WUE": 0.0,
    }
