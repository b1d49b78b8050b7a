"""Pages of usual summaries, which are read in one pass: they say what the tolerant reading says."""

from typing import Any

import httpx
import pytest
import respx

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import UnreadableResponse
from qarnot_mcp.qarnot.tasks.models import PlainSummary, TaskSummary
from tests.support.qarnot_api import UUID

USUAL: dict[str, Any] = {
    "uuid": UUID,
    "name": "render scene 10",
    "shortname": "render-scene-10",
    "profile": "docker-batch",
    "state": "FullyExecuting",
    "progress": 12.5,
    "totalInstanceCount": 10,
    "instanceCount": 10,
    "runningInstanceCount": 4,
    "creationDate": "2026-11-20T20:56:24Z",
    "endDate": "0001-01-01T00:00:00Z",
    "poolUuid": None,
}
UNUSUAL: list[dict[str, Any]] = [
    {"name": "na\u202eme"},
    {"name": None},
    {"name": "x" * 5000},
    {"profile": 'a"b'},
    {"state": "Fully\x1b[1mExecuting"},
    {"progress": None},
    {"progress": 250.0},
    {"totalInstanceCount": 0},
    {"totalInstanceCount": None, "instanceCount": 0, "advancedRanges": "0-3,7"},
    {"runningInstanceCount": None},
    {"runningInstanceCount": 10**40},
    {"creationDate": "2026-11-20T20:56:24.123456Z"},
    {"creationDate": "2026-11-20T20:56:24+02:00"},
    {"creationDate": "2026-11-20T20:56:24"},
    {"endDate": None},
]


async def read(client: QarnotClient, api: respx.MockRouter, *items: object, **page: object) -> list[TaskSummary]:
    document = {"data": items, "total": len(items), "isTruncated": False, "nextToken": None, **page}
    api.post("/tasks/summaries/paginate").respond(json=document)
    return list((await client.tasks.page()).items)


async def test_a_usual_page_is_read_in_one_pass(client: QarnotClient, api: respx.MockRouter) -> None:
    (task,) = await read(client, api, USUAL)
    assert isinstance(task, PlainSummary)
    assert task.model_dump() == TaskSummary.read(USUAL).model_dump()


@pytest.mark.parametrize("difference", UNUSUAL, ids=str)
async def test_an_unusual_page_says_the_same(
    client: QarnotClient, api: respx.MockRouter, difference: dict[str, Any]
) -> None:
    tasks = await read(client, api, USUAL, USUAL | difference)
    assert [task.model_dump() for task in tasks] == [
        TaskSummary.read(item).model_dump() for item in (USUAL, USUAL | difference)
    ]


async def test_a_page_that_cannot_be_read_is_told_by_its_field(client: QarnotClient, api: respx.MockRouter) -> None:
    with pytest.raises(UnreadableResponse, match="task summary: state is missing"):
        await read(client, api, {"uuid": UUID})


@pytest.mark.parametrize("tags", [["demo"], [], None, ["de\u202emo"], ["x" * 5000]], ids=str)
async def test_tags_are_read_alike(client: QarnotClient, api: respx.MockRouter, tags: list[str] | None) -> None:
    item = {"uuid": UUID, "state": "Success", "tags": tags}
    api.post("/tasks/search").mock(return_value=httpx.Response(200, json=[item]))
    assert await client.tasks.tags([UUID]) == {UUID: TaskSummary.read(item).tags}
