"""The files of tasks: what they find of their resource buckets, and what they leave in their result bucket."""

from collections.abc import Callable, Iterable
from contextlib import suppress

from qarnot_mcp.sandbox.platform.buckets import Buckets
from qarnot_mcp.sandbox.platform.expressions import BadExpressionError, compile_expression
from qarnot_mcp.sandbox.platform.instance_states import instance_states_at
from qarnot_mcp.sandbox.platform.plan import InstancePlan
from qarnot_mcp.sandbox.platform.task import FINAL_STATES, Task
from qarnot_mcp.sandbox.wire.errors import StorageError
from qarnot_mcp.sandbox.wire.formats import JsonObject

MAX_INPUTS = 1000
MAX_INPUT_BYTES = 64 * 1024
"""Bytes that a task keeps of one input file; more than that no command prints."""
MAX_INPUTS_BYTES = 256 * 1024
"""Bytes that a task keeps of all of its input files."""
_CONTENT_TYPES = {".png": "image/png", ".csv": "text/csv", ".json": "application/json", ".txt": "text/plain"}


def read_inputs(buckets: Buckets, fields: JsonObject) -> dict[str, bytes]:
    """Return the files of the resource buckets of a new task; of two with one path the last bucket's stays."""
    chosen = [(name, "", "") for name in fields["resourceBuckets"]]
    for given in fields["advancedResourceBuckets"]:
        prefix = given.get("filtering", {}).get("prefixFiltering", {}).get("prefix") or ""
        stripped = given.get("resourcesTransformation", {}).get("stripPrefix", {}).get("prefix") or ""
        chosen.append((given["bucketName"], prefix, stripped))
    inputs: dict[str, bytes] = {}
    left = MAX_INPUTS_BYTES
    for name, prefix, stripped in chosen:
        bucket = buckets.find(name)
        for key in bucket.keys(prefix):
            stored = bucket.get(key)
            if key.endswith("/") or stored is None:
                continue
            if len(inputs) >= MAX_INPUTS:
                return inputs
            content = stored.content[:MAX_INPUT_BYTES]
            kept = content if len(content) <= left else b"sandbox: the content of this file is not kept\n"
            inputs[key.removeprefix(stripped).lstrip("/")] = kept
            left -= len(kept)
    return inputs


def matching_files(
    task: Task, plan: InstancePlan, wanted: str | None, unwanted: str | None, prefix: str | None
) -> dict[str, bytes]:
    """Return the files of an instance that one pattern finds and another does not, by their key below a prefix."""
    is_wanted, is_unwanted = _matcher(wanted, task, default=True), _matcher(unwanted, task, default=False)
    return {
        f"{(prefix or '').lstrip('/')}{path}": content
        for path, content in task.work.run_instance(plan.instance_id).files.items()
        if is_wanted(path) and not is_unwanted(path)
    }


def _matcher(pattern: str | None, task: Task, *, default: bool) -> Callable[[str], bool]:
    """Return the test of a pattern, in which `${NAME}` is the value of the task's constant of that name, on a path.

    One that cannot be read is found nowhere; without one every path has the default.
    """
    if not pattern:
        return lambda path: default
    for name, value in task.constants.items():
        pattern = pattern.replace(f"${{{name}}}", value)
    try:
        expression = compile_expression(pattern)
    except BadExpressionError:
        return lambda path: False
    return lambda path: expression.search(path) is not None


def _result_files(task: Task, plan: InstancePlan) -> dict[str, bytes]:
    """Return the files that an instance leaves, by their key in the result bucket; none where it fails."""
    fields = task.fields
    is_dropped = task.cancelled is not None and not fields["uploadResultsOnCancellation"]
    if fields["resultBucket"] is None or plan.error is not None or is_dropped:
        return {}
    patterns = fields.get("resultsWhitelist"), fields.get("resultsBlacklist")
    return matching_files(task, plan, *patterns, fields.get("resultsBucketPrefix"))


def publish_results(buckets: Buckets, tasks: Iterable[Task], now: int) -> None:
    """Write what instances have left so far into the buckets of their account, once; what does not fit is left out."""
    for task in tasks:
        bucket = task.fields["resultBucket"]
        if bucket is None or task.is_published:
            continue
        plans = [ended.plan for ended in instance_states_at(task, now).succeeded]
        for plan in (plan for plan in plans if plan.instance_id not in task.published_ids):
            task.published_ids.add(plan.instance_id)
            for key, content in _result_files(task, plan).items():
                content_type = _CONTENT_TYPES.get(key[key.rfind(".") :], "")
                with suppress(StorageError):
                    buckets.create(bucket, now)
                    buckets.put(bucket, key, content, plan.ended + (task.released or 0), content_type)
        task.is_published = task.state(now) in FINAL_STATES


def result_addresses(task: Task, plan: InstancePlan) -> list[str] | None:
    """Return the addresses of the files that an instance leaves, as the API shows them; None where there are none."""
    bucket = task.fields["resultBucket"]
    return [f"s3://storage.qarnot.com/{bucket}/{key}" for key in _result_files(task, plan)] or None
