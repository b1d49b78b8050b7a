"""`qarnot-mcp --stdio` as a client meets it that starts the server itself and talks to it through its pipes."""

import asyncio
import json
import os
import signal
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fastmcp import Client
from fastmcp.client.transports import StdioTransport

from tests.support.command_line import CommandLine
from tests.support.processes import MAIN, environment, forked
from tests.support.running_server import ERAS, Era, call, ended, refusal

pytestmark = pytest.mark.e2e

SANDBOX = ("--sandbox", "--sandbox-speed", "10000")


@asynccontextmanager
async def stdio_client(
    folder: Path, *arguments: str, era: Era = "auto", **settings: str
) -> AsyncIterator[Client[StdioTransport]]:
    """Start the server as a client does, with its log in a file of the folder."""
    transport = StdioTransport(
        forked()[0],
        [*forked()[1:], "--stdio", *arguments],
        env=environment(**settings),
        cwd=str(folder),
        keep_alive=False,
        log_file=folder / "log",
    )
    async with Client(transport, mode=era) as client:
        yield client


@pytest.mark.parametrize("era", ERAS)
async def test_the_eight_tools_work_over_standard_input_and_output(tmp_path: Path, era: Era) -> None:
    async with stdio_client(tmp_path, *SANDBOX, era=era) as client:
        assert len(await client.list_tools()) == 8
        assert "docker-batch" in (await call(client, "list_profiles"))["profiles"]
        assert (await call(client, "get_profile", profile_name="docker-batch"))["name"] == "docker-batch"
        constants = [{"key": "DOCKER_CMD", "value": "echo hello from ${INSTANCE_ID}"}]
        task = await call(client, "submit_task", name="hello", profile="docker-batch", constants=constants)
        uuid = task["uuid"]
        assert (await ended(client, uuid))["state"] == "Success"
        assert "hello from 0" in str(await call(client, "get_task_logs", task_uuid=uuid))
        assert (await call(client, "list_tasks"))["count"] > 0
        assert await refusal(client, "abort_task", task_uuid=uuid)
        await call(client, "delete_task", task_uuid=uuid)
    assert "qarnot-mcp" in (tmp_path / "log").read_text()


async def test_the_settings_show_tool_sets_and_hide_what_writes_and_a_call_says_where_to_put_a_key(
    tmp_path: Path,
) -> None:
    async with stdio_client(tmp_path, QARNOT_MCP_TOOLSETS="all", QARNOT_MCP_READ_ONLY="true") as client:
        names = {tool.name for tool in await client.list_tools()}
        assert {"list_tasks", "get_task", "get_task_logs", "list_profiles", "get_profile", "list_files"} <= names
        assert not {"submit_task", "abort_task", "delete_task", "write_file"} & names
        assert "read" in await refusal(client, "abort_task", task_uuid="hello")
        assert "?toolsets=" not in (client.instructions or "")
        message = await refusal(client, "list_tasks")
    assert "Set QARNOT_API_KEY in the settings with which your MCP client starts this server" in message


async def test_nothing_but_messages_is_on_standard_output_and_the_process_ends_with_its_client(tmp_path: Path) -> None:
    request = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }
    process = await asyncio.create_subprocess_exec(
        *MAIN,
        "--stdio",
        "--sandbox",
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        cwd=tmp_path,
        env=environment(LOG_LEVEL="DEBUG"),
    )
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps(request).encode() + b"\n")
    first = json.loads(await process.stdout.readline())
    assert first["result"]["serverInfo"]["name"] == "Qarnot"
    process.stdin.close()
    rest, log = await process.communicate()
    assert (process.returncode, rest) == (0, b"")
    assert b"Traceback" not in log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_while_its_client_is_there(tmp_path: Path, number: signal.Signals) -> None:
    process = await asyncio.create_subprocess_exec(
        *forked(), "--stdio", "--sandbox", stdin=PIPE, stdout=PIPE, stderr=PIPE, cwd=tmp_path, env=environment()
    )
    assert process.stdin
    assert process.stdout
    process.stdin.write(b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
    await process.stdout.readline()
    process.send_signal(number)
    assert await process.wait() == 0
    process.stdin.close()


def test_a_sign_in_that_nobody_could_do_stops_the_start(command_line: CommandLine) -> None:
    stopped = command_line.run("--stdio", QARNOT_MCP_AUTH="oauth")
    assert (stopped.returncode, stopped.stdout) == (2, "")
    assert stopped.stderr.startswith("qarnot-mcp: QARNOT_MCP_AUTH is 'oauth', which is not valid with --stdio")
    assert os.linesep not in stopped.stderr.rstrip()
