"""FastMCP's provider of mode `oauth`: the tokens, the endpoints that issue them, and the sign-in page."""

from collections.abc import Awaitable, Callable

from fastmcp.server.auth import OAuthProvider
from fastmcp.server.dependencies import get_access_token
from mcp.server.auth.handlers.authorize import AuthorizationHandler
from pydantic import SecretStr
from starlette.middleware import Middleware
from starlette.routing import Route

from qarnot_mcp.auth.caller import CallerToken
from qarnot_mcp.auth.mode import READ_SCOPE, SCOPES
from qarnot_mcp.auth.oauth.clients import MAX_FETCHES, Clients
from qarnot_mcp.auth.oauth.discovery import discovery_routes
from qarnot_mcp.auth.oauth.endpoints import authentication_middleware, endpoint_routes
from qarnot_mcp.auth.oauth.responses import few_at_once
from qarnot_mcp.auth.oauth.sealing import Sealer, SealingSecrets
from qarnot_mcp.auth.oauth.session_store import SessionStore, create_store
from qarnot_mcp.auth.oauth.sign_in.handlers import SignInPage
from qarnot_mcp.auth.oauth.throttle import Throttle
from qarnot_mcp.auth.oauth.tokens import REFRESH_SECONDS, TokenIssuer
from qarnot_mcp.settings.model import Settings


class QarnotOAuthProvider(TokenIssuer, OAuthProvider):
    """An OAuth 2.1 authorization server whose users are the holders of Qarnot API keys."""

    def __init__(
        self,
        *,
        origin: str,
        path: str,
        sealer: Sealer,
        store: SessionStore,
        clients: Clients,
        verify_key: Callable[[SecretStr], Awaitable[object]],
        throttle: Throttle | None = None,
    ) -> None:
        OAuthProvider.__init__(self, base_url=origin, required_scopes=[READ_SCOPE])
        TokenIssuer.__init__(
            self, origin=origin, path=path, sealer=sealer, store=store, clients=clients, verify_key=verify_key
        )
        self._page = SignInPage(self, throttle or Throttle())
        self._path = path

    async def end_current_session(self) -> None:
        """End the session of the request being served, whose key Qarnot refuses."""
        token = get_access_token()
        if isinstance(token, CallerToken):
            await self.end_session(token.session_id, "Qarnot refuses its key")

    def get_challenge_scopes(self, required_scopes: list[str] | None = None) -> list[str]:
        """Return the scopes that a client without a token should ask for: all, the person can take some away."""
        return list(SCOPES) if required_scopes is None else required_scopes

    def get_routes(self, mcp_path: str | None = None) -> list[Route]:
        """Return every route of the sign-in."""
        self.set_mcp_path(mcp_path)
        explained = self._page.explain_refusals(AuthorizationHandler(self).handle)
        # One address may hold half of the places in which documents of clients are fetched.
        authorize = few_at_once(explained, MAX_FETCHES // 2)
        return [*discovery_routes(self.origin, self._path), *endpoint_routes(self, authorize), *self._page.routes()]

    def get_middleware(self) -> list[Middleware]:
        """Return the middleware that reads the token of each request."""
        return authentication_middleware(self)


def create_provider(
    settings: Settings, origin: str, secrets: SealingSecrets, verify_key: Callable[[SecretStr], Awaitable[object]]
) -> QarnotOAuthProvider:
    """Create the provider from the settings; raises `SettingsError` for a store that cannot be used."""
    sealer = Sealer(secrets.values)
    return QarnotOAuthProvider(
        origin=origin,
        path=settings.path,
        sealer=sealer,
        store=create_store(settings.store_url, REFRESH_SECONDS),
        clients=Clients(sealer, settings.allowed_redirects),
        verify_key=verify_key,
    )
