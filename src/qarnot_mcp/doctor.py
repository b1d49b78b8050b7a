"""`qarnot-mcp --check`: one line for each thing that a working server needs."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

from qarnot_mcp.auth.mode import DEFAULT_PATH, UNUSUAL_PATH, Mode, choose_mode
from qarnot_mcp.process.serve import CannotListen, listen
from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import QarnotError
from qarnot_mcp.qarnot.http.responses import Resource, http_date
from qarnot_mcp.qarnot.http.transport import Request, Transport
from qarnot_mcp.server.connection import ToolOffer
from qarnot_mcp.settings.fields import LOOPBACK_HOSTS, SettingsError
from qarnot_mcp.settings.load import env_file_note
from qarnot_mcp.settings.model import Settings
from qarnot_mcp.tools.registry import REGISTRY
from qarnot_mcp.web.public_url import checked_origin, find_public_url

CLOCK_SECONDS = 60
TUNNEL_SECONDS = 2.0
STORE_SECONDS = 60.0


@dataclass(frozen=True)
class Finding:
    """The result of one check."""

    name: str
    good: bool
    text: str

    def __str__(self) -> str:
        return f"{'ok' if self.good else 'FAIL':4}  {self.name:9}  {self.text}"


async def findings(settings: Settings, transport: Transport) -> AsyncIterator[Finding]:
    """Check all that a server with these settings needs, one thing after the other."""
    yield check_settings(settings)
    async with transport:
        for finding in await check_api(settings, transport):
            yield finding
        yield await check_key(settings, transport)
    yield await asyncio.to_thread(check_port, settings)
    tunnel, tunnelled = await check_tunnel(settings)
    yield tunnel
    public_url, address = check_address(settings, tunnelled)
    yield address
    mode = choose_mode(settings.auth, public_url)
    yield check_path(settings, public_url)
    yield check_mode(settings, mode)
    yield check_reach(settings, mode, public_url)
    if mode == "oauth":
        yield check_callbacks(settings)
        yield check_secret(settings)
        yield await check_store(settings)


def check_settings(settings: Settings) -> Finding:
    """Check what was not checked when the settings were read: whether there are such tool sets."""
    try:
        ToolOffer.of(REGISTRY, settings)
    except SettingsError as error:
        return Finding("settings", False, str(error))
    return Finding("settings", True, f"all valid{', read-only' if settings.read_only else ''}; {env_file_note()}")


async def check_api(settings: Settings, transport: Transport) -> list[Finding]:
    """Check that the API responds, and that this machine's clock is within a minute of its `Date` header."""
    try:
        response = await transport.exchange(Request("GET", "/settings", Resource("endpoint", "settings")))
    except QarnotError as error:
        return [Finding("api", False, str(error)), Finding("clock", True, "not compared: the API does not answer")]
    reached = Finding("api", True, f"{settings.base_url}/v{settings.api_version} answers")
    if (api_time := http_date(response.headers.get("date", ""))) is None:
        return [reached, Finding("clock", True, "not compared: the API tells no time")]
    offset = abs((datetime.now(UTC) - api_time).total_seconds())
    text = f"{offset:.0f} s from that of the API"
    good = offset <= CLOCK_SECONDS
    return [reached, Finding("clock", good, text if good else f"{text}: set this machine's clock, tokens depend on it")]


async def check_key(settings: Settings, transport: Transport) -> Finding:
    """Check the key of the server against the API."""
    if settings.api_key is None:
        return Finding("key", True, "QARNOT_API_KEY is not set: callers bring keys of their own")
    try:
        user = await QarnotClient(transport, settings.api_key).account.get()
    except QarnotError as error:
        return Finding("key", False, str(error))
    return Finding("key", True, f"works: {user.email}, {user.task_count} of {user.max_task} tasks")


def check_port(settings: Settings) -> Finding:
    """Check that the address can be listened on."""
    try:
        for listener in listen(settings.host, settings.port):
            listener.close()
    except CannotListen as error:
        return Finding("port", False, str(error))
    return Finding("port", True, f"{settings.host} port {settings.port} is free")


async def check_tunnel(settings: Settings) -> tuple[Finding, str | None]:
    """Check that the tunnel is up, if there is one; return its address, too."""
    if settings.tunnel_metrics_url is None:
        return Finding("tunnel", True, "none: QARNOT_MCP_TUNNEL_METRICS_URL is not set"), None
    found = await find_public_url(None, settings.tunnel_metrics_url, wait_seconds=TUNNEL_SECONDS)
    if found is None:
        text = f"{settings.tunnel_metrics_url} tells no address: is cloudflared running? Its own log says why not."
        return Finding("tunnel", False, text), None
    return Finding("tunnel", True, f"up, as {found}"), found


