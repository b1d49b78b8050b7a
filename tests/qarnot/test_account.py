"""Quotas and credits, whose shapes have changed before: what cannot be read hides nothing else."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import respx

from qarnot_mcp.qarnot.client import QarnotClient
from tests.support.qarnot_api import HOST

UUID = "52c10b2d-0687-41e1-985e-7279f6dd543a"


@pytest.fixture
def api() -> Iterator[respx.MockRouter]:
    """What lies beside the versions of the API."""
    with respx.mock(base_url=HOST) as router:
        yield router


def answers(api: respx.MockRouter, path: str, response: httpx.Response) -> None:
    api.get(path__regex=path).mock(return_value=response)


async def test_both_names_of_the_cores_in_use_are_read(client: QarnotClient, api: respx.MockRouter) -> None:
    quota = {"maxInstances": 4, "runningCoreCount": 8, "runningInstancesCount": 1}
    reserved = [{**quota, "reservationName": "mine", "machineKey": "8c-32g"}]
    answers(api, "/quotas/", httpx.Response(200, json={"flex": quota, "onDemand": None, "reserved": reserved}))
    quotas = await client.account.quotas()
    assert quotas.flex is not None
    assert (quotas.flex.running_cores, quotas.flex.running_instances, quotas.on_demand) == (8, 1, None)
    assert quotas.reserved[0].reservation_name == "mine"


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(404, json={"message": "no organization"}),
        httpx.Response(403, json={"message": "not for you"}),
        httpx.Response(200, json={"flex": "another shape"}),
        httpx.Response(200, json=["another shape"]),
    ],
    ids=repr,
)
async def test_quotas_of_no_organisation_or_of_another_shape_are_none(
    client: QarnotClient, api: respx.MockRouter, response: httpx.Response
) -> None:
    answers(api, "/quotas/", response)
    assert await client.account.organization_quotas() is None


@pytest.mark.parametrize(
    ("document", "amount"),
    [({"credits": 3600.42}, 3600.42), ({"credits": 3}, 3.0), ({"credits": None}, None), ({}, None)],
)
async def test_credits_are_whole_or_fractions_or_not_told(
    client: QarnotClient, api: respx.MockRouter, document: dict[str, Any], amount: float | None
) -> None:
    answers(api, "/credits/", httpx.Response(200, json=document))
    assert await client.credits.left() == amount
    assert await client.credits.of_task(UUID) == amount


async def test_credits_that_are_kept_are_asked_once(client: QarnotClient, api: respx.MockRouter) -> None:
    route = api.get(path__regex="/credits/").mock(return_value=httpx.Response(200, json={"credits": 0.5}))
    assert [await client.credits.of_task(UUID, cached=True) for _ in range(3)] == [0.5] * 3
    assert route.call_count == 1
    await client.credits.of_task(UUID)
    assert route.call_count == 2
