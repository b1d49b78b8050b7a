"""Constraints on the machines that run a task, as the API writes them."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, ValidationInfo

from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.tools.checks import FIRST_FAULT, at_most, closest_matches, parameter_of

MAX_HARDWARE_CONSTRAINTS = 50
_SUFFIX = "HardwareConstraint"

# Each kind of constraint with the field that it needs beside its discriminator.
HARDWARE_FIELDS: dict[str, tuple[str, type[float] | type[str]] | None] = {
    "MinimumCoreHardwareConstraint": ("coreCount", float),
    "MaximumCoreHardwareConstraint": ("coreCount", float),
    "MinimumRamHardwareConstraint": ("minimumMemoryMB", float),
    "MaximumRamHardwareConstraint": ("maximumMemoryMB", float),
    "MinimumRamCoreRatioHardwareConstraint": ("minimumMemoryGBCoreRatio", float),
    "MaximumRamCoreRatioHardwareConstraint": ("maximumMemoryGBCoreRatio", float),
    "SpecificHardwareConstraint": ("specificationKey", str),
    "CpuModelHardwareConstraint": ("cpuModel", str),
    "SSDHardwareConstraint": None,
    "NoSSDHardwareConstraint": None,
    "GpuHardwareConstraint": None,
    "NoGpuHardwareConstraint": None,
}


def check_hardware_constraint(given: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
    """Check that a constraint is of a known kind and has the field of its kind."""
    kind = given.get("discriminator")
    if not isinstance(kind, str) or kind not in HARDWARE_FIELDS:
        near = closest_matches(f"{str(kind).removesuffix(_SUFFIX)}{_SUFFIX}", HARDWARE_FIELDS, most=2)
        hint = f"Did you mean {' or '.join(near)}?" if near else ""
        raise InvalidArgument(parameter_of(info), given, f"a discriminator of {', '.join(HARDWARE_FIELDS)}", hint)
    field = HARDWARE_FIELDS[kind]
    if field is not None and not _has(given, *field):
        name, needed = field
        valid = f"{name} with {'a number above 0' if needed is float else 'a text'}"
        raise InvalidArgument(parameter_of(info), given, valid)
    return given


def _has(constraint: Mapping[str, object], name: str, kind: type[float] | type[str]) -> bool:
    value = constraint.get(name)
    if kind is str:
        return isinstance(value, str) and bool(value.strip())
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


HardwareConstraints = Annotated[
    list[Annotated[dict[str, Any], AfterValidator(check_hardware_constraint)]],
    FIRST_FAULT,
    at_most(MAX_HARDWARE_CONSTRAINTS, "constraints"),
]
