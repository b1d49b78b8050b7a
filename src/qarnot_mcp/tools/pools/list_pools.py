"""The tool that lists pools."""

from typing import Literal, Self

from pydantic import Field

from qarnot_mcp.qarnot.items import ListFilter
from qarnot_mcp.qarnot.pools import CLOSED_STATES, OPEN_STATES, Pool
from qarnot_mcp.tools.answers import Result, date, masked_name, plain_name, plain_state
from qarnot_mcp.tools.checks import Arguments, Cursor, Name, Tags
from qarnot_mcp.tools.context import current_client
from qarnot_mcp.tools.pools.policy_text import policies_of, policy_texts

STATES = {"open": OPEN_STATES, "closed": CLOSED_STATES}
TAGS_SHOWN = 10


class ListPools(Arguments):
    """The arguments of list_pools."""

    state: Literal["open", "closed"] | None = None
    tags: Tags | None = Field(None, description="With one of these.")
    name: Name | None = Field(None, description="A part of it.")
    cursor: Cursor | None = Field(None, description="next_cursor, to read on.")

    @property
    def where(self) -> ListFilter:
        """The filter of the API."""
        return ListFilter(self.tags or (), STATES[self.state] if self.state else (), self.name)


class PoolRow(Result):
    """A pool in a list."""

    uuid: str
    name: str
    state: str
    profile: str | None = None
    policies: list[str] = Field(description="How many slots, and when.")
    machines: int = Field(description="Ready and billed.")
    unfinished_instances: int = Field(description="Of its tasks: waiting or running.")
    created: str | None = None
    closed: str | None = None
    tags: list[str] | None = None

    @classmethod
    def of(cls, pool: Pool) -> Self:
        """Shape one pool."""
        return cls(
            uuid=pool.uuid,
            name=masked_name(pool.name),
            state=plain_state(pool.state),
            profile=plain_name(pool.profile) if pool.profile else None,
            policies=policy_texts(policies_of(pool)),
            machines=pool.nodes,
            unfinished_instances=pool.queued_or_running,
            created=date(pool.created),
            closed=date(pool.ended),
            tags=[masked_name(tag) for tag in pool.tags[:TAGS_SHOWN]] or None,
        )


class PoolList(Result):
    """A page of pools, newest first."""

    pools: list[PoolRow]
    total: int | None = Field(None, description="Pools that match in all.")
    open: int = Field(description="Of those listed here.")
    next_cursor: str | None = Field(None, description="Give it as cursor to read on.")
    hint: str | None = None


async def list_pools(arguments: ListPools) -> PoolList:
    """List Qarnot pools, newest first: state, slots, machines that are billed, and what waits or runs in them."""
    page = await current_client().pools.page(where=arguments.where, cursor=arguments.cursor)
    open_count = sum(pool.is_open for pool in page.items)
    return PoolList(
        pools=[PoolRow.of(pool) for pool in page.items],
        total=page.total,
        open=open_count,
        next_cursor=page.next_cursor,
        hint="Open pools stay open, and may cost credits, until close_pool." if open_count else None,
    )
