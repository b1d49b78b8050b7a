"""The sign-in as programs do it that were written elsewhere."""

import json
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.support.browsing import give_key
from tests.support.ports import free_port
from tests.support.processes import OAUTH, Program, running, server_process
from tests.support.sign_in import SignIn

pytestmark = pytest.mark.e2e

ALICE = "sandbox-alice"


def needs(program: str, package: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(
        shutil.which(program) is None, reason=f"{program} is not on the PATH: npm install -g {package}"
    )


@pytest.fixture
async def origin() -> AsyncIterator[str]:
    """The address of a server process on its sandbox."""
    async with server_process("--sandbox", **OAUTH) as server:
        yield server.origin


async def shown_address(program: Program, origin: str) -> str:
    """The address that a program asks its user to open."""
    text = await program.until("code_challenge=")
    while (found := re.search(rf"{origin}/authorize\S+\s", text)) is None:
        text = await program.until("\n", " ")
    return found[0].strip()


@needs("mcp-inspector", "@modelcontextprotocol/inspector")
async def test_the_inspector_signs_in_and_calls_a_tool_in_both_eras(origin: str, tmp_path: Path) -> None:
    for era in ("legacy", "modern"):
        command = ("mcp-inspector", "--cli", f"{origin}/mcp", "--transport", "http", "--protocol-era", era)
        call = ("--method", "tools/call", "--tool-name", "list_profiles", "--format", "json")
        home = tmp_path / era
        home.mkdir()
        async with running(*command, *call, HOME=str(home)) as inspector:
            visit = await give_key(await shown_address(inspector, origin), ALICE)
            assert visit.status_code == 200
            answer = json.loads((await inspector.end()).splitlines()[-1])
        assert "docker-batch" in answer["result"]["structuredContent"]["profiles"]


@needs("claude", "@anthropic-ai/claude-code")
async def test_claude_code_signs_in(origin: str, tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "CLAUDE_CONFIG_DIR": str(tmp_path)}
    async with running("claude", "mcp", "add", "-s", "user", "-t", "http", "qarnot", f"{origin}/mcp", **home) as add:
        assert "Added" in await add.end()
    async with running("claude", "mcp", "login", "qarnot", "--no-browser", **home) as login:
        address = await shown_address(login, origin)
        await login.until("Waiting for authorization")
        await give_key(address, ALICE)
        assert "Authenticated" in await login.end()
    async with running("claude", "mcp", "list", **home) as listing:
        assert "Connected" in await listing.end()


@needs("conformance", "@modelcontextprotocol/conformance")
@pytest.mark.parametrize("version", ["2025-11-25", "2026-07-28"])
async def test_the_authorization_scenarios_of_the_conformance_suite_pass(
    origin: str, version: str, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    port = free_port()
    sign_in = SignIn(origin, http, redirect=f"http://127.0.0.1:{port}/callback")
    await sign_in.register()
    about = ("--url", origin, "--resource", f"{origin}/mcp", "--client-id", sign_in.client_id, "--port", str(port))
    command = ("conformance", "authorization", *about, "--spec-version", version, "-o", str(tmp_path))
    async with running(*command) as suite:
        address = await shown_address(suite, origin)
        await suite.until("Callback server started")
        await give_key(address, ALICE)
        summary = (await suite.end()).partition("SUMMARY")[2]
    assert re.search(r"Total: [1-9]\d* passed, 0 failed", summary), summary
