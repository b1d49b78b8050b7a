"""A list of tasks out of pages: as many as are wanted, and never none because a later page failed."""

import json
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import respx

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import ServerFailed
from qarnot_mcp.tools.answers import LIST_BYTES
from qarnot_mcp.tools.tasks.list_tasks import ListTasks, read_list
from qarnot_mcp.tools.tasks.task_rows import NO_DETAILS
from tests.support.qarnot_api import BASE, UUID, FakeClock, opened, task_document

PAGES = "/tasks/summaries/paginate"


@pytest.fixture
def api() -> Iterator[respx.MockRouter]:
    with respx.mock(base_url=BASE, assert_all_called=False) as router:
        router.post("/tasks/search").respond(json=[])
        yield router


@pytest.fixture
async def client() -> AsyncIterator[QarnotClient]:
    async with opened(FakeClock(), base_url=BASE.removesuffix("/v1")) as client:
        yield client


def page(count: int, token: str | None, name: str = "sweep") -> httpx.Response:
    data = [task_document(uuid=UUID, name=name) for _ in range(count)]
    return httpx.Response(200, json={"data": data, "total": 120, "isTruncated": bool(token), "nextToken": token})


async def test_pages_are_read_up_to_the_limit(client: QarnotClient, api: respx.MockRouter) -> None:
    route = api.post(PAGES).mock(side_effect=[page(50, "a1"), page(50, "a2"), page(10, "a3")])
    found = await read_list(client, ListTasks(limit=110))
    assert (found.count, found.total, found.next_cursor, found.hint) == (110, 120, "a3", None)
    assert [b'"maximumResults":10' in call.request.content for call in route.calls] == [False, False, True]


async def test_an_empty_page_is_not_the_end_and_empty_pages_come_to_one(
    client: QarnotClient, api: respx.MockRouter
) -> None:
    api.post(PAGES).mock(side_effect=[page(0, "a1"), page(2, None)])
    assert (await read_list(client, ListTasks(limit=50))).count == 2
    tokens = iter(range(1000))
    api.post(PAGES).mock(side_effect=lambda _: page(0, f"a{next(tokens)}"))
    found = await read_list(client, ListTasks(limit=50))
    assert (found.count, found.next_cursor) == (0, "a49")


async def test_what_was_read_is_not_lost_with_a_later_page(client: QarnotClient, api: respx.MockRouter) -> None:
    api.post(PAGES).mock(side_effect=lambda request: httpx.Response(500) if b"a1" in request.content else page(5, "a1"))
    found = await read_list(client, ListTasks(limit=500))
    assert (found.count, found.total, found.next_cursor) == (5, 120, "a1")
    assert found.hint is not None
    assert "The tasks after these 5 could not be read this time; next_cursor reads on." in found.hint
    with pytest.raises(ServerFailed):
        await read_list(client, ListTasks(limit=500, cursor="a1"))


async def test_a_list_that_would_be_too_long_is_cut_where_its_cursor_reads_on(
    client: QarnotClient, api: respx.MockRouter
) -> None:
    def answered(request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        start = int(asked["token"] or 0)
        return page(asked["maximumResults"], str(start + asked["maximumResults"]), f"{start} " + "\\é" * 2000)

    api.post(PAGES).mock(side_effect=answered)
    found = await read_list(client, ListTasks(limit=500))
    assert 50 < found.count < 500
    assert found.next_cursor == str(found.count)
    assert found.hint == "The list was cut to keep it readable; next_cursor reads on."
    assert len(found.model_dump_json(exclude_none=True).encode()) < LIST_BYTES + 1000


async def test_a_first_page_that_would_be_too_long_is_read_again_shorter(
    client: QarnotClient, api: respx.MockRouter
) -> None:
    tags = ["\U0001f525" * 120] * 10

    def answered(request: httpx.Request) -> httpx.Response:
        count = json.loads(request.content)["maximumResults"]
        data = [task_document(tags=tags)] * count
        return httpx.Response(
            200, json={"data": data, "total": 120, "isTruncated": True, "nextToken": f"after-{count}"}
        )

    api.post("/tasks/paginate").mock(side_effect=answered)
    found = await read_list(client, ListTasks(tags=["x"], limit=50))
    assert 0 < found.count < 50
    assert found.next_cursor == f"after-{found.count}"


async def test_rows_without_their_details_are_better_than_no_list(client: QarnotClient, api: respx.MockRouter) -> None:
    api.post("/tasks/search").respond(400, json={"message": "no such field"})
    api.post(PAGES).mock(side_effect=[page(2, None)])
    found = await read_list(client, ListTasks())
    assert found.count == 2
    assert found.hint == NO_DETAILS
