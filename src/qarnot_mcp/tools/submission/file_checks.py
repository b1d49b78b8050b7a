"""Checks of a task's buckets, which the storage is asked for in bounded time, and of the patterns of its results."""

import asyncio
from collections.abc import Iterator, Sequence

from qarnot_mcp.qarnot.errors import InvalidArgument, KeyProblem, NotFound, QarnotError
from qarnot_mcp.qarnot.storage.client import StorageClient
from qarnot_mcp.qarnot.storage.names import check_new_bucket
from qarnot_mcp.text.cleaning import one_line
from qarnot_mcp.text.masking import masked_line
from qarnot_mcp.tools.submission.file_arguments import ResourceBucket, as_expression, is_glob
from qarnot_mcp.tools.submission.request import Finding, TaskRequest

SHOWN_CHARACTERS = 120
ASKING_SECONDS = 8.0
AT_ONCE = 6
MOST_ASKED = 20
NOT_KNOWN = "Whether its buckets exist shows when it starts."


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


async def check_buckets(storage: StorageClient, given: Sequence[str]) -> tuple[list[Finding], str]:
    """Return what is missing of a task's resource buckets, and a sentence on what was looked at.

    Without storage nothing is known, which the sentence says. Raises `KeyProblem`.
    """
    buckets = list(dict.fromkeys(map(ResourceBucket.parse, given)))[:MOST_ASKED]
    places = asyncio.Semaphore(AT_ONCE)

    async def missing(bucket: ResourceBucket) -> Finding | None:
        async with places:
            try:
                page = await storage.files(bucket.name, bucket.prefix, limit=1)
            except NotFound as error:
                return Finding(f"resource_buckets: {error}", refuses=True)
        if bucket.prefix and not page.files:
            return Finding(f"resource_buckets: no file is below {masked_line(str(bucket), SHOWN_CHARACTERS)}.")
        return None

    if not buckets:
        return [], ""
    try:
        async with asyncio.timeout(ASKING_SECONDS):
            found = await asyncio.gather(*map(missing, buckets))
    except KeyProblem:
        raise
    except (QarnotError, TimeoutError):
        return [], NOT_KNOWN
    findings = [finding for finding in found if finding]
    return findings, "" if findings else "Its resource buckets are there."
