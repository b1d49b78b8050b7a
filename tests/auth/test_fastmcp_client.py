"""The sign-in as a real MCP client does it, in both eras of the protocol."""

import asyncio
from typing import Any

import pytest
from fastmcp import Client
from mcp import MCPError

from tests.support.browsing import PersonalOAuth
from tests.support.running_server import ERAS, SERVER_KEY, Era, RunningServer, call, submitted, used

pytestmark = pytest.mark.filterwarnings("ignore:Using in-memory token storage")

ALICE, BOB = "sandbox-empty-alice", "sandbox-empty-bob"
READING = {"list_tasks", "get_task", "get_task_logs", "list_profiles", "get_profile"}
WRITING = {"submit_task", "abort_task", "delete_task"}


def client_of(server: RunningServer, key: str, era: Era, **fields: str) -> Client[Any]:
    return Client(server.url, auth=PersonalOAuth(server.url, key, **fields), mode=era)


async def names_of(client: Client[Any]) -> list[str]:
    return [task["name"] for task in (await call(client, "list_tasks"))["tasks"]]


@pytest.mark.parametrize("era", ERAS)
async def test_two_people_at_the_same_time_see_their_own_tasks_only(server: RunningServer, era: Era) -> None:
    async with client_of(server, ALICE, era) as alice, client_of(server, BOB, era) as bob:
        await asyncio.gather(submitted(alice, name="of-alice"), submitted(bob, name="of-bob"))
        for _ in range(3):
            seen = await asyncio.gather(names_of(alice), names_of(bob))
            assert list(seen) == [["of-alice"], ["of-bob"]]
    assert used(await server.requests(), SERVER_KEY) == 0


@pytest.mark.parametrize("era", ERAS)
async def test_a_person_who_chooses_read_only_offers_the_reading_tools_only(server: RunningServer, era: Era) -> None:
    async with client_of(server, ALICE, era, read_only="yes") as client:
        assert {tool.name for tool in await client.list_tools()} == READING
        with pytest.raises(MCPError, match="whoever signed in chose read only"):
            await client.call_tool("delete_task", {"task_uuid": "some-task"})
        assert {request["path"] for request in await server.requests()} == {"/info"}


@pytest.mark.parametrize("era", ERAS)
async def test_a_person_who_allows_everything_offers_all_tools(server: RunningServer, era: Era) -> None:
    async with client_of(server, ALICE, era) as client:
        assert {tool.name for tool in await client.list_tools()} == READING | WRITING
