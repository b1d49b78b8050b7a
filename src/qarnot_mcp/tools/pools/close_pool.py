"""The tool that closes a pool, and deletes it where that is wanted."""

from typing import Literal

from pydantic import Field

from qarnot_mcp.tools.answers import Number, Result, masked_name, plain_state, rounded
from qarnot_mcp.tools.checks import Arguments, PoolIdParameter
from qarnot_mcp.tools.context import current_client


class ClosePool(Arguments):
    """The arguments of close_pool."""

    pool_uuid: PoolIdParameter
    delete: bool = Field(False, description="Delete it, too; its tasks and their results stay.")


class PoolClosed(Result):
    """A pool after it was closed."""

    uuid: str
    name: str
    state: str
    deleted: Literal[True] | None = None
    cancelled_instances: int | None = Field(None, description="Of its tasks, that waited or ran.")
    credits_used: Number | None = Field(None, description="Euros, until now.")
    note: str | None = None


async def close_pool(arguments: ClosePool) -> PoolClosed:
    """Close a Qarnot pool, which ends its cost for good and cancels the tasks that wait or run in it."""
    client = current_client()
    before = await client.pools.get(arguments.pool_uuid)
    credits_used = await client.credits.of_pool(before.uuid)
    if arguments.delete:
        await client.pools.delete(before.uuid)
        state = "Deleted"
    else:
        state = plain_state((await client.pools.close(before.uuid)).state)
    return PoolClosed(
        uuid=before.uuid,
        name=masked_name(before.name),
        state=state,
        deleted=True if arguments.delete else None,
        cancelled_instances=before.queued_or_running or None if before.is_open else None,
        credits_used=rounded(credits_used, 2),
        note=None if before.is_open else "It was closed already.",
    )
