"""The OAuth endpoints that programs call: authorize, token, register and revoke."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from mcp.server.auth.handlers.authorize import AuthorizationHandler
from mcp.server.auth.handlers.register import RegistrationHandler
from mcp.server.auth.handlers.token import TokenHandler
from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from mcp.server.auth.middleware.bearer_auth import BearerAuthBackend
from mcp.server.auth.middleware.client_auth import AuthenticationError as UnknownClient
from mcp.server.auth.middleware.client_auth import ClientAuthenticator
from mcp.server.auth.settings import ClientRegistrationOptions
from mcp.server.transport_security import RequestBodyLimitMiddleware
from mcp.shared.auth import OAuthClientInformationFull
from starlette.authentication import AuthenticationError
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, request_response
from starlette.types import ASGIApp

from qarnot_mcp.auth.oauth.session_store import StoreUnavailable
from qarnot_mcp.qarnot.errors import QarnotError

if TYPE_CHECKING:
    from qarnot_mcp.auth.oauth.sign_in.handlers import SignInPage
    from qarnot_mcp.auth.oauth.tokens import QarnotOAuthProvider

MAX_FORM_BYTES = 65_536
RETRY_SECONDS = 5
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}

Handler = Callable[[Request], Awaitable[Response]]


def endpoint_routes(provider: "QarnotOAuthProvider", page: "SignInPage") -> list[Route]:
    """Makes the four routes; each takes bodies of at most 64 KiB."""
    authorize = page.explain_refusals(AuthorizationHandler(provider).handle, provider.get_client)
    register = RegistrationHandler(provider, ClientRegistrationOptions(enabled=True)).handle
    return [
        Route("/authorize", endpoint=bounded(request_response(authorize)), methods=["GET", "POST"]),
        _called_by_scripts("/token", _token_handler(provider)),
        _called_by_scripts("/register", register),
        _called_by_scripts("/revoke", _revocation_handler(provider)),
    ]


def authentication_middleware(provider: "QarnotOAuthProvider") -> list[Middleware]:
    """Makes the middleware that turns a bearer token into the caller; a store that is down answers 503."""
    return [
        Middleware(AuthenticationMiddleware, backend=_TokenBackend(provider), on_error=_unavailable),
        Middleware(AuthContextMiddleware),
    ]


def bounded(app: ASGIApp) -> ASGIApp:
    """Refuses bodies that no form of ours can have."""
    return RequestBodyLimitMiddleware(app, MAX_FORM_BYTES)


def _called_by_scripts(path: str, handler: Handler) -> Route:
    """Makes a route that a web page such as the Inspector's may call."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except (StoreUnavailable, QarnotError) as error:
            return _unavailable(request, error)

    # CORS is outside, so that a page can read a 413, too.
    app = CORSMiddleware(
        bounded(request_response(answer)), allow_origins=["*"], allow_methods=["POST"], allow_headers=["*"]
    )
    return Route(path, endpoint=app, methods=["POST", "OPTIONS"])


def _token_handler(provider: "QarnotOAuthProvider") -> Handler:
    handler = TokenHandler(provider, _ClaimedClient(provider))

    async def answer(request: Request) -> Response:
        resource = (await request.form()).get("resource")
        if isinstance(resource, str) and not provider.is_for_us(resource):
            return _error(400, "invalid_target", f"resource is not this server: its address is {provider.resource}")
        response: Response = await handler.handle(request)
        return response

    return answer


def _revocation_handler(provider: "QarnotOAuthProvider") -> Handler:
    """Makes the handler of RFC 7009; the SDK's own one demands a client secret."""

    async def answer(request: Request) -> Response:
        form = await request.form()
        text, client = form.get("token"), provider.claimed_client(str(form.get("client_id", "")))
        if not isinstance(text, str) or client is None:
            return _error(400, "invalid_request", "token and the client_id that it was issued to are needed.")
        token = await provider.load_refresh_token(client, text) or await provider.load_access_token(text)
        if token is not None and token.client_id == client.client_id:
            await provider.revoke_token(token)
        return Response(status_code=200, headers=NO_STORE)

    return answer


class _ClaimedClient(ClientAuthenticator):
    """Takes a client at its word: all of ours are public, and what they bring is sealed for their id."""

    def __init__(self, provider: "QarnotOAuthProvider") -> None:
        super().__init__(provider)
        self._provider = provider

    async def authenticate_request(self, request: Request) -> OAuthClientInformationFull:
        client = self._provider.claimed_client(str((await request.form()).get("client_id", "")))
        if client is None:
            raise UnknownClient("This client_id was not given out here: register again.")
        return client


class _TokenBackend(BearerAuthBackend):
    async def authenticate(self, conn: HTTPConnection) -> Any:
        try:
            return await super().authenticate(conn)
        except StoreUnavailable as error:
            raise AuthenticationError(str(error)) from error


def _unavailable(request: HTTPConnection, error: Exception) -> Response:
    answer = _error(503, "temporarily_unavailable", "The sign-in cannot be checked just now. Try again in a moment.")
    answer.headers["Retry-After"] = str(RETRY_SECONDS)
    return answer


def _error(status: int, code: str, description: str) -> Response:
    return JSONResponse({"error": code, "error_description": description}, status, headers=NO_STORE)
