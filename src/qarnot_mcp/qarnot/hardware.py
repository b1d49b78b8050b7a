"""The machines that tasks can ask for: the constraints that an account may use."""

import re
from typing import Annotated, Any

from pydantic import Field

from qarnot_mcp.qarnot.fields import NONE_AS_LIST, OptionalCount, OptionalText, Record, Text
from qarnot_mcp.qarnot.http.responses import Resource
from qarnot_mcp.qarnot.http.session import NounClient

PAGE_CONSTRAINTS = 50
MAX_PAGES = 10
KEY_CHARACTERS = 120
_SIZE = re.compile(r"([0-9]{1,5})c-([0-9]{1,6})g-", re.ASCII)


class Constraint(Record):
    """A constraint that an account may use; of its kind follows which field is set."""

    discriminator: Text = ""
    specification_key: OptionalText = None
    cpu_model: OptionalText = None


class ConstraintPage(Record):
    """Some constraints, and how many there are in all."""

    data: Annotated[list[Any], NONE_AS_LIST] = Field(default_factory=list)
    total: OptionalCount = None


class Machine(Record):
    """A kind of machine, as its key says it: `28c-128g-intel-dual-xeon2680v4-ssd`."""

    key: Text
    cores: OptionalCount = None
    memory_gb: OptionalCount = None
    has_ssd: bool = False
    has_gpu: bool = False

    @classmethod
    def of_key(cls, key: str) -> "Machine":
        """Read a key; what it does not say in the usual form stays unknown."""
        size = _SIZE.match(key)
        parts = key.lower().split("-")
        return cls(
            key=key,
            cores=int(size[1]) if size else None,
            memory_gb=int(size[2]) if size else None,
            has_ssd="ssd" in parts,
            has_gpu="nvidia" in parts or "gpu" in parts,
        )


class HardwareClient(NounClient):
    """Calls about the machines of the platform."""

    async def constraints(self, *, cached: bool = False) -> tuple[list[Constraint], int]:
        """Return the constraints that the account may use, at most 500 of them, and how many there are in all.

        It reads pages of 50 (`GET /hardware-constraints?limit=&offset=`); with `cached` they may be a minute old.
        """
        if cached and (kept := self._session.cached("hardware", tuple)):
            return kept
        found: list[Constraint] = []
        offset = 0
        total = 0
        for _ in range(MAX_PAGES):
            path = f"/hardware-constraints?limit={PAGE_CONSTRAINTS}&offset={offset}"
            resource = Resource("endpoint", "hardware-constraints")
            page = await self._session.get(path, resource, "the hardware constraints", ConstraintPage.read)
            found += [Constraint.read(entry) for entry in page.data[:PAGE_CONSTRAINTS]]
            offset += len(page.data)
            total = max(page.total or 0, len(found))
            if not page.data or offset >= total:
                break
        return self._session.cache("hardware", (found, total))


def machines_among(constraints: list[Constraint]) -> list[Machine]:
    """Return the kinds of machine that constraints name, each once, by cores and key."""
    keys = {one.specification_key[:KEY_CHARACTERS] for one in constraints if one.specification_key}
    return sorted(
        map(Machine.of_key, keys), key=lambda machine: (machine.cores or 0, machine.memory_gb or 0, machine.key)
    )
