"""Scope step-up: a read-only sign-in that calls a writing tool learns which scope is missing."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastmcp import Client

from qarnot_mcp.auth.mode import READ_SCOPE, WRITE_SCOPE
from tests.support.browsing import PersonalOAuth
from tests.support.running_server import ERAS, Era, RunningServer, call, full_server
from tests.support.sign_in import SignIn

ALICE = "sandbox-empty-alice"
TASK = {"name": "t", "profile": "docker-batch", "constants": [{"key": "DOCKER_CMD", "value": "echo hi"}]}

pytestmark = pytest.mark.filterwarnings("ignore:Using in-memory token storage")


class SecondThoughts(PersonalOAuth):
    """A person who chooses read only, and allows everything when asked again."""

    visits = 0

    async def redirect_handler(self, authorization_url: str) -> None:
        self.visits += 1
        self._fields = {"read_only": "yes"} if self.visits == 1 else {}
        await super().redirect_handler(authorization_url)


@pytest.fixture
async def server() -> AsyncIterator[RunningServer]:
    async with full_server() as running:
        yield running


async def called(server: RunningServer, tool: str, query: str = "") -> httpx.Response:
    async with httpx.AsyncClient(timeout=10) as http:
        sign_in = SignIn(server.origin, http)
        token = (await sign_in.tokens(ALICE, read_only="yes"))["access_token"]
        headers = {
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": "2025-06-18",
            "Authorization": f"Bearer {token}",
        }
        params = {"name": tool, "arguments": {"task_uuid": "some-task"}}
        body = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}
        return await http.post(server.url + query, json=body, headers=headers)


async def test_a_read_only_sign_in_is_told_the_scope_that_is_missing(server: RunningServer) -> None:
    answer = await called(server, "delete_task")
    assert answer.status_code == 403
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith('Bearer error="insufficient_scope", ')
    assert f'scope="{WRITE_SCOPE}"' in challenge
    assert f'resource_metadata="{server.origin}/.well-known/oauth-protected-resource/mcp"' in challenge
    document = answer.json()
    assert document["id"] == 7
    assert document["error"]["data"] == {"missing_scope": WRITE_SCOPE}
    assert "whoever signed in chose read only" in document["error"]["message"]
    assert not [request for request in await server.requests() if request["method"] == "DELETE"]


async def test_no_scope_helps_where_the_tool_is_not_missing_for_its_scope(server: RunningServer) -> None:
    assert (await called(server, "get_task")).status_code == 200
    assert (await called(server, "no_such_tool")).status_code == 200
    narrowed = await called(server, "delete_task", "?read_only=true")
    assert narrowed.status_code == 200
    assert "this connection asked to read only" in narrowed.text


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_asks_its_person_again_and_the_call_goes_through(server: RunningServer, era: Era) -> None:
    person = SecondThoughts(server.url, ALICE)
    async with Client(server.url, auth=person, mode=era) as client:
        assert "submit_task" not in {tool.name for tool in await client.list_tools()}
        assert (await call(client, "submit_task", **TASK))["started"]
        assert person.visits == 2
        assert person.context.current_tokens is not None
        assert set(str(person.context.current_tokens.scope).split()) == {READ_SCOPE, WRITE_SCOPE}
