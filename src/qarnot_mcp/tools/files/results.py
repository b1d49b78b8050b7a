"""Where the results of a task are, and which instance made which."""

from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.text.cleaning import one_line

MAX_RESULTS = 100_000
PATH_CHARACTERS = 1024


def shown_path(path: str) -> str:
    """Return a path of the storage, which a stranger may have chosen, as a result shows it."""
    return one_line(path, PATH_CHARACTERS)


def result_place(task: Task) -> tuple[str, str]:
    """Return the bucket and the prefix of a task's results; raise `InvalidArgument` for a task without a bucket."""
    if not task.result_bucket:
        hint = "Its output is in its log: get_task_logs."
        raise InvalidArgument("task_uuid", task.uuid, "a task that has a result_bucket, which this one has not", hint)
    prefix = task.raw.get("resultsBucketPrefix")
    return task.result_bucket, prefix[:PATH_CHARACTERS].lstrip("/") if isinstance(prefix, str) else ""


def no_results(task: Task) -> str | None:
    """Return why a task that has ended left no results, where it could have left some."""
    if not task.is_final or not task.result_bucket or task.results_count or instances_by_path(task):
        return None
    rule = "Results are files below /job that are new or changed, and pass results_whitelist and results_blacklist."
    if task.state == "Cancelled":
        rule += " A cancelled task leaves them only with upload_results_on_cancellation."
    return f"It ended without results. {rule}"


def instances_by_path(task: Task) -> dict[str, int]:
    """Return the instance that made each result, by path in the result bucket, as far as the API tells."""
    made_by: dict[str, int] = {}
    for instance in task.completed_instances:
        for address in instance.results:
            if len(made_by) >= MAX_RESULTS or instance.instance_id is None:
                return made_by
            if path := path_in_bucket(address, task.result_bucket or ""):
                made_by[path] = instance.instance_id
    return made_by


def path_in_bucket(address: str, bucket: str) -> str:
    """Return the path in an address such as `s3://storage.qarnot.com/bucket/folder/file`; empty for others."""
    _, _, rest = address[:2048].partition("://")
    _, found, path = f"/{rest}".partition(f"/{bucket}/")
    return path if found else ""
