"""The authorization server: turns a person's Qarnot key into codes and tokens, and tokens back into the key."""

import hashlib
import logging
import re
import secrets as random_secrets
from collections.abc import Awaitable, Callable

from fastmcp.server.auth import AccessToken, OAuthProvider
from mcp.server.auth.provider import AuthorizationCode, AuthorizationParams, AuthorizeError, RefreshToken, TokenError
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken
from mcp.shared.auth_utils import resource_url_from_server_url
from pydantic import AnyUrl, SecretStr
from starlette.middleware import Middleware
from starlette.routing import Route

from qarnot_mcp.auth.caller import CallerToken
from qarnot_mcp.auth.oauth.clients import UNNAMED, Clients, PublicClient
from qarnot_mcp.auth.oauth.discovery import discovery_routes
from qarnot_mcp.auth.oauth.endpoints import authentication_middleware, endpoint_routes
from qarnot_mcp.auth.oauth.grants import Access, Code, Refresh, SignInRequest
from qarnot_mcp.auth.oauth.redirects import AllowedRedirects
from qarnot_mcp.auth.oauth.sealing import Sealer
from qarnot_mcp.auth.oauth.sealing_secrets import SealingSecrets
from qarnot_mcp.auth.oauth.session_store import SessionStore, create_store
from qarnot_mcp.auth.oauth.sign_in.handlers import SignInPage
from qarnot_mcp.auth.oauth.throttle import Throttle
from qarnot_mcp.auth.scopes import READ_SCOPE, SCOPES
from qarnot_mcp.qarnot.errors import KeyRefused
from qarnot_mcp.settings.model import Settings

CODE_SECONDS = 60
ACCESS_SECONDS = 3_600
REFRESH_SECONDS = 30 * 24 * 3_600
REQUEST_SECONDS = 900
MAX_STATE_CHARACTERS = 2_048

logger = logging.getLogger(__name__)


class IssuedCode(AuthorizationCode):
    """A code as the SDK's handler reads it, with what was sealed in it."""

    grant: Code


class IssuedRefreshToken(RefreshToken):
    """A refresh token as the SDK's handler reads it, with what was sealed in it."""

    grant: Refresh


