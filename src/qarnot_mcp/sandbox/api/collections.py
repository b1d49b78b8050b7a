"""Lists of tasks, jobs or pools: whole, in pages, and searched."""

import re
from collections.abc import Callable, Sequence

from pydantic_core import to_json

from qarnot_mcp.sandbox.api.filters import invalid_search, read_filter
from qarnot_mcp.sandbox.api.routing import RequestContext, Response, Routes, json_response
from qarnot_mcp.sandbox.wire.bodies import Body
from qarnot_mcp.sandbox.wire.errors import bad_body
from qarnot_mcp.sandbox.wire.formats import JsonObject, span_seconds

MAX_PAGE_SIZE = 50
_MAX_SEARCH_FIELDS = 100
_ORDERS = {"creationdate": "creationDate", "executiontime": "executionTime", "name": "name", "state": "state"}


class Rendered:
    """An object of the API, as data and as JSON."""

    def __init__(self, document: JsonObject) -> None:
        self.document = document
        self.json = to_json(document)


RenderAll = Callable[[RequestContext], Sequence[Rendered]]


def collection_routes(noun: str, render_all: RenderAll, summary_fields: Sequence[str] = ()) -> Routes:
    """Return the routes that list objects; those of summaries only when there are fields of one."""

    routes: Routes = {
        ("GET", noun): lambda context: list_response(context, render_all(context)),
        ("POST", noun, "paginate"): lambda context: _paginate(context, render_all(context)),
        ("POST", noun, "search"): lambda context: _search(context, render_all(context)),
    }
    if summary_fields:
        routes["GET", noun, "summaries"] = lambda context: list_response(context, render_all(context), summary_fields)
        routes["POST", noun, "summaries", "paginate"] = lambda context: _paginate(
            context, render_all(context), summary_fields
        )
    return routes


def list_response(context: RequestContext, items: Sequence[Rendered], summary_fields: Sequence[str] = ()) -> Response:
    """Return a list of objects, of those with one of the tags in the query if it has some."""
    wanted = {value for name, value in context.request.query if name.lower() == "tag"}
    wanted |= {tag for value in wanted for tag in value.split(",")}
    found = [item for item in items if not wanted or wanted.intersection(item.document["tags"])]
    return Response(200, _json_list(found, summary_fields))


def _json_list(items: Sequence[Rendered], summary_fields: Sequence[str]) -> bytes:
    if summary_fields:
        documents = (item.document for item in items)
        return to_json([{name: each[name] for name in summary_fields if name in each} for each in documents])
    return b"[" + b",".join(item.json for item in items) + b"]"


def _paginate(context: RequestContext, items: Sequence[Rendered], summary_fields: Sequence[str] = ()) -> Response:
    body = context.body() if context.request.body.strip() else Body({})
    size = body.integer("maximumResults")
    if size is not None and size < 1:
        raise invalid_search(f"maximumResults is {size}, at least 1 is needed")
    order_by = (body.text("orderBy") or "creationDate").lower()
    order_type = (body.text("orderType") or "DESC").upper()
    if order_by not in _ORDERS or order_type not in ("ASC", "DESC"):
        raise invalid_search(f"Tasks cannot be ordered by {order_by[:40]!r} {order_type[:40]!r}")
    test, token = read_filter(body.nested("filter")), body.text("token")

    def sort_key(item: Rendered) -> tuple[float | str, str]:
        value = item.document.get(_ORDERS[order_by], "00:00:00")  # A job has no execution time.
        return span_seconds(value) if order_by == "executiontime" else value, item.document["uuid"]

    found = sorted((item for item in items if test(item.document)), key=sort_key, reverse=order_type == "DESC")
    start = _start(found, token)
    end = start + min(size or MAX_PAGE_SIZE, MAX_PAGE_SIZE)
    page = found[start:end]
    position = {
        "count": len(page),
        "total": len(found),
        "isTruncated": end < len(found),
        "nextToken": f"{end:08x}{_uuid_start(found[end])}" if end < len(found) else None,
    }
    return Response(200, b'{"data":' + _json_list(page, summary_fields) + b"," + to_json(position)[1:])


def _uuid_start(item: Rendered) -> str:
    return str(item.document["uuid"]).replace("-", "")[:16]


def _start(items: Sequence[Rendered], token: str | None) -> int:
    """Return where a token points: at its object, or where that was if it has been deleted since."""
    if not token:
        return 0
    if not re.fullmatch("[0-9a-f]{24}", token):
        raise invalid_search("The token stands for no page of this list")
    positions = (position for position, item in enumerate(items) if _uuid_start(item) == token[8:])
    return next(positions, int(token[:8], 16))


def _search(context: RequestContext, items: Sequence[Rendered]) -> Response:
    body = context.body()
    select = body.value("select")
    fields = (select if isinstance(select, list) else Body(select).value("fields")) if select is not None else None
    if fields is not None and (not isinstance(fields, list) or len(fields) > _MAX_SEARCH_FIELDS):
        raise bad_body("select.fields", "Expected a list of field names.")
    size, test = body.integer("maximumResults"), read_filter(body.nested("filter"))
    found = [item.document for item in items if test(item.document)][: size if size and size > 0 else None]
    if fields:
        names = {str(name).lower() for name in fields}
        found = [{name: value for name, value in document.items() if name.lower() in names} for document in found]
    return json_response(found)
