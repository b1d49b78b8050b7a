import asyncio
from collections.abc import AsyncIterator

import pytest
from key_value.aio.stores.memory import MemoryStore
from pydantic import SecretStr

from qarnot_mcp.auth.oauth.session_store import (
    GRACE_SECONDS,
    REFRESH_TOKENS,
    SessionStore,
    StoreUnavailable,
    create_store,
)
from qarnot_mcp.settings.fields import SettingsError


@pytest.fixture
async def store() -> AsyncIterator[SessionStore]:
    store = create_store(None, 3_600)
    yield store
    await store.close()


async def test_a_code_works_once(store: SessionStore) -> None:
    await store.add_code("c", 60)
    assert await store.take_code("c")
    assert not await store.take_code("c")


async def test_a_code_that_was_never_issued_does_not_work(store: SessionStore) -> None:
    assert not await store.take_code("c")


async def test_of_many_who_bring_the_same_code_one_wins(store: SessionStore) -> None:
    await store.add_code("c", 60)
    assert sum(await asyncio.gather(*(store.take_code("c") for _ in range(20)))) == 1


async def test_a_refresh_token_works_again_until_its_successor_is_used(store: SessionStore) -> None:
    await store.add_refresh_token("first", "session")
    assert await store.use_refresh_token("first", "session")
    assert await store.use_refresh_token("first", "session")
    await store.add_refresh_token("second", "session")
    assert await store.use_refresh_token("second", "session", predecessor="first")
    assert not await store.use_refresh_token("first", "session")
    assert await store.use_refresh_token("second", "session", predecessor="first")


async def test_a_used_refresh_token_works_for_some_seconds_only_counted_from_its_first_use() -> None:
    entries = MemoryStore()
    store = SessionStore(entries, 3_600)
    await store.add_refresh_token("t", "session")
    assert await store.use_refresh_token("t", "session")
    _, first_seconds = await entries.ttl("t", collection=REFRESH_TOKENS)
    assert await store.use_refresh_token("t", "session")
    _, second_seconds = await entries.ttl("t", collection=REFRESH_TOKENS)
    assert first_seconds is not None
    assert second_seconds is not None
    assert GRACE_SECONDS >= first_seconds > second_seconds


async def test_a_session_from_before_a_restart_goes_on(store: SessionStore) -> None:
    assert await store.use_refresh_token("older", "older session")


async def test_the_sign_ins_of_others_do_not_make_the_store_forget_that_a_session_ended() -> None:
    store = SessionStore(MemoryStore(max_entries_per_collection=10), 3_600)
    await store.end_session("ended")
    for number in range(50):
        await store.add_refresh_token(f"token {number}", f"session {number}")
    assert await store.has_ended("ended")


async def test_an_ended_session_stays_ended(store: SessionStore) -> None:
    await store.add_refresh_token("t", "session")
    assert not await store.has_ended("session")
    await store.end_session("session")
    assert await store.has_ended("session")
    assert not await store.has_ended("another")


class BrokenEntries(MemoryStore):
    """A store whose network is down."""

    async def _get_managed_entry(self, *, key: str, collection: str) -> None:
        raise ConnectionRefusedError("nobody listens")


async def test_a_store_that_does_not_answer_is_named() -> None:
    with pytest.raises(StoreUnavailable):
        await SessionStore(BrokenEntries(), 60).has_ended("session")


class DefectiveEntries(MemoryStore):
    """A store with a defect."""

    async def _get_managed_entry(self, *, key: str, collection: str) -> None:
        raise KeyError("a defect")


async def test_a_defect_is_not_taken_for_an_outage() -> None:
    with pytest.raises(KeyError):
        await SessionStore(DefectiveEntries(), 60).has_ended("session")


async def test_a_redis_that_does_not_answer_is_named() -> None:
    store = create_store(SecretStr("redis://127.0.0.1:1/0"), 60)
    with pytest.raises(StoreUnavailable):
        await store.has_ended("session")
    await store.close()


def test_an_address_that_is_not_one_of_redis_is_refused_without_being_shown() -> None:
    with pytest.raises(SettingsError, match="QARNOT_MCP_STORE_URL is \\(hidden\\)") as caught:
        create_store(SecretStr("mysql://user:password@host"), 60)
    assert "password" not in str(caught.value)
