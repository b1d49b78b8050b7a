"""Every endpoint of the API: finds the handler of a request. It does no I/O."""

from qarnot_mcp.sandbox.api.account import account_routes
from qarnot_mcp.sandbox.api.credits import credit_routes
from qarnot_mcp.sandbox.api.hardware import hardware_routes
from qarnot_mcp.sandbox.api.jobs import job_routes
from qarnot_mcp.sandbox.api.pools import pool_routes
from qarnot_mcp.sandbox.api.profiles import profile_routes
from qarnot_mcp.sandbox.api.routing import (
    Handler,
    Request,
    RequestContext,
    Response,
    Routes,
    error_response,
    json_response,
)
from qarnot_mcp.sandbox.api.secrets_manager import secrets_manager_routes
from qarnot_mcp.sandbox.api.task_documents import TaskRenderer
from qarnot_mcp.sandbox.api.tasks import task_routes
from qarnot_mcp.sandbox.platform.platform import Platform
from qarnot_mcp.sandbox.wire.errors import ApiError, api_error

_WILDCARDS = (frozenset[int](), frozenset({1}), frozenset({1, 3}), frozenset({2}), frozenset({3}))
"""The segments of a path that may be a name, in the order in which routes are tried."""


class Api:
    """Answers requests from a platform."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        tasks = TaskRenderer()
        self._handlers: Routes = {
            ("GET",): lambda context: Response(200),
            **account_routes(),
            **credit_routes(),
            **hardware_routes(),
            **job_routes(tasks),
            **pool_routes(tasks),
            **secrets_manager_routes(),
            **profile_routes(platform.profiles),
            **task_routes(tasks),
        }
        self._paths = {key[1:] for key in self._handlers}

    def respond(self, request: Request) -> Response:
        """Return the response to a request; errors become responses too."""
        try:
            if request.method == "GET" and request.segments == ("settings",):
                return json_response({"storage": request.storage})
            if request.method == "GET" and request.segments == ("versions",):
                return json_response([{"version": "v1", "endOfLife": None}])
            account = self.platform.account(request.key)
            handler = self._find(request)
            timestamp = self.platform.timestamp(request.late_seconds)
            account.settle(timestamp)
            return handler(RequestContext(request, account, timestamp))
        except ApiError as error:
            return error_response(error)

    def _find(self, request: Request) -> Handler:
        lowered = tuple(segment.lower() for segment in request.segments)
        for wildcards in _WILDCARDS:
            path = tuple("*" if position in wildcards else segment for position, segment in enumerate(lowered))
            handler = self._handlers.get((request.method, *path))
            if handler is not None:
                return handler
            if path in self._paths:
                raise api_error(405, f"{request.method} is not possible here")
        raise api_error(404, "There is no such endpoint")
