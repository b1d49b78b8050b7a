"""What the endpoints and the sign-in page share of HTTP: bounded bodies, and errors in the form of RFC 6749."""

from collections import Counter
from collections.abc import Awaitable, Callable

from mcp.server.transport_security import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import request_response
from starlette.types import ASGIApp

from qarnot_mcp.auth.oauth.throttle import network_of

MAX_FORM_BYTES = 65_536
FORM_TYPE = "application/x-www-form-urlencoded"
RETRY_SECONDS = 5
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}

Handler = Callable[[Request], Awaitable[Response]]


def bounded(handler: Handler) -> ASGIApp:
    """Return the handler behind a limit of 64 KiB for bodies; no form of the sign-in is near that."""
    return RequestBodyLimitMiddleware(request_response(handler), MAX_FORM_BYTES)


def form_only(handler: Handler) -> Handler:
    """Return the handler for URL-encoded forms, as RFC 6749 has them; a POST of any other type is a 400.

    A multipart form can name an encoding in which nothing can be decoded.
    """

    async def handle(request: Request) -> Response:
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if request.method == "POST" and content_type != FORM_TYPE:
            return error_response(400, "invalid_request", f"The request has to be a form of the type {FORM_TYPE}.")
        return await handler(request)

    return handle


def few_at_once(handler: Handler, limit: int) -> Handler:
    """Return the handler for at most `limit` requests at once from one address; a further one is a 429."""
    in_flight: Counter[str] = Counter()

    async def handle(request: Request) -> Response:
        network = network_of(address_of(request))
        if in_flight[network] >= limit:
            return _retry_later(429, "Too many requests at once from your address. Try again in a moment.")
        in_flight[network] += 1
        try:
            return await handler(request)
        finally:
            in_flight[network] -= 1
            if not in_flight[network]:
                del in_flight[network]

    return handle


def address_of(request: Request) -> str:
    """Return the address that a request came from."""
    return request.client.host if request.client else ""


def error_response(status: int, code: str, description: str) -> Response:
    """Return an error as OAuth clients read it."""
    return JSONResponse({"error": code, "error_description": description}, status, headers=NO_STORE)


def unavailable_response() -> Response:
    """Return the 503 for a store or an API that does not respond."""
    return _retry_later(503, "The sign-in cannot be checked right now. Try again in a moment.")


def _retry_later(status: int, description: str) -> Response:
    response = error_response(status, "temporarily_unavailable", description)
    response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response
