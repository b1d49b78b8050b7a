"""Whether the buckets of a task, and the folders in them, are there: asked of the storage, in bounded time."""

import asyncio
from collections.abc import Sequence

from qarnot_mcp.qarnot.errors import KeyProblem, NotFound, QarnotError
from qarnot_mcp.qarnot.storage.client import StorageClient
from qarnot_mcp.text.masking import masked_line
from qarnot_mcp.tools.submission.file_arguments import ResourceBucket
from qarnot_mcp.tools.submission.findings import Finding

ASKING_SECONDS = 8.0
AT_ONCE = 6
MOST_ASKED = 20
NAME_CHARACTERS = 120
NOT_KNOWN = "Whether its buckets exist shows when it starts."


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
            return Finding(f"resource_buckets: no file is below {masked_line(str(bucket), NAME_CHARACTERS)}.")
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
