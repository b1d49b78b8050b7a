"""The machines of the simulated platform and the constraints that choose among them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from qarnot_mcp.sandbox.wire.bodies import Body
from qarnot_mcp.sandbox.wire.formats import JsonObject


@dataclass(frozen=True, slots=True)
class Machine:
    """One kind of machine; frequencies in GHz, memory in MB."""

    specification_key: str
    cpu_model: str
    core_count: int
    max_frequency_ghz: float
    frequency_ghz: float
    memory_mb: int
    has_gpu: bool = False

    @property
    def clock_ratio(self) -> float:
        """Frequency while computing, as a part of the maximum."""
        return round(self.frequency_ghz / self.max_frequency_ghz, 3)

    @property
    def memory_gb_per_core(self) -> float:
        """Memory in GB for each core."""
        return self.memory_mb / 1000 / self.core_count


MACHINES = (
    Machine("8c-32g-amd-rz3700x", "AMD Ryzen 7 3700X 8-Core Processor", 8, 4.4, 3.7, 32000),
    Machine("16c-64g-amd-rz5950x-ssd", "AMD Ryzen 9 5950X 16-Core Processor", 16, 4.9, 3.9, 64000),
    Machine("28c-128g-intel-dual-xeon2680v4-ssd", "Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz", 28, 3.3, 2.6, 128000),
    Machine("32c-128g-amd-tr2990wx-ssd", "AMD Ryzen Threadripper 2990WX 32-Core Processor", 32, 3.0, 2.9, 128000),
    Machine("96c-512g-amd-epyc9654-ssd", "AMD EPYC 9654 96-Core Processor", 96, 3.7, 3.1, 512000),
    Machine(
        "16c-128g-amd-rz7950x-ssd-nvidia-rtx4090", "AMD Ryzen 9 7950X 16-Core Processor", 16, 5.7, 4.6, 128000, True
    ),
)


@dataclass(frozen=True, slots=True)
class Constraint:
    """A kind of constraint: which machines satisfy its value, and the field that holds the value where it has one."""

    is_met: Callable[[Machine, Any], bool]
    field: str | None = None
    read: Callable[[Body, str], Any] = Body.number


CONSTRAINTS = {
    "MinimumCoreHardwareConstraint": Constraint(
        lambda machine, count: machine.core_count >= count, "coreCount", Body.integer
    ),
    "MaximumCoreHardwareConstraint": Constraint(
        lambda machine, count: machine.core_count <= count, "coreCount", Body.integer
    ),
    "MinimumRamHardwareConstraint": Constraint(lambda machine, memory: machine.memory_mb >= memory, "minimumMemoryMB"),
    "MaximumRamHardwareConstraint": Constraint(lambda machine, memory: machine.memory_mb <= memory, "maximumMemoryMB"),
    "MinimumRamCoreRatioHardwareConstraint": Constraint(
        lambda machine, ratio: machine.memory_gb_per_core >= ratio, "minimumMemoryGBCoreRatio"
    ),
    "MaximumRamCoreRatioHardwareConstraint": Constraint(
        lambda machine, ratio: machine.memory_gb_per_core <= ratio, "maximumMemoryGBCoreRatio"
    ),
    "SpecificHardwareConstraint": Constraint(
        lambda machine, key: key.lower() in machine.specification_key, "specificationKey", Body.text
    ),
    "CpuModelHardwareConstraint": Constraint(
        lambda machine, model: model.lower() in machine.cpu_model.lower(), "cpuModel", Body.text
    ),
    "SSDHardwareConstraint": Constraint(lambda machine, _: "ssd" in machine.specification_key),
    "NoSSDHardwareConstraint": Constraint(lambda machine, _: "ssd" not in machine.specification_key),
    "GpuHardwareConstraint": Constraint(lambda machine, _: machine.has_gpu),
    "NoGpuHardwareConstraint": Constraint(lambda machine, _: not machine.has_gpu),
}


def listed_constraints() -> list[JsonObject]:
    """Return the constraints that an account may use, as `GET /hardware-constraints` lists them."""
    listed: list[JsonObject] = [
        *({"discriminator": "MinimumRamHardwareConstraint", "minimumMemoryMB": mb} for mb in (32000.0, 128000.0)),
        *({"discriminator": "MinimumCoreHardwareConstraint", "coreCount": cores} for cores in (8, 16, 32, 96)),
        *({"discriminator": f"{kind}HardwareConstraint"} for kind in ("SSD", "Gpu", "NoGpu")),
    ]
    for machine in MACHINES:
        listed.append({"discriminator": "SpecificHardwareConstraint", "specificationKey": machine.specification_key})
        listed.append({"discriminator": "CpuModelHardwareConstraint", "cpuModel": machine.cpu_model})
    return listed


def _accepts(constraint: JsonObject, machine: Machine) -> bool:
    kind = CONSTRAINTS[constraint["discriminator"]]
    return kind.is_met(machine, constraint.get(kind.field or ""))


def fitting_machines(constraints: Sequence[JsonObject], needs_gpu: bool) -> tuple[Machine, ...]:
    """Return the machines that satisfy every constraint; a GPU machine only when one is asked for."""
    asked_for = needs_gpu or any(constraint["discriminator"] != "NoGpuHardwareConstraint" for constraint in constraints)
    return tuple(
        machine
        for machine in MACHINES
        if (machine.has_gpu or not needs_gpu)
        and (asked_for or not machine.has_gpu)
        and all(_accepts(constraint, machine) for constraint in constraints)
    )
