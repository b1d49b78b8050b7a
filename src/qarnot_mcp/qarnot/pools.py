"""Pools: machines that are kept ready, and run one task after another."""

from qarnot_mcp.qarnot.fields import Id, Record, State, Text
from qarnot_mcp.qarnot.http.responses import Resource
from qarnot_mcp.qarnot.http.session import Session
from qarnot_mcp.qarnot.identifiers import check_task_id

CLOSED_STATES = frozenset({"Closing", "Closed", "Failure", "PendingDelete"})


class Pool(Record):
    """A pool."""

    uuid: Id
    name: Text = ""
    state: State

    @property
    def is_open(self) -> bool:
        """Whether it takes tasks."""
        return self.state not in CLOSED_STATES


class PoolsClient:
    """Calls about pools. A pool is named by its UUID or its shortname; `NotFound` where the key sees no such pool."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, pool_id: str) -> Pool:
        """Return one pool (`GET /pools/{id}`)."""
        pool_id = check_task_id(pool_id, "pool_uuid")
        return await self._session.get(f"/pools/{pool_id}", Resource("pool", pool_id), "the pool", Pool.read)
