"""The routes of snapshots: take one, take one every so often, and the status of one."""

from qarnot_mcp.sandbox.api.routing import RequestContext, Response, Routes, json_response
from qarnot_mcp.sandbox.api.task_documents import TaskRenderer
from qarnot_mcp.sandbox.platform.snapshots import SnapshotConfig
from qarnot_mcp.sandbox.wire.errors import api_error
from qarnot_mcp.sandbox.wire.formats import date_text


def snapshot_routes(tasks: TaskRenderer) -> Routes:
    """Return the routes below `/tasks/{uuid}/snapshot`."""

    def snapshot_periodically(context: RequestContext) -> Response:
        task, body = context.task, context.body()
        interval = body.integer("interval")
        if interval is None or interval < 0:
            raise api_error(400, "Invalid snapshot configuration: interval")
        if task.ended(context.timestamp.now) is not None:
            raise api_error(403, "Can't take snapshots: the task is not running")
        SnapshotConfig.read(body, task)
        task.snapshot_interval_seconds = interval
        tasks.forget(task)
        return Response(200)

    return {
        ("POST", "tasks", "*", "snapshot"): _snapshot,
        ("POST", "tasks", "*", "snapshot", "periodic"): snapshot_periodically,
        ("GET", "tasks", "*", "snapshot", "*"): _status,
    }


def _snapshot(context: RequestContext) -> Response:
    snapshot = context.account.snapshots.take(context.task, context.body(), context.timestamp.now)
    return json_response({"id": snapshot.id})


def _status(context: RequestContext) -> Response:
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
            "snapshotConfig": snapshot.config.document,
            "status": status,
            "sizeToUpload": snapshot.size if is_known else None,
            "transferredSize": transferred if is_known else None,
        }
    )
