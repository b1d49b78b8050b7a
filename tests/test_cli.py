"""The command line as a person meets it: its lines and its exit status, and servers as real processes."""

import asyncio
import json
import re
import signal
import socket
import sys
from pathlib import Path

import httpx
import pytest
from fastmcp import Client

from qarnot_mcp import __version__
from tests.support.command_line import CommandLine
from tests.support.ports import free_port
from tests.support.processes import MAIN, finish, forked, listening_process, reachable, running, server_process
from tests.support.running_server import ERAS, Era, call, submitted


def test_the_version_is_one_line(command_line: CommandLine) -> None:
    ended = command_line.run("--version")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"qarnot-mcp {__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "settings", "words"),
    [
        ([], {"QARNOT_BASE_URL": "ftp://x"}, ("QARNOT_BASE_URL", "'ftp://x'", "https://api.qarnot.com")),
        ([], {"QARNOT_MCP_PORT": "99999"}, ("QARNOT_MCP_PORT", "'99999'", "1 to 65535")),
        (["--port", "http"], {}, ("--port", "'http'", "1 to 65535")),
        ([], {"QARNOT_MCP_READONLY": "true"}, ("QARNOT_MCP_READONLY", "QARNOT_MCP_READ_ONLY")),
        (["--sandbox", "--sandbox-speed", "0"], {}, ("--sandbox-speed", "0", "0.01 to 1,000,000")),
        ([], {"QARNOT_MCP_TOOLSETS": "storge"}, ("QARNOT_MCP_TOOLSETS", "'storge'", "The nearest one is storage.")),
        ([], {"QARNOT_MCP_SECRET_KEY": "swordfish"}, ("QARNOT_MCP_SECRET_KEY", "(hidden)", "32 characters")),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_line(
    command_line: CommandLine, arguments: list[str], settings: dict[str, str], words: tuple[str, ...]
) -> None:
    ended = command_line.run(*arguments, **settings)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("qarnot-mcp: ")
    assert ended.stderr.count("\n") == 1
    assert "swordfish" not in ended.stderr
    for word in words:
        assert word in ended.stderr


def test_a_setting_of_the_env_file_is_named_too(tmp_path: Path, command_line: CommandLine) -> None:
    (tmp_path / ".env").write_text("QARNOT_MCP_LOG_FORMAT=yaml\n")
    ended = command_line.run()
    assert ended.returncode == 2
    assert ended.stderr == "qarnot-mcp: QARNOT_MCP_LOG_FORMAT is 'yaml', which is not valid: give text or json.\n"


@pytest.mark.parametrize("arguments", [(), ("--check",)])
def test_an_env_file_in_another_encoding_is_one_line(
    tmp_path: Path, command_line: CommandLine, arguments: tuple[str, ...]
) -> None:
    (tmp_path / ".env").write_bytes("QARNOT_API_KEY=key".encode("utf-16"))
    ended = command_line.run(*arguments)
    assert ended.returncode in (1, 2)
    assert ended.stderr == "qarnot-mcp: .env is not a text in UTF-8: save it in that encoding.\n"


@pytest.mark.e2e
def test_a_python_that_drops_descriptions_serves_no_tools(tmp_path: Path) -> None:
    ended = finish(tmp_path, sys.executable, "-OO", *MAIN[1:], "--sandbox")
    assert ended.returncode == 2
    assert ended.stderr.startswith("qarnot-mcp: python -OO drops the descriptions")


@pytest.mark.e2e
async def test_keys_that_travel_in_the_clear_are_warned_of() -> None:
    async with server_process(QARNOT_BASE_URL="http://api.example.org") as server:
        assert "Keys travel to http://api.example.org in the clear" in await server.until("Connect MCP clients")


def test_an_argument_that_does_not_exist_shows_the_usage(command_line: CommandLine) -> None:
    ended = command_line.run("--sandpit")
    assert ended.returncode == 2
    assert ended.stderr.startswith("usage: qarnot-mcp ")


def test_a_taken_port_is_one_line(command_line: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        ended = command_line.run("--sandbox", "--port", str(taken))
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert f"localhost port {taken}" in ended.stderr
    assert "QARNOT_MCP_PORT" in ended.stderr


@pytest.mark.parametrize("host", ["192.0.2.1", "a..b"])
def test_a_host_that_is_not_of_this_machine_is_one_line(command_line: CommandLine, host: str) -> None:
    ended = command_line.run("--sandbox", "--host", host)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert host in ended.stderr
    assert "QARNOT_MCP_HOST" in ended.stderr


@pytest.mark.e2e
async def test_the_sandbox_serves_both_eras_without_key_and_address_of_the_environment_and_stops_when_told() -> None:
    real = {"QARNOT_API_KEY": "a-real-key", "QARNOT_BASE_URL": "http://127.0.0.1:9"}
    async with listening_process(*MAIN, "--sandbox", "--sandbox-seed", "7", **real) as server:
        for era in ERAS:
            async with Client(server.url, mode=era) as client:
                assert "docker-batch" in (await call(client, "list_profiles"))["profiles"]
                assert (await call(client, "list_tasks"))["count"] > 0
        server.process.send_signal(signal.SIGTERM)
        await server.end()
        assert server.process.returncode == 0
    assert f"qarnot-mcp {__version__}, on a simulated Qarnot" in server.text.splitlines()[0]
    assert server.url in server.text
    assert "ERROR" not in server.text
    assert "Traceback" not in server.text


@pytest.mark.e2e
async def test_calls_in_flight_at_sigterm_are_answered_in_both_eras() -> None:
    async with server_process("--sandbox", "--sandbox-speed", "1") as server:

        async def waited(era: Era, asked: asyncio.Event) -> float:
            async def progress(_: float, __: float | None, ___: str | None) -> None:
                asked.set()

            async with Client(server.url, mode=era, progress_handler=progress) as client:
                task = await submitted(client, "sleep 600")
                seen = await call(client, "get_task", task_uuid=task, wait_seconds=1.5)
                return float(seen["waited"]["seconds"])

        all_asked = [asyncio.Event() for _ in ERAS]
        waiting = [asyncio.create_task(waited(era, asked)) for era, asked in zip(ERAS, all_asked, strict=True)]
        for asked in all_asked:
            await asyncio.wait_for(asked.wait(), 10)
        server.process.send_signal(signal.SIGTERM)
        assert all(seconds >= 1.5 for seconds in await asyncio.gather(*waiting))
        await server.end()
        assert server.process.returncode == 0


@pytest.mark.e2e
async def test_json_lines_tell_each_call() -> None:
    async with server_process("--sandbox", QARNOT_MCP_LOG_FORMAT="json") as server:
        async with Client(server.url) as client:
            await call(client, "get_profile", profile_name="docker-batch")
        server.process.send_signal(signal.SIGTERM)
        await server.end()
    lines = [json.loads(line) for line in server.text.splitlines()]
    assert {"time", "level", "logger", "message"} <= set.intersection(*({*line} for line in lines))
    (told,) = [line for line in lines if "tool" in line]
    assert (told["tool"], told["outcome"], told["upstream_calls"]) == ("get_profile", "ok", 1)
    assert told["milliseconds"] > 0
    assert re.fullmatch("[0-9a-f]{12}", told["request_id"])


@pytest.mark.e2e
async def test_a_log_level_is_honoured() -> None:
    port = free_port()
    async with running(*forked(), "--sandbox", "--port", str(port), LOG_LEVEL="error") as server:
        await reachable(port)
        async with httpx.AsyncClient() as http:
            await http.get(f"http://127.0.0.1:{port}/health")
        server.process.send_signal(signal.SIGTERM)
        assert await server.end() == ""


def test_check_of_a_good_setup(command_line: CommandLine) -> None:
    ended = command_line.run("--sandbox", "--check", "--port", str(free_port()))
    assert (ended.returncode, ended.stderr) == (0, "")
    lines = ended.stdout.splitlines()
    assert {line.split()[0] for line in lines} == {"ok"}
    assert [line.split()[1] for line in lines][:1] == ["settings"]
    assert {line.split()[1] for line in lines} >= {"api", "clock", "key", "port", "tunnel", "address", "reach"}


def test_check_says_all_that_is_wrong(command_line: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = str(other.getsockname()[1])
        ended = command_line.run(
            "--check", "--port", taken, QARNOT_BASE_URL="http://127.0.0.1:9", QARNOT_API_KEY="a-key"
        )
    assert ended.returncode == 1
    wrong = {line.split()[1]: line for line in ended.stdout.splitlines() if line.startswith("FAIL")}
    assert set(wrong) == {"api", "key", "port"}
    assert "cannot be reached" in wrong["api"]
    assert "QARNOT_BASE_URL" in wrong["api"]
    assert taken in wrong["port"]
    assert "a-key" not in ended.stdout


def test_check_of_a_wrong_setting_names_it(command_line: CommandLine) -> None:
    ended = command_line.run("--check", QARNOT_MCP_AUTH="maybe")
    assert ended.returncode == 1
    assert ended.stderr == "qarnot-mcp: QARNOT_MCP_AUTH is 'maybe', which is not valid: give auto, key or oauth.\n"


@pytest.mark.e2e
def test_a_start_and_a_list_of_tools_load_nothing_that_they_do_not_need(tmp_path: Path) -> None:
    program = """
import asyncio, sys
from qarnot_mcp.cli import prepare_libraries
prepare_libraries()
from mcp_types import CompleteRequest
from pydantic import SecretStr
from qarnot_mcp.process.serve import Settings, create_app
from qarnot_mcp.qarnot.http.transport import Transport
from qarnot_mcp.server.app import create_server

server = create_server(Settings(), Transport("http://api.invalid", "1"), lambda: SecretStr("key"))
tools = asyncio.run(server.list_tools())
create_app(Settings())
unneeded = {"griffe", "jsonref", "requests", "re2", "authlib", "pygments", "qarnot_mcp.sandbox"}
unneeded |= {"aiobotocore", "botocore", "aiohttp", "PIL", "qarnot_mcp.auth.oauth.sealing"}
print(len(tools), unneeded & set(sys.modules), "built" if CompleteRequest.__pydantic_complete__ else "not built")
"""
    done = finish(tmp_path, sys.executable, "-c", program)
    assert done.stdout == "8 set() not built\n", done.stderr
