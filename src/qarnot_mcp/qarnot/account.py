"""The account of a key."""

from qarnot_mcp.qarnot.fields import Record, Text
from qarnot_mcp.qarnot.http.responses import Resource
from qarnot_mcp.qarnot.http.session import Session


class User(Record):
    """The account of a key: its e-mail address, what it uses and what it may use."""

    email: Text
    max_task: int | None = None
    task_count: int | None = None
    max_instances: int | None = None
    running_instance_count: int | None = None
    max_cores: int | None = None
    max_bucket: int | None = None
    quota_bytes_bucket: int | None = None
    """Bytes that all buckets together may hold; 0 where it is not known."""
    used_quota_bytes_bucket: int | None = None


class AccountClient:
    """Calls about the account that the caller's key belongs to."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, *, cached: bool = False) -> User:
        """Return the account (`GET /info`); with `cached` it may be up to a minute old."""
        if cached and (kept := self._session.cached("user", User)):
            return kept
        resource = Resource("account", "of this key")
        return self._session.cache("user", await self._session.get("/info", resource, "the account", User.read))
