"""The OAuth endpoints that programs call: authorize, token, register and revoke."""

from typing import Any

from mcp.server.auth.handlers.register import RegistrationHandler
from mcp.server.auth.handlers.token import TokenHandler
from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from mcp.server.auth.middleware.bearer_auth import BearerAuthBackend
from mcp.server.auth.middleware.client_auth import AuthenticationError as UnknownClient
from mcp.server.auth.middleware.client_auth import ClientAuthenticator
from mcp.server.auth.provider import TokenVerifier
from mcp.server.auth.settings import ClientRegistrationOptions
from mcp.shared.auth import OAuthClientInformationFull
from starlette.authentication import AuthenticationError
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route

from qarnot_mcp.auth.oauth.responses import NO_STORE, Handler, bounded, error_response, form_only, unavailable_response
from qarnot_mcp.auth.oauth.session_store import StoreUnavailable
from qarnot_mcp.auth.oauth.tokens import TokenIssuer
from qarnot_mcp.qarnot.errors import QarnotError


def endpoint_routes(tokens: TokenIssuer, authorize: Handler) -> list[Route]:
    """Return the four routes; `authorize` serves `/authorize`, which a browser opens."""
    register = RegistrationHandler(tokens, ClientRegistrationOptions(enabled=True)).handle
    return [
        Route("/authorize", endpoint=bounded(form_only(authorize)), methods=["GET", "POST"]),
        _script_route("/token", form_only(_token_handler(tokens))),
        _script_route("/register", register),
        _script_route("/revoke", form_only(_revocation_handler(tokens))),
    ]


def authentication_middleware(verifier: TokenVerifier) -> list[Middleware]:
    """Return the middleware that turns a bearer token into the caller; it responds 503 while the store is down."""
    return [
        Middleware(
            AuthenticationMiddleware,
            backend=_TokenBackend(verifier),
            on_error=lambda connection, error: unavailable_response(),
        ),
        Middleware(AuthContextMiddleware),
    ]


def _script_route(path: str, handler: Handler) -> Route:
    """Return a route that scripts of any web page may call, such as the Inspector's."""

    async def handle(request: Request) -> Response:
        try:
            return await handler(request)
        except (StoreUnavailable, QarnotError):
            return unavailable_response()

    # CORS is outside, so that a page can read a 413, too.
    app = CORSMiddleware(bounded(handle), allow_origins=["*"], allow_methods=["POST"], allow_headers=["*"])
    return Route(path, endpoint=app, methods=["POST", "OPTIONS"])


def _token_handler(tokens: TokenIssuer) -> Handler:
    handler = TokenHandler(tokens, _PublicClientAuthenticator(tokens))

    async def handle(request: Request) -> Response:
        resource = (await request.form()).get("resource")
        if isinstance(resource, str) and not tokens.is_own_resource(resource):
            return error_response(
                400, "invalid_target", f"resource is not this server: its address is {tokens.resource}"
            )
        response: Response = await handler.handle(request)
        return response

    return handle


def _revocation_handler(tokens: TokenIssuer) -> Handler:
    """Return the handler of RFC 7009; the SDK's own one demands a client secret."""

    async def handle(request: Request) -> Response:
        form = await request.form()
        text, client = form.get("token"), tokens.clients.claimed(str(form.get("client_id", "")))
        if not isinstance(text, str) or client is None:
            return error_response(
                400, "invalid_request", "token and the client_id that it was issued to are both required."
            )
        token = await tokens.load_refresh_token(client, text) or await tokens.load_access_token(text)
        if token is not None and token.client_id == client.client_id:
            await tokens.revoke_token(token)
        return Response(status_code=200, headers=NO_STORE)

    return handle


class _PublicClientAuthenticator(ClientAuthenticator):
    """Authenticate public clients by client_id alone; codes and refresh tokens are sealed to that id."""

    def __init__(self, tokens: TokenIssuer) -> None:
        super().__init__(tokens)
        self._tokens = tokens

    async def authenticate_request(self, request: Request) -> OAuthClientInformationFull:
        client = self._tokens.clients.claimed(str((await request.form()).get("client_id", "")))
        if client is None:
            raise UnknownClient("This client_id was not issued by this server: register again.")
        return client


class _TokenBackend(BearerAuthBackend):
    async def authenticate(self, conn: HTTPConnection) -> Any:
        try:
            return await super().authenticate(conn)
        except StoreUnavailable as error:
            raise AuthenticationError(str(error)) from error
