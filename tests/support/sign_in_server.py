"""A small MCP server behind the real sign-in, with accounts instead of the Qarnot API."""

import time
from collections.abc import Callable

from fastmcp import FastMCP
from fastmcp.server.auth import require_scopes
from pydantic import SecretStr
from starlette.types import ASGIApp

from qarnot_mcp.auth.caller import key_of_caller
from qarnot_mcp.auth.oauth.clients import Clients
from qarnot_mcp.auth.oauth.redirects import AllowedRedirects
from qarnot_mcp.auth.oauth.sealing import Sealer
from qarnot_mcp.auth.oauth.session_store import SessionStore, create_store
from qarnot_mcp.auth.oauth.throttle import Throttle
from qarnot_mcp.auth.oauth.tokens import REFRESH_SECONDS, QarnotOAuthProvider
from qarnot_mcp.auth.scopes import READ_SCOPE, WRITE_SCOPE
from qarnot_mcp.qarnot.errors import KeyRefused, Unreachable

SECRET = SecretStr("the secret of the small server, long enough")
ALICE, BOB = "sandbox-alice-0123456789", "sandbox-bob-0123456789"


class Accounts:
    """Stands in for `GET /info`: who holds which key."""

    def __init__(self) -> None:
        self.emails = {ALICE: "alice@example.org", BOB: "bob@example.org"}
        self.answers = True
        self.checks = 0

    async def check_key(self, key: SecretStr) -> str:
        self.checks += 1
        if not self.answers:
            raise Unreachable("the cable is out", sent=False)
        if key.get_secret_value() not in self.emails:
            raise KeyRefused()
        return self.emails[key.get_secret_value()]


def small_provider(
    origin: str,
    accounts: Accounts,
    *,
    secrets: tuple[SecretStr, ...] = (SECRET,),
    store: SessionStore | None = None,
    now: Callable[[], float] = time.time,
    throttle: Throttle | None = None,
    clients: Clients | None = None,
) -> QarnotOAuthProvider:
    return QarnotOAuthProvider(
        origin=origin,
        path="/mcp",
        sealer=Sealer(secrets, now),
        store=store or create_store(None, REFRESH_SECONDS),
        allowed_redirects=AllowedRedirects(),
        check_key=accounts.check_key,
        throttle=throttle,
        clients=clients,
    )


def small_app(provider: QarnotOAuthProvider) -> ASGIApp:
    server = FastMCP("small", auth=provider)

    @server.tool(auth=require_scopes(READ_SCOPE))
    async def whose() -> str:
        return key_of_caller("oauth", SecretStr("the server's own key")).get_secret_value()

    @server.tool(auth=require_scopes(WRITE_SCOPE))
    async def change() -> str:
        return "changed"

    return server.http_app(path="/mcp", stateless_http=True, host_origin_protection=True)
