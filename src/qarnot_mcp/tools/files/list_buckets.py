"""The tool that lists buckets."""

import asyncio
from contextlib import suppress

from pydantic import Field

from qarnot_mcp.qarnot.errors import QarnotError
from qarnot_mcp.qarnot.storage.client import BucketStatistics, StorageClient
from qarnot_mcp.tools.answers import Result, date, truncate_to_budget
from qarnot_mcp.tools.checks import NoArguments
from qarnot_mcp.tools.context import current_client

COUNTED_BUCKETS = 50
COUNTING_SECONDS = 5.0
COUNTS_AT_ONCE = 8


class BucketRow(Result):
    """One bucket; files and size_bytes are left out where the storage does not tell them in time."""

    name: str
    created: str | None = None
    files: int | None = None
    size_bytes: int | None = None


class BucketList(Result):
    """The buckets of an account, and what is left of its storage."""

    buckets: list[BucketRow]
    quota_bytes: int | None = Field(None, description="What all buckets together may hold.")
    used_bytes: int | None = None
    max_buckets: int | None = None
    left_out: str | None = None


async def list_buckets(arguments: NoArguments) -> BucketList:
    """List the account's buckets, what each holds, and the storage quota."""
    client = current_client()
    storage = client.storage
    found = await storage.buckets()
    user, statistics = await asyncio.gather(
        client.account.get(), read_statistics(storage, [bucket.name for bucket in found[:COUNTED_BUCKETS]])
    )
    rows = []
    for bucket in found:
        known = statistics.get(bucket.name)
        files, size = (known.files, known.size_bytes) if known else (None, None)
        rows.append(BucketRow(name=bucket.name, created=date(bucket.created), files=files, size_bytes=size))
    shown, left_out = truncate_to_budget(rows, "buckets")
    return BucketList(
        buckets=shown,
        quota_bytes=user.quota_bytes_bucket or None,
        used_bytes=user.used_quota_bytes_bucket,
        max_buckets=user.max_bucket or None,
        left_out=left_out,
    )


async def read_statistics(storage: StorageClient, buckets: list[str]) -> dict[str, BucketStatistics]:
    """Return what some buckets hold, as far as the storage tells it within five seconds."""
    known: dict[str, BucketStatistics] = {}
    places = asyncio.Semaphore(COUNTS_AT_ONCE)

    async def read(bucket: str) -> None:
        async with places:
            try:
                statistics = await storage.statistics(bucket)
            except QarnotError:
                return  # one bucket that cannot be counted hides no other
        if statistics is not None:
            known[bucket] = statistics

    with suppress(TimeoutError):
        async with asyncio.timeout(COUNTING_SECONDS):
            await asyncio.gather(*map(read, buckets))
    return known
