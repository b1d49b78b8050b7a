"""The sign-in as a real MCP client does it, in both eras of the protocol."""

import asyncio
from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.auth import OAuth

from tests.support.browsing import give_key
from tests.support.oauth_server import SERVER_KEY, WholeServer, used
from tests.support.running_server import ERAS, Era, call, refusal, submitted

pytestmark = pytest.mark.filterwarnings("ignore:Using in-memory token storage")

ALICE, BOB = "sandbox-empty-alice", "sandbox-empty-bob"
READING = {"list_tasks", "get_task", "get_task_logs", "list_profiles", "get_profile"}
WRITING = {"submit_task", "abort_task", "delete_task"}


class PersonalOAuth(OAuth):
    """The client's own sign-in, with a person who gives this key where a browser would be opened."""

    def __init__(self, url: str, key: str, **fields: str) -> None:
        super().__init__(url, client_name="FastMCP client")
        self._key, self._fields = key, fields

    async def redirect_handler(self, authorization_url: str) -> None:
        self.visit = asyncio.create_task(give_key(authorization_url, self._key, **self._fields))


def client_of(whole: WholeServer, key: str, era: Era, **fields: str) -> Client[Any]:
    return Client(whole.url, auth=PersonalOAuth(whole.url, key, **fields), mode=era)


async def names_of(client: Client[Any]) -> list[str]:
    return [task["name"] for task in (await call(client, "list_tasks"))["tasks"]]


@pytest.mark.parametrize("era", ERAS)
async def test_two_people_at_the_same_time_see_their_own_tasks_only(whole: WholeServer, era: Era) -> None:
    async with client_of(whole, ALICE, era) as alice, client_of(whole, BOB, era) as bob:
        await asyncio.gather(submitted(alice, name="of-alice"), submitted(bob, name="of-bob"))
        for _ in range(3):
            seen = await asyncio.gather(names_of(alice), names_of(bob))
            assert list(seen) == [["of-alice"], ["of-bob"]]
    assert used(await whole.requests(), SERVER_KEY) == 0


@pytest.mark.parametrize("era", ERAS)
async def test_a_person_who_chooses_read_only_offers_the_reading_tools_only(whole: WholeServer, era: Era) -> None:
    async with client_of(whole, ALICE, era, read_only="yes") as client:
        assert {tool.name for tool in await client.list_tools()} == READING
        before = len(await whole.requests())
        assert "whoever signed in chose read only" in await refusal(client, "delete_task", task_uuid="some-task")
        assert len(await whole.requests()) == before


@pytest.mark.parametrize("era", ERAS)
async def test_a_person_who_allows_everything_offers_all_tools(whole: WholeServer, era: Era) -> None:
    async with client_of(whole, ALICE, era) as client:
        assert {tool.name for tool in await client.list_tools()} == READING | WRITING
