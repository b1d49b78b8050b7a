"""The only state of the sign-in: which codes are unused, which refresh tokens are current, which sessions ended."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from key_value.aio.errors import BaseKeyValueError
from key_value.aio.protocols import AsyncKeyValue
from key_value.aio.stores.memory import MemoryStore
from pydantic import SecretStr

from qarnot_mcp.settings.fields import SettingsError

CODES = "qarnot_mcp_codes"
REFRESH_TOKENS = "qarnot_mcp_refresh_tokens"
SESSIONS = "qarnot_mcp_sessions"
ENDED_SESSIONS = "qarnot_mcp_ended_sessions"
# A client that lost the response, or that refreshes in two processes at once, uses its token again within seconds.
GRACE_SECONDS = 45
MAX_ENTRIES_IN_MEMORY = 100_000
REDIS_TIMEOUT_SECONDS = 5


class StoreUnavailable(Exception):  # noqa: N818 - a state, not a mistake
    """The store does not respond, so nothing is known about codes and sessions."""


class SessionStore:
    """Remember each session, which is all tokens of one sign-in, until its last token has expired.

    Entries hold random ids, never a key or token. Taking a code out of the store is atomic in memory and in Redis
    alike, so of two replicas that get the same code at the same time only one can use it. Ended sessions have a
    collection of their own, so that the sign-ins of others cannot push them out of a bounded memory.
    """

    def __init__(
        self, entries: AsyncKeyValue, session_seconds: float, close: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self._entries = entries
        self._session_seconds = session_seconds
        self._close = close

    async def close(self) -> None:
        """Close the connections to Redis, if there are any."""
        if self._close is not None:
            await self._close()

    async def add_code(self, code_id: str, lifetime_seconds: float) -> None:
        """Record a code as unused."""
        async with _store_errors():
            await self._entries.put(code_id, {}, collection=CODES, ttl=lifetime_seconds)

    async def take_code(self, code_id: str) -> bool:
        """Use a code up; return False for one that was used before, has expired or was never issued."""
        async with _store_errors():
            taken: bool = await self._entries.delete(code_id, collection=CODES)
        return taken

    async def add_refresh_token(self, token_id: str, session_id: str) -> None:
        """Record a refresh token as unused."""
        async with _store_errors():
            await self._entries.put(token_id, {"used": False}, collection=REFRESH_TOKENS, ttl=self._session_seconds)
            await self._entries.put(session_id, {}, collection=SESSIONS, ttl=self._session_seconds)

    async def use_refresh_token(self, token_id: str, session_id: str, predecessor: str | None = None) -> bool:
        """Use a refresh token; return False for one that was used before.

        A token can be used again for some seconds, until one that was issued for it is used: `predecessor`, the token
        that this one was issued for, is of no use from now on. A session that the store does not know began before the
        store lost its memory (a restart without Redis): its token is accepted, so that a restart signs nobody out.
        """
        async with _store_errors():
            entry = await self._entries.get(token_id, collection=REFRESH_TOKENS)
            if entry is None:
                return await self._entries.get(session_id, collection=SESSIONS) is None
            if not entry["used"]:
                await self._entries.put(token_id, {"used": True}, collection=REFRESH_TOKENS, ttl=GRACE_SECONDS)
                if predecessor is not None:
                    await self._entries.delete(predecessor, collection=REFRESH_TOKENS)
        return True

    async def end_session(self, session_id: str) -> None:
        """End a session: none of its tokens is accepted any more."""
        async with _store_errors():
            await self._entries.put(session_id, {}, collection=ENDED_SESSIONS, ttl=self._session_seconds)

    async def has_ended(self, session_id: str) -> bool:
        """Return whether the session was ended."""
        async with _store_errors():
            return await self._entries.get(session_id, collection=ENDED_SESSIONS) is not None


def create_store(store_url: SecretStr | None, session_seconds: float) -> SessionStore:
    """Create the store: in Redis at `store_url`, or without one in the memory of this process.

    Raises `SettingsError` for an address that is not one of Redis, or when the `redis` extra is not installed.
    """
    if store_url is None:
        return SessionStore(MemoryStore(max_entries_per_collection=MAX_ENTRIES_IN_MEMORY), session_seconds)
    try:
        from key_value.aio.stores.redis import RedisStore
        from redis.asyncio import Redis
    except ImportError:
        raise SettingsError(
            "QARNOT_MCP_STORE_URL is set, but the package for Redis is not installed: install `qarnot-mcp[redis]`."
        ) from None
    try:
        client = Redis.from_url(
            store_url.get_secret_value(),
            decode_responses=True,
            socket_timeout=REDIS_TIMEOUT_SECONDS,
            socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
        )
    except ValueError:
        raise SettingsError(
            "QARNOT_MCP_STORE_URL is (hidden), which is not valid: give an address such as redis://redis:6379/0."
        ) from None
    return SessionStore(RedisStore(client=client), session_seconds, client.aclose)


@asynccontextmanager
async def _store_errors() -> AsyncIterator[None]:
    try:
        yield
    except (BaseKeyValueError, OSError, TimeoutError) as error:
        raise StoreUnavailable(type(error).__name__) from error
    except Exception as error:
        if type(error).__module__.startswith("redis."):  # the package may be missing, so its errors have no name here
            raise StoreUnavailable(type(error).__name__) from error
        raise
