"""Scope step-up: a read-only sign-in that calls a writing tool is told which scope is missing, so it can ask for it."""

import json
import logging
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from qarnot_mcp.auth.oauth.discovery import RESOURCE_DOCUMENT
from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.server.connection import ToolOffer, read_options
from qarnot_mcp.web.request_guard import replayed

log = logging.getLogger("qarnot_mcp.web.step_up")

ERROR_CODE = -32001
"""The code that servers choose for a call that is not allowed; the protocol has none of its own."""


class ScopeStepUp:
    """Middleware that answers 403 `insufficient_scope` where a sign-in lacks the scope of the tool that it calls.

    The protocol wants it as a status and a header, so that a client can sign the person in again for more; a tool's
    own error reaches the model only. It stands behind the authentication.
    """

    def __init__(self, app: ASGIApp, offer: ToolOffer, origin: str, path: str) -> None:
        self._app = app
        self._offer = offer
        self._path = path
        self._metadata_url = f"{origin}{RESOURCE_DOCUMENT}{path}"
        self._every_scope = {entry.scope for entry in offer.registry.tools.values()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        scopes = frozenset(scope["auth"].scopes if "auth" in scope else ())
        is_call = scope["type"] == "http" and scope["method"] == "POST" and scope["path"] == self._path
        if not is_call or not scopes or scopes >= self._every_scope:
            await self._app(scope, receive, send)
            return
        body = await Request(scope, receive).body()
        if (refused := self._refused(scope, scopes, body)) is not None:
            await refused(scope, receive, send)
            return
        whole = {"type": "http.request", "body": body, "more_body": False}
        await self._app(scope, replayed(whole, receive), send)

    def _refused(self, scope: Scope, scopes: frozenset[str], body: bytes) -> Response | None:
        call = _tool_call(body)
        if call is None:
            return None
        tool, request_id = call
        try:
            connection = self._offer.connect(read_options(scope["query_string"], scope["headers"]), scopes)
        except InvalidArgument:
            return None  # every request of such a connection is refused further in
        refusal = connection.refusal(tool)
        if refusal is None or (missing := refusal.missing_scope) is None:
            return None
        log.info("%s refused: the sign-in has no scope %s", tool, missing)
        challenge = (
            f'Bearer error="insufficient_scope", scope="{missing}", resource_metadata="{self._metadata_url}", '
            f'error_description="{missing} is missing: sign in again without Read only"'
        )
        error = {"code": ERROR_CODE, "message": refusal.message, "data": {"missing_scope": missing}}
        return JSONResponse(
            {"jsonrpc": "2.0", "id": request_id, "error": error},
            HTTPStatus.FORBIDDEN,
            headers={"WWW-Authenticate": challenge},
        )


def _tool_call(body: bytes) -> tuple[str, object] | None:
    """Return the tool and the id of a request that calls one; anything else is for the SDK to judge."""
    try:
        request: Any = json.loads(body)
        if request["method"] == "tools/call" and isinstance(request["params"]["name"], str):
            return request["params"]["name"], request.get("id")
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    return None
