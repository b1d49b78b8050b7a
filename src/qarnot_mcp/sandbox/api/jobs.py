"""The routes of jobs."""

from qarnot_mcp.sandbox.api.collections import Rendered, collection_routes, list_response
from qarnot_mcp.sandbox.api.routing import (
    RequestContext,
    Response,
    Routes,
    created_response,
    empty_response,
    json_response,
)
from qarnot_mcp.sandbox.api.task_documents import TaskRenderer
from qarnot_mcp.sandbox.platform.fields import shown_fields
from qarnot_mcp.sandbox.platform.jobs import JOB_FIELDS, Job
from qarnot_mcp.sandbox.wire.formats import JsonObject, date_text


def job_routes(tasks: TaskRenderer) -> Routes:
    """Return the routes below `/jobs`."""

    def list_tasks(context: RequestContext) -> Response:
        own = context.account.tasks_of(_job(context), context.timestamp)
        return list_response(context, [tasks.render(task, context.timestamp.now) for task in own])

    return {
        **collection_routes("jobs", render_jobs),
        ("POST", "jobs"): _create,
        ("GET", "jobs", "*"): lambda context: json_response(_document(_job(context), context.timestamp.now)),
        ("DELETE", "jobs", "*"): empty_response(_delete),
        ("GET", "jobs", "*", "tasks"): list_tasks,
        ("POST", "jobs", "*", "terminate"): empty_response(_terminate),
    }


def _job(context: RequestContext) -> Job:
    return context.account.jobs.all.find(context.request.segments[1], context.timestamp)


def render_jobs(context: RequestContext) -> list[Rendered]:
    """Return every job of the account."""
    jobs = context.account.jobs.all.visible(context.timestamp)
    return [Rendered(_document(job, context.timestamp.now)) for job in jobs]


def _document(job: Job, now: int) -> JsonObject:
    state_at = job.state_at(now)
    return {
        **shown_fields(JOB_FIELDS, job.fields),
        "uuid": job.uuid,
        "shortname": job.shortname,
        "state": state_at.state,
        "previousState": state_at.previous,
        "stateTransitionTime": date_text(state_at.since),
        "previousStateTransitionTime": date_text(state_at.previous_since),
        "creationDate": date_text(job.created),
        "lastModified": date_text(state_at.since),
    }


def _create(context: RequestContext) -> Response:
    return created_response("jobs", context.account.create_job(context.body(), context.timestamp).uuid)


def _terminate(context: RequestContext) -> None:
    job = _job(context)
    tasks = context.account.tasks_of(job, context.timestamp)
    context.account.jobs.terminate(job, tasks, context.timestamp.now)


def _delete(context: RequestContext) -> None:
    job, is_forced = _job(context), (context.request.query_value("force") or "").lower() == "true"
    tasks = context.account.tasks_of(job, context.timestamp)
    context.account.jobs.delete(job, tasks, context.timestamp.now, is_forced=is_forced)
