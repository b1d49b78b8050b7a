"""The machines of the simulated platform and the constraints that choose among them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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

CONSTRAINT_FIELDS: Mapping[str, str | None] = {
    "MinimumCoreHardwareConstraint": "coreCount",
    "MaximumCoreHardwareConstraint": "coreCount",
    "MinimumRamHardwareConstraint": "minimumMemoryMB",
    "MaximumRamHardwareConstraint": "maximumMemoryMB",
    "MinimumRamCoreRatioHardwareConstraint": "minimumMemoryGBCoreRatio",
    "MaximumRamCoreRatioHardwareConstraint": "maximumMemoryGBCoreRatio",
    "SpecificHardwareConstraint": "specificationKey",
    "CpuModelHardwareConstraint": "cpuModel",
    "SSDHardwareConstraint": None,
    "NoSSDHardwareConstraint": None,
    "GpuHardwareConstraint": None,
    "NoGpuHardwareConstraint": None,
}
"""Every kind of constraint, and the field that holds its value where it has one."""


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
    memory_gb_per_core = machine.memory_mb / 1000 / machine.core_count
    match constraint:
        case {"discriminator": "MinimumCoreHardwareConstraint", "coreCount": count}:
            return bool(machine.core_count >= count)
        case {"discriminator": "MaximumCoreHardwareConstraint", "coreCount": count}:
            return bool(machine.core_count <= count)
        case {"minimumMemoryMB": memory}:
            return bool(machine.memory_mb >= memory)
        case {"maximumMemoryMB": memory}:
            return bool(machine.memory_mb <= memory)
        case {"minimumMemoryGBCoreRatio": ratio}:
            return bool(memory_gb_per_core >= ratio)
        case {"maximumMemoryGBCoreRatio": ratio}:
            return bool(memory_gb_per_core <= ratio)
        case {"specificationKey": key}:
            return str(key).lower() in machine.specification_key
        case {"cpuModel": model}:
            return str(model).lower() in machine.cpu_model.lower()
        case {"discriminator": "SSDHardwareConstraint" | "NoSSDHardwareConstraint" as kind}:
            return ("ssd" in machine.specification_key) is (kind == "SSDHardwareConstraint")
    return machine.has_gpu is (constraint["discriminator"] == "GpuHardwareConstraint")


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
