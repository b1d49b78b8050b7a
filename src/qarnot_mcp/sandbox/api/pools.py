"""The routes of pools."""

from qarnot_mcp.sandbox.api.collections import Rendered, collection_routes, list_response
from qarnot_mcp.sandbox.api.jobs import render_jobs
from qarnot_mcp.sandbox.api.routing import (
    RequestContext,
    Response,
    Routes,
    created_response,
    empty_response,
    json_response,
)
from qarnot_mcp.sandbox.api.task_documents import TaskRenderer
from qarnot_mcp.sandbox.platform.fields import constant_list, shown_constants, shown_fields
from qarnot_mcp.sandbox.platform.pools import POOL_FIELDS, Pool
from qarnot_mcp.sandbox.platform.scaling import read_policies
from qarnot_mcp.sandbox.wire.errors import api_error
from qarnot_mcp.sandbox.wire.formats import JsonObject, date_text, span_text

_SUMMARY_FIELDS = (
    "uuid",
    "name",
    "shortname",
    "profile",
    "state",
    "previousState",
    "instanceCount",
    "targetRunningInstanceCount",
    "stateTransitionTime",
    "previousStateTransitionTime",
    "creationDate",
    "lastModified",
    "endDate",
    "runningInstanceCount",
    "runningCoreCount",
    "queuedOrRunningTaskInstancesCount",
    "executionTime",
    "wallTime",
    "taskDefaultWaitForPoolResourcesSynchronization",
)


def pool_routes(tasks: TaskRenderer) -> Routes:
    """Return the routes below `/pools`."""

    def list_tasks(context: RequestContext) -> Response:
        own = context.account.tasks_of(_pool(context), context.timestamp)
        return list_response(context, [tasks.render(task, context.timestamp.now) for task in own])

    routes: Routes = {
        **collection_routes("pools", _render_all, _SUMMARY_FIELDS),
        ("POST", "pools"): _create,
        ("GET", "pools", "*"): lambda context: json_response(_document(_pool(context), context)),
        ("PUT", "pools", "*"): empty_response(
            lambda context: _pool(context).update(context.body(), context.timestamp.now)
        ),
        ("PATCH", "pools", "*"): empty_response(_refresh),
        ("DELETE", "pools", "*"): empty_response(_delete),
        ("POST", "pools", "*", "close"): empty_response(lambda context: _pool(context).close(context.timestamp.now)),
        ("POST", "pools", "*", "clone"): _clone,
        ("GET", "pools", "*", "scaling"): lambda context: json_response(
            _scaling(_pool(context), context.timestamp.now)
        ),
        ("PUT", "pools", "*", "scaling"): empty_response(_scale),
        ("GET", "pools", "*", "tasks"): list_tasks,
        ("GET", "pools", "*", "jobs"): _list_jobs,
        ("POST", "sanity-checks", "pools", "scaling"): empty_response(lambda context: read_policies(context.body())),
    }
    for stream in ("stdout", "stderr"):  # Nodes print nothing here.
        for method in ("GET", "POST"):
            routes[method, "pools", "*", stream] = routes[method, "pools", "*", stream, "*"] = empty_response(_pool)
    return routes


def _pool(context: RequestContext) -> Pool:
    return context.account.pools.all.find(context.request.segments[1], context.timestamp)


def _render_all(context: RequestContext) -> list[Rendered]:
    return [Rendered(_document(pool, context)) for pool in context.account.pools.all.visible(context.timestamp)]


def _scaling(pool: Pool, now: int) -> JsonObject | None:
    scaling = pool.fields["scaling"]
    policy = pool.active_policy(now)
    return scaling and {**scaling, "activePolicyName": None if policy is None else policy.name}


def _document(pool: Pool, context: RequestContext) -> JsonObject:
    now = context.timestamp.now
    state_at, nodes = pool.state_at(now), pool.nodes(now)
    policy, queued = pool.active_policy(now), context.account.unfinished_instances(pool, context.timestamp)
    is_open = pool.closed is None and pool.deleted is None
    slots = policy.slots(queued) if policy is not None and is_open else 0
    ended = pool.ended(now)
    capacity = len(nodes) * pool.slots_per_node
    return {
        **shown_fields(POOL_FIELDS, pool.fields),
        "uuid": pool.uuid,
        "shortname": pool.shortname,
        "constants": constant_list(shown_constants(pool.settings.constants)),
        "scaling": _scaling(pool, now),
        "errors": [],
        "status": None,
        "totalSlotCapacity": capacity,
        "poolUsage": round(min(1.0, queued / capacity), 3) if capacity else 0.0,
        "state": state_at.state,
        "previousState": state_at.previous,
        "targetRunningInstanceCount": -(-slots // pool.slots_per_node),
        "runningInstanceCount": len(nodes),
        "runningCoreCount": sum(node.machine.core_count for node in nodes),
        "queuedOrRunningTaskInstancesCount": queued,
        "executionTime": span_text(sum(seconds for _, seconds in pool.node_seconds(now))),
        "wallTime": span_text((now if ended is None else ended) - pool.created),
        "stateTransitionTime": date_text(state_at.since),
        "previousStateTransitionTime": date_text(state_at.previous_since),
        "creationDate": date_text(pool.created),
        "lastModified": date_text(max(pool.modified, state_at.since)),
        "endDate": date_text(ended),
    }


def _create(context: RequestContext) -> Response:
    return created_response("pools", context.account.create_pool(context.body(), context.timestamp).uuid)


def _clone(context: RequestContext) -> Response:
    source = _pool(context)
    return json_response({"uuid": context.account.create_pool(context.body(), context.timestamp, source).uuid})


def _scale(context: RequestContext) -> None:
    pool = _pool(context)
    values = {**pool.fields, "scaling": read_policies(context.body())}
    pool.scale(values, context.timestamp.now)


def _refresh(context: RequestContext) -> None:
    if _pool(context).closed is not None:
        raise api_error(400, "Pool is not running")


def _delete(context: RequestContext) -> None:
    pool, now = _pool(context), context.timestamp.now
    pool.close(now)
    pool.deleted = now if pool.deleted is None else pool.deleted


def _list_jobs(context: RequestContext) -> Response:
    uuid = _pool(context).uuid
    return list_response(context, [job for job in render_jobs(context) if job.document["poolUuid"] == uuid])
