import pytest
from fastmcp import Client, FastMCP
from fastmcp.client.transports import StreamableHttpTransport
from fastmcp.exceptions import ToolError
from pydantic import SecretStr

from qarnot_mcp.auth.caller import resolve_key
from qarnot_mcp.auth.mode import Mode
from tests.support.running_server import ERAS, SERVER_KEY, Era, full_server, refusal, used


def server_with(mode: Mode, server_key: SecretStr | None) -> FastMCP[None]:
    server = FastMCP[None]("small")

    @server.tool
    async def whose() -> str:
        return resolve_key(mode, server_key).get_secret_value()

    return server


async def test_outside_http_the_server_has_only_its_own_key() -> None:
    async with Client(server_with("key", SecretStr("its-own"))) as client:
        assert (await client.call_tool("whose")).data == "its-own"


async def test_without_a_sign_in_there_is_no_key_in_mode_oauth() -> None:
    async with Client(server_with("oauth", SecretStr("its-own"))) as client:
        with pytest.raises(ToolError, match="Sign in again"):
            await client.call_tool("whose")


@pytest.mark.parametrize("era", ERAS)
async def test_without_any_key_a_call_says_the_three_ways_and_listing_works(era: Era) -> None:
    async with full_server(auth="key", api_key=None) as server:
        async with Client(server.url, mode=era) as client:
            assert len(await client.list_tools()) == 8
            said = await refusal(client, "list_profiles")
        assert await server.requests() == []
    for way in ("Authorization: Bearer", "X-Api-Key", "QARNOT_API_KEY"):
        assert way in said


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("name", ["Authorization", "X-Api-Key"])
async def test_the_callers_key_comes_before_the_servers(era: Era, name: str) -> None:
    async with full_server(auth="key") as server:
        transport = StreamableHttpTransport(server.url, headers={name: "sandbox-alice"})
        async with Client(transport, mode=era) as client:
            await client.call_tool("list_profiles")
        requests = await server.requests()
    assert used(requests, "sandbox-alice") > 0
    assert used(requests, SERVER_KEY) == 0
