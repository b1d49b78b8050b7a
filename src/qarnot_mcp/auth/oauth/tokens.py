"""The tokens of the sign-in: turn a person's Qarnot key into codes and tokens, and tokens back into the key."""

import hashlib
import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from mcp.server.auth.provider import (
    AccessToken,
    AuthorizationCode,
    AuthorizationParams,
    AuthorizeError,
    OAuthAuthorizationServerProvider,
    RefreshToken,
    TokenError,
)
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken
from pydantic import AnyUrl, SecretStr

from qarnot_mcp.auth.caller import CallerToken
from qarnot_mcp.auth.mode import SCOPES
from qarnot_mcp.auth.oauth.clients import UNNAMED, Clients, PublicClient
from qarnot_mcp.auth.oauth.sealing import AccessGrant, CodeGrant, Grant, RefreshGrant, Sealer, SignInRequest
from qarnot_mcp.auth.oauth.session_store import SessionStore
from qarnot_mcp.qarnot.errors import KeyRefused

CODE_SECONDS = 60
ACCESS_SECONDS = 3_600
REFRESH_SECONDS = 30 * 24 * 3_600
REQUEST_SECONDS = 900
SIGN_IN_PATH = "/login"
MAX_STATE_CHARACTERS = 2_048
DEFAULT_PORTS = {"http": 80, "https": 443}

logger = logging.getLogger(__name__)


class IssuedCode(AuthorizationCode):
    """A code as the SDK's handler reads it, with what was sealed in it."""

    grant: CodeGrant


class IssuedRefreshToken(RefreshToken):
    """A refresh token as the SDK's handler reads it, with what was sealed in it."""

    grant: RefreshGrant


