"""Constraints on the machines that run a task: as the API writes them, or in plain words."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ValidationInfo, WithJsonSchema

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
API_FIELDS = {"discriminator", *(field[0] for field in HARDWARE_FIELDS.values() if field)}


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


def as_constraints(given: object, info: ValidationInfo) -> object:
    """Return constraints in the plain form, such as `{"min_cores": 16, "ssd": true}`, as the API's list of them."""
    if isinstance(given, dict):
        given = [given] if given else []
    if not isinstance(given, list) or len(given) > MAX_HARDWARE_CONSTRAINTS:
        return given
    constraints: list[object] = []
    for entry in given:
        is_plain = isinstance(entry, dict) and entry and API_FIELDS.isdisjoint(entry)
        constraints += _constraints_of(entry, parameter_of(info)) if is_plain else [entry]
    return constraints


def _constraints_of(plain: Mapping[str, object], parameter: str) -> list[dict[str, object]]:
    """Return the constraints that a plain form stands for; a value of null stands for none."""
    constraints = []
    for word, value in list(plain.items())[: MAX_HARDWARE_CONSTRAINTS + 1]:
        row = PLAIN.get(word)
        if row is None:
            near = closest_matches(str(word), PLAIN, most=1)
            hint = f"Did you mean {near[0]}?" if near else "Or give a list of constraints as the API writes them."
            raise InvalidArgument(parameter, plain, f"some of {', '.join(PLAIN)}", hint)
        if value is None:
            continue
        if not isinstance(value, row.kind) or isinstance(value, bool) is not (row.kind is bool):
            raise InvalidArgument(parameter, plain, f"{word} with {row.valid}")
        constraints.append(row.constraint(value))
    return constraints


@dataclass(frozen=True)
class PlainWord:
    """A word of the plain form, and the constraint that it stands for; a flag has a second one for false."""

    discriminator: str
    kind: type[Any] | UnionType
    valid: str
    unless: str = ""
    factor: int = 1

    def constraint(self, value: Any) -> dict[str, object]:
        """Return the constraint for a value."""
        kind = f"{self.discriminator if value or self.kind is not bool else self.unless}{_SUFFIX}"
        field = HARDWARE_FIELDS[kind]
        scaled = value * self.factor if self.factor > 1 else value
        return {"discriminator": kind} | ({field[0]: scaled} if field else {})


_NUMBER, _FLAG = "a number above 0", "true or false"
MB_OF_GB = 1000
"""Machines report their memory so: one of 64 GB has 64,000 MB."""
PLAIN: Mapping[str, PlainWord] = {
    "min_cores": PlainWord("MinimumCore", int, "a whole number above 0"),
    "max_cores": PlainWord("MaximumCore", int, "a whole number above 0"),
    "min_ram_gb": PlainWord("MinimumRam", int | float, _NUMBER, factor=MB_OF_GB),
    "max_ram_gb": PlainWord("MaximumRam", int | float, _NUMBER, factor=MB_OF_GB),
    "gpu": PlainWord("Gpu", bool, _FLAG, unless="NoGpu"),
    "ssd": PlainWord("SSD", bool, _FLAG, unless="NoSSD"),
    "machine": PlainWord("Specific", str, "a part of a machine's key, such as 96c-512g"),
    "cpu": PlainWord("CpuModel", str, "a part of a processor's name"),
}

HARDWARE_SCHEMA = {
    "anyOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}, "maxItems": MAX_HARDWARE_CONSTRAINTS}]
}
HardwareConstraints = Annotated[
    list[Annotated[dict[str, Any], AfterValidator(check_hardware_constraint)]],
    FIRST_FAULT,
    BeforeValidator(as_constraints),
    at_most(MAX_HARDWARE_CONSTRAINTS, "constraints"),
    WithJsonSchema(HARDWARE_SCHEMA),
]
