"""Checks of a task's buckets and of the patterns of its results."""

from collections.abc import Iterator

from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.qarnot.storage.names import check_new_bucket
from qarnot_mcp.text.cleaning import one_line
from qarnot_mcp.tools.submission.file_arguments import as_expression, is_glob
from qarnot_mcp.tools.submission.findings import Finding
from qarnot_mcp.tools.submission.request import TaskRequest

SHOWN_CHARACTERS = 120


def check_patterns(request: TaskRequest) -> Iterator[Finding]:
    """Tell a pattern that reads as a shell's."""
    for parameter, pattern in (
        ("results_whitelist", request.results_whitelist),
        ("results_blacklist", request.results_blacklist),
    ):
        if pattern and is_glob(pattern):
            yield Finding(
                f"{parameter} {one_line(pattern, SHOWN_CHARACTERS)} is a regular expression, in which * repeats what "
                f"is before it; for files as a shell names them: {one_line(as_expression(pattern), SHOWN_CHARACTERS)}"
            )


def check_result_bucket(request: TaskRequest) -> Iterator[Finding]:
    """Tell results that go nowhere, and a bucket that cannot be made."""
    if request.result_bucket is None:
        if request.results_whitelist or request.results_blacklist:
            yield Finding("No result_bucket is given, so no results are kept and the filters do nothing.")
        return
    try:
        check_new_bucket(request.result_bucket, "result_bucket")
    except InvalidArgument as error:
        yield Finding(f"{error} Unless such a bucket exists already, Qarnot cannot make it.")


def check_bucket_order(request: TaskRequest) -> Iterator[Finding]:
    """Tell a bucket that is named twice."""
    twice = {bucket for bucket in request.resource_buckets if request.resource_buckets.count(bucket) > 1}
    for bucket in sorted(twice)[:1]:
        yield Finding(f"resource_buckets names {one_line(bucket, SHOWN_CHARACTERS)} twice.")
