"""An MCP server that has nothing but the real sign-in, with accounts instead of the Qarnot API."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from socket import socket
from typing import Any

from fastmcp import FastMCP
from fastmcp.server.auth import require_scopes
from pydantic import SecretStr
from starlette.types import ASGIApp

from qarnot_mcp.auth.caller import resolve_key
from qarnot_mcp.auth.mode import READ_SCOPE, WRITE_SCOPE
from qarnot_mcp.auth.oauth.clients import Clients
from qarnot_mcp.auth.oauth.sealing import Sealer
from qarnot_mcp.auth.oauth.session_store import SessionStore, create_store
from qarnot_mcp.auth.oauth.throttle import Throttle
from qarnot_mcp.auth.oauth.tokens import REFRESH_SECONDS
from qarnot_mcp.auth.provider import QarnotOAuthProvider
from qarnot_mcp.qarnot.errors import KeyRefused, Unreachable
from tests.support.serving import listening, port_of, serve

SECRET = SecretStr("the secret of the sign-in server, long enough")
ALICE, BOB = "sandbox-alice-0123456789", "sandbox-bob-0123456789"


class Accounts:
    """Stands in for `GET /info`: who holds which key."""

    def __init__(self) -> None:
        self.keys = {ALICE, BOB}
        self.answers = True
        self.checks = 0

    async def verify_key(self, key: SecretStr) -> None:
        self.checks += 1
        if not self.answers:
            raise Unreachable("the cable is out", sent=False)
        if key.get_secret_value() not in self.keys:
            raise KeyRefused()


def oauth_only_provider(
    origin: str,
    accounts: Accounts,
    *,
    secrets: tuple[SecretStr, ...] = (SECRET,),
    store: SessionStore | None = None,
    now: Callable[[], float] = time.time,
    throttle: Throttle | None = None,
    clients: Clients | None = None,
) -> QarnotOAuthProvider:
    sealer = Sealer(secrets, now)
    return QarnotOAuthProvider(
        origin=origin,
        path="/mcp",
        sealer=sealer,
        store=store or create_store(None, REFRESH_SECONDS),
        verify_key=accounts.verify_key,
        clients=clients or Clients(sealer),
        throttle=throttle,
    )


def oauth_only_app(provider: QarnotOAuthProvider) -> ASGIApp:
    server = FastMCP("sign-in", auth=provider)

    @server.tool(auth=require_scopes(READ_SCOPE))
    async def whose() -> str:
        return resolve_key("oauth", SecretStr("the server's own key")).get_secret_value()

    @server.tool(auth=require_scopes(WRITE_SCOPE))
    async def change() -> str:
        return "changed"

    return server.http_app(path="/mcp", stateless_http=True, host_origin_protection=True)


def origin_of(listener: socket) -> str:
    """Return the address that a server on this listener has for its clients."""
    return f"http://localhost:{port_of(listener)}"


@asynccontextmanager
async def oauth_only_server(accounts: Accounts, listener: socket | None = None, **provider: Any) -> AsyncIterator[str]:
    """Serve the sign-in alone and give its origin; with a listener it can be served again at the same address."""
    with listener.dup() if listener else listening() as bound:
        app = oauth_only_app(oauth_only_provider(origin_of(bound), accounts, **provider))
        async with serve(app, listener=bound):
            yield origin_of(bound)
