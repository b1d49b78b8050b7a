"""What the endpoints and the sign-in page share of HTTP: bounded bodies, and errors in the form of RFC 6749."""

from mcp.server.transport_security import RequestBodyLimitMiddleware
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

MAX_FORM_BYTES = 65_536
RETRY_SECONDS = 5
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def bounded(app: ASGIApp) -> ASGIApp:
    """Return the application behind a limit of 64 KiB for bodies; no form of the sign-in is near that."""
    return RequestBodyLimitMiddleware(app, MAX_FORM_BYTES)


def error_response(status: int, code: str, description: str) -> Response:
    """Return an error as OAuth clients read it."""
    return JSONResponse({"error": code, "error_description": description}, status, headers=NO_STORE)


def unavailable_response() -> Response:
    """Return the 503 for a store or an API that does not respond."""
    response = error_response(
        503, "temporarily_unavailable", "The sign-in cannot be checked right now. Try again in a moment."
    )
    response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response