def check_address(settings: Settings, tunnelled: str | None) -> tuple[str | None, Finding]:
    """Check the public address, set or told by the tunnel; return it, too."""
    try:
        public_url = tunnelled if settings.public_url is None else checked_origin(settings.public_url)
    except SettingsError as error:
        return None, Finding("address", False, str(error))
    if public_url:
        return public_url, Finding("address", True, f"clients connect to {public_url}{settings.path}")
    local = f"http://localhost:{settings.port}{settings.path}"
    text = f"clients on this machine connect to {local}; for others set QARNOT_MCP_PUBLIC_URL, or run a tunnel"
    return None, Finding("address", True, text)


def check_path(settings: Settings, public_url: str | None) -> Finding:
    """Check that clients on the web find the endpoint."""
    if public_url and settings.path != DEFAULT_PATH:
        return Finding("path", False, UNUSUAL_PATH.format(path=settings.path))
    return Finding("path", True, settings.path)


def check_mode(settings: Settings, mode: Mode) -> Finding:
    """Say whose key calls use, and what changes that."""
    if mode == "oauth":
        text = "oauth: people sign in with keys of their own; QARNOT_MCP_AUTH=key for keys in headers"
    else:
        own = "QARNOT_API_KEY" if settings.api_key is not None else "none"
        text = f"key: the key of a request's headers, else {own}; QARNOT_MCP_AUTH=oauth lets people sign in"
    return Finding("mode", True, text)


def check_reach(settings: Settings, mode: Mode, public_url: str | None) -> Finding:
    """Say who can reach the server, and whose credits they can spend."""
    is_local = settings.host in LOOPBACK_HOSTS
    if public_url is None and is_local:
        return Finding("reach", True, "programs on this machine only")
    everybody = public_url or f"port {settings.port} of {settings.host}"
    who = f"everybody who reaches {everybody}"
    if mode == "oauth":
        return Finding("reach", True, f"{who}, after signing in")
    if settings.api_key is None:
        return Finding("reach", True, f"{who}, with a key of their own")
    text = (
        f"{who} runs tasks with QARNOT_API_KEY and spends its credits: set QARNOT_MCP_AUTH=oauth, or take the key out"
    )
    # Asked for by name it is a decision; on a port that a container publishes nobody can tell from inside.
    return Finding("reach", public_url is None or settings.auth == "key", text)


def check_callbacks(settings: Settings) -> Finding:
    """Say which clients a sign-in may return to, and the setting for others."""
    further = f", {', '.join(settings.allowed_redirects)}" if settings.allowed_redirects else ""
    text = f"any on the person's machine, Claude, ChatGPT, VS Code, Cursor{further}"
    return Finding("callbacks", True, f"{text}; QARNOT_MCP_ALLOWED_REDIRECTS adds others")


def check_secret(settings: Settings) -> Finding:
    """Check where the secret of the sign-in comes from, without creating it."""
    from qarnot_mcp.auth.oauth.sealing import read_secret

    file = settings.secret_file
    if settings.secret_key:
        return Finding("secret", True, "set by QARNOT_MCP_SECRET_KEY")
    try:
        secret = read_secret(file)
    except SettingsError as error:
        return Finding("secret", False, str(error))
    except OSError as error:
        return Finding("secret", False, f"{file} cannot be read ({error.strerror}): set QARNOT_MCP_SECRET_KEY")
    if secret is not None:
        return Finding("secret", True, f"kept in {file}, for this user only")
    if os.access(file.parent, os.W_OK):
        return Finding("secret", True, f"made at the first start, in {file}")
    return Finding("secret", False, f"{file} cannot be written: set QARNOT_MCP_SECRET_KEY")


async def check_store(settings: Settings) -> Finding:
    """Check that the store of the sign-in responds."""
    from qarnot_mcp.auth.oauth.session_store import StoreUnavailable, create_store

    if settings.store_url is None:
        return Finding("store", True, "in memory: for one process")
    try:
        store = create_store(settings.store_url, STORE_SECONDS)
    except SettingsError as error:
        return Finding("store", False, str(error))
    try:
        await store.has_ended("no-such-session")
    except StoreUnavailable as error:
        return Finding("store", False, f"Redis does not answer ({error}): check QARNOT_MCP_STORE_URL")
    finally:
        await store.close()
    return Finding("store", True, "Redis answers")
