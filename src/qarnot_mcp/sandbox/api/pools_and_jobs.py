"""The routes of pools and jobs, of which the sandbox has none: lists are empty and the quota of both is 0."""

from qarnot_mcp.sandbox.api.routing import Handler, RequestContext, Response, Routes, json_response, not_found
from qarnot_mcp.sandbox.wire.errors import api_error


def pool_and_job_routes() -> Routes:
    """Return the routes below `/pools` and `/jobs`."""
    routes: Routes = {}
    for noun in ("pool", "job"):
        routes["GET", f"{noun}s"] = lambda context: json_response([])
        routes["POST", f"{noun}s"] = _refuse(noun)
        routes["GET", f"{noun}s", "*"] = not_found(noun, 1)
        routes["POST", f"{noun}s", "search"] = lambda context: json_response([])
        for path in ((f"{noun}s", "paginate"), (f"{noun}s", "summaries", "paginate")):
            routes["POST", *path] = _empty_page
    return routes


def _refuse(noun: str) -> Handler:
    def handle(context: RequestContext) -> Response:
        raise api_error(403, f"Maximum number of {noun}s reached (0): the sandbox has no {noun}s")

    return handle


def _empty_page(context: RequestContext) -> Response:
    return json_response({"data": [], "count": 0, "total": 0, "isTruncated": False, "nextToken": None})
