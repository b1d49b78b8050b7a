"""The routes of tasks, with their logs and snapshots."""

from collections.abc import Callable

from pydantic_core import to_json

from qarnot_mcp.sandbox.api.collections import Rendered, collection_routes
from qarnot_mcp.sandbox.api.routing import (
    Handler,
    RequestContext,
    Response,
    Routes,
    created_response,
    empty_response,
    json_response,
)
from qarnot_mcp.sandbox.api.running_info import port_forward_document
from qarnot_mcp.sandbox.api.task_documents import SUMMARY_FIELDS, TaskRenderer
from qarnot_mcp.sandbox.commands.run import Stream
from qarnot_mcp.sandbox.platform.account import Derivation
from qarnot_mcp.sandbox.platform.instance_states import instance_states_at
from qarnot_mcp.sandbox.platform.snapshots import read_config
from qarnot_mcp.sandbox.platform.task import Task
from qarnot_mcp.sandbox.wire.bodies import Body, parse_body
from qarnot_mcp.sandbox.wire.errors import api_error
from qarnot_mcp.sandbox.wire.formats import date_text

_MAX_BULK = 1000


def task_routes(renderer: TaskRenderer) -> Routes:
    """Return the routes below `/tasks`."""

    def render_all(context: RequestContext) -> list[Rendered]:
        tasks = context.account.tasks.visible(context.timestamp)
        return [renderer.render(task, context.timestamp.now) for task in tasks]

    def changing(change: Callable[[RequestContext, Task], None]) -> Handler:
        def change_and_forget(context: RequestContext) -> None:
            task = context.task
            change(context, task)
            renderer.forget(task)

        return empty_response(change_and_forget)

    routes: Routes = {
        **collection_routes("tasks", render_all, SUMMARY_FIELDS),
        ("POST", "tasks"): _create,
        ("GET", "tasks", "*"): lambda context: Response(200, renderer.render(context.task, context.timestamp.now).json),
        ("PUT", "tasks", "*"): changing(lambda context, task: task.update(context.body(), context.timestamp.now)),
        ("PATCH", "tasks", "*"): changing(lambda context, task: task.refresh_resources(context.timestamp.now)),
        ("DELETE", "tasks", "*"): changing(lambda context, task: context.account.delete(task, context.timestamp)),
        ("POST", "tasks", "*", "abort"): changing(lambda context, task: task.abort(context.timestamp.now)),
        ("POST", "tasks", "*", "snapshot"): _snapshot,
        ("POST", "tasks", "*", "snapshot", "periodic"): changing(_snapshot_periodically),
        ("GET", "tasks", "*", "snapshot", "*"): _snapshot_status,
        ("GET", "network", "tasks", "*", "port-forward"): _port_forward,
    }
    kinds: tuple[Derivation, ...] = ("retry", "recover", "resume", "clone")
    for kind in kinds:
        routes["POST", "tasks", "*", kind] = _derive(kind)
    streams: tuple[Stream, ...] = ("stdout", "stderr")
    for stream in streams:
        for method in ("GET", "POST"):
            read_log = _read_log(stream, is_fresh=method == "POST")
            routes[method, "tasks", "*", stream] = routes[method, "tasks", "*", stream, "*"] = read_log
    return routes


def _create(context: RequestContext) -> Response:
    value = parse_body(context.request.body)
    if not isinstance(value, list):
        return created_response("tasks", context.account.submit(Body(value), context.timestamp).uuid)
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


def _snapshot(context: RequestContext) -> Response:
    snapshot = context.account.snapshots.take(context.task, context.body(), context.timestamp.now)
    return json_response({"id": snapshot.id})


def _snapshot_periodically(context: RequestContext, task: Task) -> None:
    body = context.body()
    interval = body.integer("interval")
    if interval is None or interval < 0:
        raise api_error(400, "Invalid snapshot configuration: interval")
    if task.ended(context.timestamp.now) is not None:
        raise api_error(403, "Can't take snapshots: the task is not running")
    read_config(body, task)
    task.snapshot_interval_seconds = interval


def _snapshot_status(context: RequestContext) -> Response:
    task = context.task
    snapshot = context.account.snapshots.find(task, context.request.segments[3])
    status, transferred, since = snapshot.status_at(context.timestamp.now, task)
    is_known = status != "triggered"
    return json_response(
        {
            "id": snapshot.id,
            "taskUuid": task.uuid,
            "triggerDate": date_text(snapshot.triggered),
            "lastUpdateDate": date_text(since) if is_known else None,
            "snapshotConfig": snapshot.config,
            "status": status,
            "sizeToUpload": snapshot.size if is_known else None,
            "transferredSize": transferred if is_known else None,
        }
    )
