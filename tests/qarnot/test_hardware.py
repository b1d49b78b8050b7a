"""What the keys of machines say, and how many constraints are read."""

import httpx
import pytest
import respx

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.hardware import MAX_PAGES, PAGE_CONSTRAINTS, Constraint, Machine, machines_among


@pytest.mark.parametrize(
    ("key", "cores", "memory_gb", "has_ssd", "has_gpu"),
    [
        ("28c-128g-intel-dual-xeon2680v4-ssd", 28, 128, True, False),
        ("8c-32g-amd-rz3700x", 8, 32, False, False),
        ("16c-128g-amd-rz7950x-ssd-nvidia-rtx4090", 16, 128, True, True),
        ("a machine of another time", None, None, False, False),
    ],
)
def test_a_key_says_what_a_machine_has(
    key: str, cores: int | None, memory_gb: int | None, has_ssd: bool, has_gpu: bool
) -> None:
    machine = Machine.of_key(key)
    assert (machine.cores, machine.memory_gb, machine.has_ssd, machine.has_gpu) == (cores, memory_gb, has_ssd, has_gpu)


def test_each_machine_is_named_once_by_its_cores() -> None:
    keys = ["96c-512g-a", "8c-32g-b", "96c-512g-a", None]
    found = machines_among([Constraint(specification_key=key) for key in keys])
    assert [machine.key for machine in found] == ["8c-32g-b", "96c-512g-a"]


async def test_pages_are_read_until_the_last_and_never_without_end(client: QarnotClient, api: respx.MockRouter) -> None:
    entry = {"discriminator": "SSDHardwareConstraint"}
    page = {"data": [entry] * PAGE_CONSTRAINTS, "total": 120}
    route = api.get(path__regex=r"/hardware-constraints").mock(return_value=httpx.Response(200, json=page))
    found, total = await client.hardware.constraints()
    assert (route.call_count, total) == (3, max(120, len(found)))
    page["total"] = 10**6
    route.mock(return_value=httpx.Response(200, json=page))
    route.calls.reset()
    found, total = await client.hardware.constraints()
    assert (len(found), total) == (MAX_PAGES * PAGE_CONSTRAINTS, 10**6)
