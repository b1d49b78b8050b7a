"""The routes of tasks."""

from pydantic_core import to_json

from qarnot_mcp.sandbox.api.collections import Rendered, collection_routes
from qarnot_mcp.sandbox.api.routing import Handler, RequestContext, Response, Routes, json_response
from qarnot_mcp.sandbox.api.running_info import port_forward_document
from qarnot_mcp.sandbox.api.snapshots import snapshot_routes
from qarnot_mcp.sandbox.api.task_documents import SUMMARY_FIELDS, TaskRenderer
from qarnot_mcp.sandbox.commands.run import Stream
from qarnot_mcp.sandbox.platform.account import Derivation
from qarnot_mcp.sandbox.platform.instance_states import instance_states_at
from qarnot_mcp.sandbox.platform.task import Task
from qarnot_mcp.sandbox.wire.bodies import Body, parse_body
from qarnot_mcp.sandbox.wire.errors import api_error

_MAX_BULK = 1000


class TaskRoutes:
    """The handlers below `/tasks`."""

    def __init__(self, renderer: TaskRenderer) -> None:
        self._renderer = renderer

    def routes(self) -> Routes:
        """Return the routes below `/tasks`."""
        routes: Routes = {
            **collection_routes("tasks", self._render_all, SUMMARY_FIELDS),
            ("POST", "tasks"): _create,
            ("GET", "tasks", "*"): self._get,
            ("PUT", "tasks", "*"): self._update,
            ("PATCH", "tasks", "*"): self._refresh,
            ("DELETE", "tasks", "*"): self._delete,
            ("POST", "tasks", "*", "abort"): self._abort,
            **snapshot_routes(self._renderer),
            ("GET", "network", "tasks", "*", "port-forward"): _port_forward,
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

    def _render_all(self, context: RequestContext) -> list[Rendered]:
        tasks = context.account.tasks.visible(context.timestamp)
        return [self._renderer.render(task, context.timestamp.now) for task in tasks]

    def _get(self, context: RequestContext) -> Response:
        return Response(200, self._renderer.render(context.task, context.timestamp.now).json)

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


def _create(context: RequestContext) -> Response:
    value = parse_body(context.request.body)
    if not isinstance(value, list):
        task = context.account.submit(Body(value), context.timestamp)
        return Response(200, to_json({"uuid": task.uuid}), headers={"location": f"/v1/tasks/{task.uuid}"})
    if not 1 <= len(value) <= _MAX_BULK:
        raise api_error(400, f"{len(value)} tasks at once; 1 to {_MAX_BULK} are possible")
    results = context.account.submit_many(value, context.timestamp)
    statuses = {result["statusCode"] for result in results}
    return json_response(results, statuses.pop() if len(statuses) == 1 else 207)


def _derive(kind: Derivation) -> Handler:
    def handle(context: RequestContext) -> Response:
        task = context.account.derive(kind, context.task, context.body(), context.timestamp)
        return json_response({"uuid": task.uuid})

    return handle


def _read_log(stream: Stream, *, is_fresh: bool) -> Handler:
    def handle(context: RequestContext) -> Response:
        instance = context.request.segments[3] if len(context.request.segments) > 3 else None
        text = context.account.log(context.task, stream, instance, context.timestamp, is_fresh)
        return Response(200, to_json(text) if text else b"")

    return handle


def _port_forward(context: RequestContext) -> Response:
    task = context.account.tasks.find(context.request.segments[2], context.timestamp)
    return json_response(port_forward_document(instance_states_at(task, context.timestamp.now), task) or {"0": {}})