class QarnotOAuthProvider(OAuthProvider):
    """An OAuth 2.1 authorization server whose users are the holders of Qarnot keys.

    `origin` is the public address without a path, `path` that of the MCP endpoint. `check_key` answers the e-mail
    address of a key's account; it raises `KeyRefused` for a key that the API refuses, other `QarnotError`s where the
    API does not answer.
    """

    def __init__(
        self,
        *,
        origin: str,
        path: str,
        sealer: Sealer,
        store: SessionStore,
        allowed_redirects: AllowedRedirects,
        check_key: Callable[[SecretStr], Awaitable[str]],
        clients: Clients | None = None,
        throttle: Throttle | None = None,
    ) -> None:
        super().__init__(base_url=origin, required_scopes=[READ_SCOPE])
        self.origin = origin
        self.resource = origin + path
        self._path = path
        self._sealer = sealer
        self._store = store
        self._clients = clients or Clients(sealer, allowed_redirects)
        self._check_key = check_key
        self._page = SignInPage(origin, sealer, check_key, self.issue_code, throttle or Throttle())

    async def close(self) -> None:
        """Closes the store."""
        await self._store.close()

    @property
    def scopes_supported(self) -> list[str]:
        """The scopes of the discovery documents."""
        return list(SCOPES)

    def get_challenge_scopes(self, required_scopes: list[str] | None = None) -> list[str]:
        """Answers the scopes that a client without a token should ask for: both, the person can take one away."""
        return list(SCOPES) if required_scopes is None else required_scopes

    def get_routes(self, mcp_path: str | None = None) -> list[Route]:
        """Makes every route of the sign-in."""
        self.set_mcp_path(mcp_path)
        return [
            *discovery_routes(self.origin, self._path),
            *endpoint_routes(self, self._page),
            *self._page.routes(),
        ]

    def get_middleware(self) -> list[Middleware]:
        """Makes the middleware that reads the token of each request."""
        return authentication_middleware(self)

    async def get_client(self, client_id: str) -> PublicClient | None:
        """Answers the client with this id."""
        return await self._clients.find(client_id)

    def claimed_client(self, client_id: str) -> PublicClient | None:
        """Answers the client with this id without reading its document."""
        return self._clients.claimed(client_id)

    async def register_client(self, client_info: OAuthClientInformationFull) -> None:
        """Registers a client; raises `RegistrationError` where none of its callbacks is allowed."""
        self._clients.register(client_info)

    async def authorize(self, client: OAuthClientInformationFull, params: AuthorizationParams) -> str:
        """Answers the address of the sign-in page for a request; raises `AuthorizeError` for one that is wrong."""
        if not re.fullmatch(r"[A-Za-z0-9_-]{43}", params.code_challenge):
            raise AuthorizeError("invalid_request", "code_challenge is not the S256 digest of a code_verifier.")
        if params.state is not None and len(params.state) > MAX_STATE_CHARACTERS:
            raise AuthorizeError("invalid_request", f"state is longer than {MAX_STATE_CHARACTERS} characters.")
        if not self.is_for_us(params.resource):
            raise AuthorizeError("invalid_target", f"resource is not this server: its address is {self.resource}")
        request = SignInRequest(
            expires_at=self._sealer.now() + REQUEST_SECONDS,
            client_id=client.client_id,
            client_name=client.client_name or UNNAMED,
            redirect_uri=str(params.redirect_uri),
            redirect_uri_given=params.redirect_uri_provided_explicitly,
            state=params.state,
            scopes=params.scopes or list(SCOPES),
            code_challenge=params.code_challenge,
        )
        return self._page.address_for(request)

    def is_for_us(self, resource: str | None) -> bool:
        """Tell whether a `resource` parameter names this server; a missing one does.

        Clients that put the address that a person typed here send its query along (`?toolsets=...`).
        """
        try:
            named = resource_url_from_server_url(resource or "").partition("?")[0]
            return not resource or named.rstrip("/") == self.resource
        except ValueError:
            return False

    async def issue_code(self, request: SignInRequest, key: SecretStr, scopes: list[str]) -> str:
        """Answers the code for a person who signed in with this key."""
        code = Code(
            expires_at=self._sealer.now() + CODE_SECONDS,
            id=random_secrets.token_urlsafe(16),
            family=random_secrets.token_urlsafe(16),
            key=key,
            client_id=request.client_id,
            redirect_uri=request.redirect_uri,
            redirect_uri_given=request.redirect_uri_given,
            scopes=scopes,
            code_challenge=request.code_challenge,
            resource=self.resource,
        )
        await self._store.add_code(code.id, CODE_SECONDS)
        logger.info("The session %s was begun for %s", code.family, request.client_name)
        return self._sealer.seal(code)

    async def load_authorization_code(
        self, client: OAuthClientInformationFull, authorization_code: str
    ) -> IssuedCode | None:
        """Answers the code, or None where it is not one of ours for this client, or has expired."""
        code = self._sealer.open(Code, authorization_code)
        if code is None or code.client_id != client.client_id or code.resource != self.resource:
            return None
        return IssuedCode(
            code=code.id,
            scopes=code.scopes,
            expires_at=code.expires_at or 0,
            client_id=code.client_id,
            code_challenge=code.code_challenge,
            redirect_uri=AnyUrl(code.redirect_uri),
            redirect_uri_provided_explicitly=code.redirect_uri_given,
            resource=code.resource,
            grant=code,
        )

    async def exchange_authorization_code(
        self, client: OAuthClientInformationFull, authorization_code: AuthorizationCode
    ) -> OAuthToken:
        """Answers the first tokens for a code; a second use of the code ends the session that the first one began."""
        assert isinstance(authorization_code, IssuedCode)  # noqa: S101 - load_authorization_code makes no other
        code = authorization_code.grant
        if not await self._store.take_code(code.id):
            await self._end(code.family, "its code was used twice")
            raise TokenError("invalid_grant", "The code was used before. Sign in again.")
        return await self._issue_tokens(code, code.scopes)

    async def load_refresh_token(
        self, client: OAuthClientInformationFull, refresh_token: str
    ) -> IssuedRefreshToken | None:
        """Answers the refresh token, or None where it is not one of ours for this client, or its session is over."""
        refresh = self._sealer.open(Refresh, refresh_token)
        if refresh is None or refresh.client_id != client.client_id or refresh.resource != self.resource:
            return None
        if await self._store.has_ended(refresh.family):
            return None
        return IssuedRefreshToken(
            token=refresh.id,
            client_id=refresh.client_id,
            scopes=refresh.scopes,
            resource=refresh.resource,
            grant=refresh,
        )

    async def exchange_refresh_token(
        self, client: OAuthClientInformationFull, refresh_token: RefreshToken, scopes: list[str]
    ) -> OAuthToken:
        """Answers the next tokens of a session.

        The key is checked first, so that an API that does not answer costs no refresh token. A refused key and a
        refresh token that was used before end the session.
        """
        assert isinstance(refresh_token, IssuedRefreshToken)  # noqa: S101 - load_refresh_token makes no other
        refresh = refresh_token.grant
        try:
            await self._check_key(refresh.key)
        except KeyRefused:
            await self._end(refresh.family, "Qarnot refuses its key")
            raise TokenError("invalid_grant", "Qarnot refuses the key of this session. Sign in again.") from None
        if not await self._store.take_refresh_token(refresh.id, refresh.family):
            await self._end(refresh.family, "its refresh token was used twice")
            raise TokenError("invalid_grant", "The refresh token was used before. Sign in again.")
        return await self._issue_tokens(refresh, scopes)

    async def load_access_token(self, token: str) -> CallerToken | None:
        """Answers the access token, or None where it is not one of ours, has expired, or its session is over."""
        access = self._sealer.open(Access, token)
        if access is None or access.resource != self.resource or await self._store.has_ended(access.family):
            return None
        return CallerToken(
            token=hashlib.sha256(token.encode()).hexdigest(),
            client_id=access.client_id,
            scopes=access.scopes,
            expires_at=int(access.expires_at or 0),
            resource=access.resource,
            subject=access.family,
            key=access.key,
            family=access.family,
        )

    async def revoke_token(self, token: AccessToken | RefreshToken) -> None:
        """Ends the session of an access or refresh token."""
        if isinstance(token, CallerToken):
            await self._end(token.family, "its client asked for it")
        elif isinstance(token, IssuedRefreshToken):
            await self._end(token.grant.family, "its client asked for it")

    async def _issue_tokens(self, grant: Code | Refresh, scopes: list[str]) -> OAuthToken:
        now = self._sealer.now()
        access = Access(
            expires_at=now + ACCESS_SECONDS,
            family=grant.family,
            key=grant.key,
            client_id=grant.client_id,
            scopes=scopes,
            resource=self.resource,
        )
        refresh = Refresh(
            expires_at=now + REFRESH_SECONDS,
            id=random_secrets.token_urlsafe(16),
            family=grant.family,
            key=grant.key,
            client_id=grant.client_id,
            scopes=scopes,
            resource=self.resource,
        )
        await self._store.add_refresh_token(refresh.id, refresh.family)
        return OAuthToken(
            access_token=self._sealer.seal(access),
            expires_in=ACCESS_SECONDS,
            scope=" ".join(scopes),
            refresh_token=self._sealer.seal(refresh),
        )

    async def _end(self, family: str, why: str) -> None:
        await self._store.end_family(family)
        logger.warning("The session %s was ended: %s", family, why)


def create_provider(
    settings: Settings, origin: str, secrets: SealingSecrets, check_key: Callable[[SecretStr], Awaitable[str]]
) -> QarnotOAuthProvider:
    """Makes the provider from the settings; raises `SettingsError` for a store that cannot be used."""
    return QarnotOAuthProvider(
        origin=origin,
        path=settings.path,
        sealer=Sealer(secrets.values),
        store=create_store(settings.store_url, REFRESH_SECONDS),
        allowed_redirects=AllowedRedirects.with_further(settings.allowed_redirects),
        check_key=check_key,
    )
