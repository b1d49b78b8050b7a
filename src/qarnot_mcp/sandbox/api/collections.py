"""Lists of tasks, jobs or pools: whole, in pages, and searched."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic_core import to_json

from qarnot_mcp.sandbox.api.pages import cut_page, read_page_request
from qarnot_mcp.sandbox.api.routing import RequestContext, Response, Routes, json_response
from qarnot_mcp.sandbox.wire.bodies import Body
from qarnot_mcp.sandbox.wire.errors import bad_body
from qarnot_mcp.sandbox.wire.formats import JsonObject

_MAX_SEARCH_FIELDS = 100


@dataclass(frozen=True, slots=True)
class Rendered:
    """An object of the API, as data and as JSON."""

    document: JsonObject
    json: bytes


def render(document: JsonObject) -> Rendered:
    """Return an object with its JSON."""
    return Rendered(document, to_json(document))


RenderAll = Callable[[RequestContext], Sequence[Rendered]]


def collection_routes(noun: str, render_all: RenderAll, summary_fields: Sequence[str] = ()) -> Routes:
    """Return the routes that list objects; those of summaries only when there are fields of one."""

    def page(context: RequestContext) -> Response:
        return _paginate(context, render_all(context), ())

    def summaries_page(context: RequestContext) -> Response:
        return _paginate(context, render_all(context), summary_fields)

    routes: Routes = {
        ("GET", noun): lambda context: list_response(context, render_all(context)),
        ("POST", noun, "paginate"): page,
        ("POST", noun, "search"): lambda context: _search(context, render_all(context)),
    }
    if summary_fields:
        routes["GET", noun, "summaries"] = lambda context: list_response(context, render_all(context), summary_fields)
        routes["POST", noun, "summaries", "paginate"] = summaries_page
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


def _paginate(context: RequestContext, items: Sequence[Rendered], summary_fields: Sequence[str]) -> Response:
    request = read_page_request(context.body() if context.request.body.strip() else Body({}))
    rendered = {item.document["uuid"]: item for item in items}
    page = cut_page([item.document for item in items], request)
    data = _json_list([rendered[document["uuid"]] for document in page.items], summary_fields)
    return Response(200, b'{"data":' + data + b"," + to_json(page.position())[1:])


def _search(context: RequestContext, items: Sequence[Rendered]) -> Response:
    body = context.body()
    select = body.value("select")
    fields = (select if isinstance(select, list) else Body(select).value("fields")) if select is not None else None
    if fields is not None and (not isinstance(fields, list) or len(fields) > _MAX_SEARCH_FIELDS):
        raise bad_body("select.fields", "Expected a list of field names.")
    size = body.integer("maximumResults")
    request = read_page_request(Body({"filter": body.value("filter")}))
    found = [item.document for item in items if request.test(item.document)][: size if size and size > 0 else None]
    if fields:
        names = {str(name).lower() for name in fields}
        found = [{name: value for name, value in document.items() if name.lower() in names} for document in found]
    return json_response(found)
