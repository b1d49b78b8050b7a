"""Uploads as they come, on the sandbox's storage over a real socket."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import NotFound, QarnotError, ReadOnly, StorageRefused, StorageUnavailable
from qarnot_mcp.qarnot.http.transport import Transport
from qarnot_mcp.qarnot.storage.pool import StoragePool
from qarnot_mcp.qarnot.storage.uploads import PART_BYTES
from qarnot_mcp.sandbox.app import create_app
from tests.support.serving import serve

KEY = "sandbox-empty-uploads"


async def pieces(*content: bytes) -> AsyncIterator[bytes]:
    for piece in content:
        yield piece


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    async with serve(create_app(speed=1000, seed=1)) as url, Transport(url, "1") as transport:
        yield transport


@pytest.fixture
async def pool() -> AsyncIterator[StoragePool]:
    pool = StoragePool()
    yield pool
    await pool.close()


@pytest.fixture
async def client(transport: Transport, pool: StoragePool) -> QarnotClient:
    client = QarnotClient(transport, SecretStr(KEY), storage=pool)
    await client.storage.create_bucket("files")
    return client


async def test_a_file_is_written_as_its_pieces_come(client: QarnotClient) -> None:
    await client.uploads.put("files", "a b.txt", pieces(b"one ", b"two"), 7, "text/plain")
    assert await client.storage.read("files", "a b.txt", 0, 100) == b"one two"
    await client.uploads.put("files", "empty", pieces(), 0, "text/plain")
    assert (await client.storage.file("files", "empty")).size_bytes == 0


async def test_an_upload_in_parts_knows_its_parts_and_becomes_a_file(client: QarnotClient) -> None:
    uploads = client.uploads
    upload_id = await uploads.begin("files", "large", "text/plain")
    block = b"x" * (PART_BYTES // 8)
    await uploads.put_part("files", "large", upload_id, 1, pieces(*[block] * 8), PART_BYTES)
    await uploads.put_part("files", "large", upload_id, 2, pieces(b"end"), 3)
    parts = await uploads.parts("files", "large", upload_id)
    assert [(part.number, part.size_bytes) for part in parts] == [(1, PART_BYTES), (2, 3)]
    await uploads.complete("files", "large", upload_id, parts)
    file = await client.storage.file("files", "large")
    assert (file.size_bytes, file.content_type) == (PART_BYTES + 3, "text/plain")
    with pytest.raises(NotFound, match="No upload"):
        await uploads.parts("files", "large", upload_id)


async def test_an_aborted_upload_leaves_nothing(client: QarnotClient) -> None:
    upload_id = await client.uploads.begin("files", "large", "text/plain")
    await client.uploads.put_part("files", "large", upload_id, 1, pieces(b"part"), 4)
    await client.uploads.abort("files", "large", upload_id)
    with pytest.raises(NotFound):
        await client.uploads.parts("files", "large", upload_id)
    assert (await client.storage.files("files")).files == ()


async def test_pieces_that_break_off_write_nothing(client: QarnotClient) -> None:
    with pytest.raises(QarnotError) as broken:
        await client.uploads.put("files", "half", pieces(b"half"), 8, "text/plain")
    assert isinstance(broken.value, StorageUnavailable)
    assert (await client.storage.files("files")).files == ()


async def test_what_the_storage_refuses_is_told(client: QarnotClient) -> None:
    with pytest.raises(StorageRefused, match="too large for one upload"):
        await client.uploads.put("files", "huge", pieces(*[b"x" * 2**20] * 65), 65 * 2**20, "text/plain")
    with pytest.raises(NotFound, match="No bucket"):
        await client.uploads.put("other", "a", pieces(b"x"), 1, "text/plain")


async def test_a_reading_client_uploads_nothing(transport: Transport, pool: StoragePool) -> None:
    uploads = QarnotClient(transport, SecretStr(KEY), read_only=True, storage=pool).uploads
    for refused in (
        uploads.put("files", "a", pieces(b"x"), 1, ""),
        uploads.begin("files", "a", ""),
        uploads.put_part("files", "a", "id", 1, pieces(b"x"), 1),
        uploads.complete("files", "a", "id", []),
        uploads.abort("files", "a", "id"),
    ):
        with pytest.raises(ReadOnly):
            await refused