class TokenIssuer(OAuthAuthorizationServerProvider[AuthorizationCode, RefreshToken, AccessToken]):
    """Issues, reads, exchanges and revokes what clients hold; knows no route.

    `origin` is the public address without a path, `path` that of the MCP endpoint, which the tokens are for.
    `verify_key` asks the API: it raises `KeyRefused` for a key that the API refuses, another `QarnotError` when the API
    does not respond.
    """

    def __init__(
        self,
        *,
        origin: str,
        path: str,
        sealer: Sealer,
        store: SessionStore,
        clients: Clients,
        verify_key: Callable[[SecretStr], Awaitable[object]],
    ) -> None:
        self.origin = origin
        self.resource = origin + path
        self.sealer = sealer
        self._store = store
        self.clients = clients
        self.verify_key = verify_key

    async def close(self) -> None:
        """Close the store and what fetches the documents of clients."""
        self.clients.close()
        await self._store.close()

    async def get_client(self, client_id: str) -> PublicClient | None:
        """Return the client with this id, or None for one that is unknown."""
        return await self.clients.find(client_id)

    async def register_client(self, client_info: OAuthClientInformationFull) -> None:
        """Register a client; raises `RegistrationError` when none of its callbacks is allowed."""
        self.clients.register(client_info)

    async def authorize(self, client: OAuthClientInformationFull, params: AuthorizationParams) -> str:
        """Return the address of the sign-in page for a request; raises `AuthorizeError` for a request that is wrong."""
        if not re.fullmatch(r"[A-Za-z0-9_-]{43}", params.code_challenge):
            raise AuthorizeError("invalid_request", "code_challenge is not the S256 digest of a code_verifier.")
        if params.state is not None and len(params.state) > MAX_STATE_CHARACTERS:
            raise AuthorizeError("invalid_request", f"state is longer than {MAX_STATE_CHARACTERS} characters.")
        if not self.is_own_resource(params.resource):
            raise AuthorizeError("invalid_target", f"resource is not this server: its address is {self.resource}")
        request = SignInRequest(
            expires_at=self.sealer.now() + REQUEST_SECONDS,
            client_id=client.client_id,
            client_name=client.client_name or UNNAMED,
            redirect_uri=str(params.redirect_uri),
            redirect_uri_given=params.redirect_uri_provided_explicitly,
            state=params.state,
            scopes=params.scopes or list(SCOPES),
            code_challenge=params.code_challenge,
            resource=self.resource,
        )
        return f"{self.origin}{SIGN_IN_PATH}?request={self.sealer.seal(request)}"

    def is_own_resource(self, resource: str | None) -> bool:
        """Return whether a `resource` parameter names this server; a missing one does.

        Clients send the address that a person typed with its query (`?toolsets=...`) or its port, and some the origin
        alone. Tokens are for the endpoint in any case.
        """
        if not resource:
            return True
        try:
            named = urlsplit(resource.partition("?")[0].rstrip("/"))
            port = named.port
        except ValueError:
            return False
        own = urlsplit(self.resource)
        same_origin = (named.scheme, named.hostname, port or DEFAULT_PORTS.get(named.scheme)) == (
            own.scheme,
            own.hostname,
            own.port or DEFAULT_PORTS[own.scheme],
        )
        return same_origin and "@" not in named.netloc and not named.fragment and named.path in ("", own.path)

    async def issue_code(self, request: SignInRequest, key: SecretStr, scopes: list[str]) -> str:
        """Return a new code for a person who signed in with this key."""
        code = CodeGrant(
            expires_at=self.sealer.now() + CODE_SECONDS,
            id=secrets.token_urlsafe(16),
            session_id=secrets.token_urlsafe(16),
            key=key,
            scopes=scopes,
            **request.model_dump(exclude={"purpose", "expires_at", "client_name", "state", "scopes"}),
        )
        await self._store.add_code(code.id, CODE_SECONDS)
        logger.info("Session %s begins, for %s", code.session_id, request.client_name)
        return self.sealer.seal(code)

    async def load_authorization_code(
        self, client: OAuthClientInformationFull, authorization_code: str
    ) -> IssuedCode | None:
        """Return the code, or None for one that has expired or that this server did not issue to this client."""
        code = self.sealer.open(CodeGrant, authorization_code)
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
        """Return the first tokens for a code; a second use of the code ends the session that the first use began."""
        assert isinstance(authorization_code, IssuedCode)  # noqa: S101 - load_authorization_code makes no other
        code = authorization_code.grant
        if not await self._store.take_code(code.id):
            await self.end_session(code.session_id, "its code was used twice")
            raise TokenError("invalid_grant", "The code was used before. Sign in again.")
        return await self._issue_tokens(code, code.scopes)

    async def load_refresh_token(
        self, client: OAuthClientInformationFull, refresh_token: str
    ) -> IssuedRefreshToken | None:
        """Return the refresh token, or None for one of an ended session or that was not issued to this client."""
        refresh = self.sealer.open(RefreshGrant, refresh_token)
        if refresh is None or refresh.client_id != client.client_id or refresh.resource != self.resource:
            return None
        if await self._store.has_ended(refresh.session_id):
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
        """Return the next tokens of a session.

        The key is checked first, so that an API that does not respond costs no refresh token. A refused key and an
        old refresh token end the session; what counts as old says `SessionStore.use_refresh_token`.
        """
        assert isinstance(refresh_token, IssuedRefreshToken)  # noqa: S101 - load_refresh_token makes no other
        refresh = refresh_token.grant
        try:
            await self.verify_key(refresh.key)
        except KeyRefused:
            await self.end_session(refresh.session_id, "Qarnot refuses its key")
            raise TokenError("invalid_grant", "Qarnot refuses the key of this session. Sign in again.") from None
        if not await self._store.use_refresh_token(refresh.id, refresh.session_id, refresh.predecessor):
            await self.end_session(refresh.session_id, "a refresh token was used again")
            raise TokenError("invalid_grant", "The refresh token was used before. Sign in again.")
        return await self._issue_tokens(refresh, scopes, predecessor=refresh.id)

    async def load_access_token(self, token: str) -> CallerToken | None:
        """Return the access token, or None for one that has expired, is foreign, or belongs to an ended session."""
        access = self.sealer.open(AccessGrant, token)
        if access is None or access.resource != self.resource or await self._store.has_ended(access.session_id):
            return None
        return CallerToken(
            token=hashlib.sha256(token.encode()).hexdigest(),
            client_id=access.client_id,
            scopes=access.scopes,
            expires_at=int(access.expires_at or 0),
            resource=access.resource,
            subject=access.session_id,
            key=access.key,
            session_id=access.session_id,
        )

    async def revoke_token(self, token: AccessToken | RefreshToken) -> None:
        """End the session of an access or refresh token."""
        if isinstance(token, CallerToken):
            await self.end_session(token.session_id, "its client asked for it")
        elif isinstance(token, IssuedRefreshToken):
            await self.end_session(token.grant.session_id, "its client asked for it")

    async def end_session(self, session_id: str, why: str) -> None:
        """End a session: its next request is a 401, so that the client asks its person to sign in again."""
        await self._store.end_session(session_id)
        logger.warning("Session %s was ended: %s", session_id, why)

    async def _issue_tokens(self, grant: Grant, scopes: list[str], predecessor: str | None = None) -> OAuthToken:
        now = self.sealer.now()
        shared = {**grant.model_dump(include={"session_id", "key", "client_id", "resource"}), "scopes": scopes}
        access = AccessGrant(expires_at=now + ACCESS_SECONDS, **shared)
        refresh = RefreshGrant(
            expires_at=now + REFRESH_SECONDS, id=secrets.token_urlsafe(16), predecessor=predecessor, **shared
        )
        await self._store.add_refresh_token(refresh.id, refresh.session_id)
        return OAuthToken(
            access_token=self.sealer.seal(access),
            expires_in=ACCESS_SECONDS,
            scope=" ".join(scopes),
            refresh_token=self.sealer.seal(refresh),
        )
