"""A sandbox inside the server, as `--sandbox` runs it, has storage, too."""

import httpx
from fastmcp import Client
from pydantic import SecretStr

from qarnot_mcp.sandbox.app import create_app as create_sandbox
from qarnot_mcp.settings.model import Settings
from qarnot_mcp.web.app import create_app
from tests.support.running_server import call
from tests.support.serving import listening, port_of, serve


async def test_a_newcomer_can_use_files_without_an_account_or_a_network() -> None:
    with listening() as listener:
        settings = Settings(
            _env_file=None,
            base_url="http://sandbox.invalid",
            api_key=SecretStr("sandbox-key"),
            port=port_of(listener),
            toolsets="storage",
        )
        simulation = create_sandbox(speed=1000, seed=1, opens_storage=True)
        app = create_app(settings, simulation=simulation)
        async with serve(app, listener=listener) as origin, Client(f"{origin}/mcp") as client:
            buckets = (await call(client, "list_buckets"))["buckets"]
            assert len(buckets) > 2
            bucket, path = "mine", "a.txt"
            await call(client, "write_file", bucket=bucket, path=path, text="first", create_bucket=True)
            assert (await call(client, "read_file", bucket=bucket, path=path))["text"] == "first"
            link = (await call(client, "share_file", bucket=bucket, path=path))["link"]
            async with httpx.AsyncClient() as http:
                assert (await http.get(link)).text == "first"
