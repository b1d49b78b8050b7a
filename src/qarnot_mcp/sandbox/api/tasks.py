"""The routes of tasks."""

from pydantic_core import to_json

from qarnot_mcp.sandbox.api.pages import cut_page, read_page_request
from qarnot_mcp.sandbox.api.routing import Handler, RequestContext, Response, Routes, json_response
from qarnot_mcp.sandbox.api.task_documents import SUMMARY_FIELDS, RenderedTask, TaskRenderer
from qarnot_mcp.sandbox.commands.shell import Stream
from qarnot_mcp.sandbox.platform.account import Derivation
from qarnot_mcp.sandbox.platform.task import Task
from qarnot_mcp.sandbox.wire.bodies import Body, parse_body
from qarnot_mcp.sandbox.wire.errors import api_error, bad_body
from qarnot_mcp.sandbox.wire.formats import JsonObject

_MAX_BULK = 1000
_MAX_SEARCH_FIELDS = 100


class TaskRoutes:
    """The handlers below `/tasks`; the documents of finished tasks are rendered once."""

    def __init__(self) -> None:
        self._renderer = TaskRenderer()

    def routes(self) -> Routes:
        """Return the routes below `/tasks`."""
        routes: Routes = {
            ("GET", "tasks"): lambda context: self._list(context, summaries=False),
            ("POST", "tasks"): _create,
            ("GET", "tasks", "summaries"): lambda context: self._list(context, summaries=True),
            ("POST", "tasks", "paginate"): lambda context: self._paginate(context, summaries=False),
            ("POST", "tasks", "summaries", "paginate"): lambda context: self._paginate(context, summaries=True),
            ("POST", "tasks", "search"): self._search,
            ("GET", "tasks", "*"): self._get,
            ("PUT", "tasks", "*"): self._update,
            ("PATCH", "tasks", "*"): self._refresh,
            ("DELETE", "tasks", "*"): self._delete,
            ("POST", "tasks", "*", "abort"): self._abort,
            ("POST", "tasks", "*", "snapshot"): _snapshot,
            ("POST", "tasks", "*", "snapshot", "periodic"): self._snapshot_periodically,
        }
        kinds: tuple[Derivation, ...] = ("retry", "recover", "resume", "clone")
        for kind in kinds:
            routes["POST", "tasks", "*", kind] = _derive(kind)
        streams: tuple[Stream, ...] = ("stdout", "stderr")
        for stream in streams:
            for method in ("GET", "POST"):
                routes[method, "tasks", "*", stream] = _read_log(stream, is_fresh=method == "POST")
                routes[method, "tasks", "*", stream, "*"] = _read_log(stream, is_fresh=method == "POST")
        return routes

    def _rendered(self, context: RequestContext) -> dict[str, RenderedTask]:
        now = context.timestamp.now
        return {task.uuid: self._renderer.render(task, now) for task in context.account.tasks(context.timestamp)}

    def _get(self, context: RequestContext) -> Response:
        return Response(200, self._renderer.render(context.task, context.timestamp.now).json)

    def _list(self, context: RequestContext, *, summaries: bool) -> Response:
        wanted = {value for name, value in context.request.query if name.lower() == "tag"}
        wanted |= {tag for value in wanted for tag in value.split(",")}
        found = [
            rendered
            for rendered in self._rendered(context).values()
            if not wanted or wanted.intersection(rendered.document["tags"])
        ]
        if summaries:
            return json_response([_summary(rendered.document) for rendered in found])
        return Response(200, b"[" + b",".join(rendered.json for rendered in found) + b"]")

    def _paginate(self, context: RequestContext, *, summaries: bool) -> Response:
        request = read_page_request(context.body() if context.request.body.strip() else Body({}))
        rendered = self._rendered(context)
        page = cut_page([task.document for task in rendered.values()], request)
        data = (
            to_json([_summary(document) for document in page.items])
            if summaries
            else b"[" + b",".join(rendered[document["uuid"]].json for document in page.items) + b"]"
        )
        return Response(200, b'{"data":' + data + b"," + to_json(page.position())[1:])

    def _search(self, context: RequestContext) -> Response:
        body = context.body()
        select = body.value("select")
        fields = (select if isinstance(select, list) else Body(select).value("fields")) if select is not None else None
        if fields is not None and (not isinstance(fields, list) or len(fields) > _MAX_SEARCH_FIELDS):
            raise bad_body("select.fields", "Expected a list of field names.")
        documents = [rendered.document for rendered in self._rendered(context).values()]
        size = body.integer("maximumResults")
        request = read_page_request(Body({"filter": body.value("filter")}))
        found = [document for document in documents if request.test(document)][: size if size and size > 0 else None]
        if fields:
            names = {str(name).lower() for name in fields}
            found = [{name: value for name, value in document.items() if name.lower() in names} for document in found]
        return json_response(found)

    def _changed(self, task: Task) -> Response:
        self._renderer.forget(task)
        return Response(200)

    def _update(self, context: RequestContext) -> Response:
        task = context.task
        context.account.update(task, context.body(), context.timestamp)
        return self._changed(task)

    def _refresh(self, context: RequestContext) -> Response:
        task = context.task
        context.account.refresh_resources(task, context.timestamp)
        return self._changed(task)

    def _delete(self, context: RequestContext) -> Response:
        task = context.task
        context.account.delete(task, context.timestamp)
        return self._changed(task)

    def _abort(self, context: RequestContext) -> Response:
        task = context.task
        context.account.abort(task, context.timestamp)
        return self._changed(task)

    def _snapshot_periodically(self, context: RequestContext) -> Response:
        task, interval = context.task, context.body().integer("interval")
        if interval is None or interval < 0:
            raise api_error(400, "Invalid snapshot configuration: interval")
        task.snapshot_interval_seconds = interval
        return self._changed(task)


def _summary(document: JsonObject) -> JsonObject:
    return {name: document[name] for name in SUMMARY_FIELDS if name in document}


def _create(context: RequestContext) -> Response:
    value = parse_body(context.request.body)
    late_seconds = context.request.late_seconds
    if not isinstance(value, list):
        task = context.account.submit(Body(value), context.timestamp, late_seconds)
        return Response(200, to_json({"uuid": task.uuid}), headers={"location": f"/v1/tasks/{task.uuid}"})
    if not 1 <= len(value) <= _MAX_BULK:
        raise api_error(400, f"{len(value)} tasks at once; 1 to {_MAX_BULK} are possible")
    results = context.account.submit_many(value, context.timestamp, late_seconds)
    statuses = {result["statusCode"] for result in results}
    return json_response(results, statuses.pop() if len(statuses) == 1 else 207)


def _derive(kind: Derivation) -> Handler:
    def handle(context: RequestContext) -> Response:
        late_seconds = context.request.late_seconds
        task = context.account.derive(kind, context.task, context.body(), context.timestamp, late_seconds)
        return json_response({"uuid": task.uuid})

    return handle


def _read_log(stream: Stream, *, is_fresh: bool) -> Handler:
    def handle(context: RequestContext) -> Response:
        instance = context.request.segments[3] if len(context.request.segments) > 3 else None
        text = context.account.log(context.task, stream, instance, context.timestamp, is_fresh)
        return Response(200, to_json(text) if text else b"")

    return handle


def _snapshot(context: RequestContext) -> Response:
    context.account.refresh_resources(context.task, context.timestamp)
    return json_response({"id": f"snap_{context.task.uuid}_{context.timestamp.now}"})
