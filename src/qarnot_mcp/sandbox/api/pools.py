"""The routes of pools, of which the sandbox has none: lists are empty and the quota is 0."""

from qarnot_mcp.sandbox.api.collections import collection_routes
from qarnot_mcp.sandbox.api.routing import RequestContext, Response, Routes, not_found
from qarnot_mcp.sandbox.wire.errors import api_error


def pool_routes() -> Routes:
    """Return the routes below `/pools`."""
    return {
        **collection_routes("pools", lambda context: [], ("uuid",)),
        ("POST", "pools"): _refuse,
        ("GET", "pools", "*"): not_found("pool", 1),
    }


def _refuse(context: RequestContext) -> Response:
    raise api_error(403, "Maximum number of pools reached (0): the sandbox has no pools")
