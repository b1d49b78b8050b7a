"""The routes of the hardware that tasks and pools may ask for."""

import re

from qarnot_mcp.sandbox.api.routing import RequestContext, Response, Routes, json_response
from qarnot_mcp.sandbox.platform.machines import listed_constraints
from qarnot_mcp.sandbox.wire.errors import api_error, bad_body

_MAX_LIMIT = 50


def hardware_routes() -> Routes:
    """Return the routes below `/hardware-constraints`."""
    return {
        ("GET", "hardware-constraints"): _list_constraints,
        ("GET", "hardware-constraints", "cpu-model-constraints", "search"): _search_cpu_models,
    }


def _bound(context: RequestContext, name: str, default: int, highest: int) -> int:
    text = context.request.query_value(name)
    if not text:
        return default
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise bad_body(name, f"The value '{text[:40]}' is not valid.")
    return min(int(text), highest)


def _list_constraints(context: RequestContext) -> Response:
    constraints = listed_constraints()
    limit, offset = _bound(context, "limit", _MAX_LIMIT, _MAX_LIMIT), _bound(context, "offset", 0, 1_000_000)
    data = constraints[offset : offset + limit]
    return json_response({"data": data, "offset": offset, "limit": limit, "total": len(constraints)})


def _search_cpu_models(context: RequestContext) -> Response:
    wanted = context.request.query_value("cpuModel")
    if not wanted:
        raise api_error(400, "Missing required argument: cpuModel")
    found = [
        constraint for constraint in listed_constraints() if wanted.lower() in constraint.get("cpuModel", "").lower()
    ]
    if not found:
        raise api_error(404, "Constraint not found")
    return json_response(found)
