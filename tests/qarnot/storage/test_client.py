"""The storage client on the sandbox's storage, over a real socket."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from starlette.types import Message, Receive, Scope, Send

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import NoStorage, NotFound, ReadOnly, StorageRefused, StorageUnavailable
from qarnot_mcp.qarnot.http.transport import Transport
from qarnot_mcp.qarnot.storage.client import StorageClient
from qarnot_mcp.qarnot.storage.pool import StoragePool
from qarnot_mcp.sandbox.app import create_app
from tests.support.serving import serve

Connect = Callable[..., StorageClient]
KEY = "sandbox-empty-client"


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with serve(create_app(speed=1000, seed=1)) as base_url:
        yield base_url


@pytest.fixture
async def connect(url: str) -> AsyncIterator[Connect]:
    pool = StoragePool()
    async with Transport(url, "1") as transport:

        def connect(key: str = KEY, *, read_only: bool = False) -> StorageClient:
            return QarnotClient(transport, SecretStr(key), read_only=read_only, storage=pool).storage

        yield connect
        await pool.close()


class OddSender:
    """Sends on the connection of a request, and tells another number of objects in a bucket."""

    def __init__(self, send: Any, count: str) -> None:
        self.send_on, self.transport, self.count = send, getattr(send.__self__, "transport", None), count

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [
                (name, self.count.encode() if name == b"x-rgw-object-count" else value)
                for name, value in message["headers"]
            ]
            message = {**message, "headers": headers}
        await self.send_on(message)


@pytest.mark.parametrize("count", ["²", "-1", "", "9" * 5000])
async def test_a_count_that_is_no_number_is_none(count: str) -> None:
    sandbox = create_app(speed=1000, seed=1)

    async def odd(scope: Scope, receive: Receive, send: Send) -> None:
        await sandbox(scope, receive, OddSender(send, count).send)

    async with serve(odd) as url, Transport(url, "1") as transport:
        pool = StoragePool()
        storage = QarnotClient(transport, SecretStr(KEY), read_only=False, storage=pool).storage
        await storage.create_bucket("files")
        assert await storage.statistics("files") is None
        await pool.close()


async def fault(url: str, **fields: object) -> None:
    async with httpx.AsyncClient() as http:
        (await http.post(f"{url}/sandbox/faults", json=fields)).raise_for_status()


async def test_files_are_written_listed_read_and_deleted(connect: Connect) -> None:
    storage = connect()
    await storage.create_bucket("files")
    for path in ("a.txt", "deep/b.txt", "deep/c é+.txt"):
        await storage.write("files", path, f"content of {path}".encode(), "text/plain")
    assert [bucket.name for bucket in await storage.buckets()] == ["files"]
    statistics = await storage.statistics("files")
    assert statistics is not None
    assert (statistics.files, statistics.size_bytes) == (3, 62)
    folded = await storage.files("files", folded=True)
    assert ([file.path for file in folded.files], folded.folders) == (["a.txt"], ("deep/",))
    first = await storage.files("files", limit=2)
    assert first.next_marker == "deep/b.txt"
    rest = await storage.files("files", after=first.next_marker)
    assert ([file.path for file in rest.files], rest.next_marker) == (["deep/c é+.txt"], None)
    assert (await storage.file("files", "a.txt")).content_type == "text/plain"
    assert await storage.read("files", "deep/c é+.txt", 0, 7) == b"content"
    assert [piece async for piece in storage.stream("files", "a.txt", 9)] == [b"content o"]
    await storage.delete("files", ["a.txt", "deep/b.txt", "deep/c é+.txt"])
    await storage.delete_bucket("files")
    assert await storage.buckets() == []


async def test_a_range_is_read_whole_although_it_arrives_in_pieces(connect: Connect) -> None:
    storage = connect()
    await storage.create_bucket("files")
    content = bytes(range(256)) * 20_000
    await storage.write("files", "large.bin", content, "")
    assert await storage.read("files", "large.bin", 7, 4_000_000) == content[7:4_000_007]


async def test_a_link_reads_and_another_writes_without_a_key(connect: Connect) -> None:
    storage = connect()
    await storage.create_bucket("files")
    async with httpx.AsyncClient() as http:
        up = await storage.link("PUT", "files", "a b.txt", 300)
        assert (await http.put(up, content=b"from outside")).status_code == 200
        down = await storage.link("GET", "files", "a b.txt", 300)
        assert (await http.get(down)).text == "from outside"
        assert (await http.put(down, content=b"x")).status_code == 403
    assert KEY not in up + down


async def test_callers_at_the_same_time_each_see_their_own(connect: Connect) -> None:
    clients = [connect(f"sandbox-empty-{number}") for number in range(20)]
    for number, storage in enumerate(clients):
        await storage.create_bucket(f"bucket-{number}")
    seen = await asyncio.gather(*(storage.buckets() for storage in clients * 3))
    assert [[bucket.name for bucket in buckets] for buckets in seen] == [[f"bucket-{n}"] for n in range(20)] * 3


async def test_a_missing_bucket_comes_with_the_nearest_names(connect: Connect) -> None:
    storage = connect()
    await storage.create_bucket("meshes-fine")
    with pytest.raises(NotFound, match="nearest names are meshes-fine"):
        await storage.files("meshes-fin")
    with pytest.raises(NotFound, match="nearest names are meshes-fine"):
        await storage.statistics("meshes-fin")
    with pytest.raises(NotFound, match="No file"):
        await storage.file("meshes-fine", "x.txt")


async def test_refusals_teach(connect: Connect) -> None:
    storage = connect()
    await storage.create_bucket("files")
    await storage.write("files", "a.txt", b"", "text/plain")
    with pytest.raises(StorageRefused, match="still holds files"):
        await storage.delete_bucket("files")
    with pytest.raises(StorageRefused, match="the file ends before"):
        await storage.read("files", "a.txt", 5, 5)
    for number in range(99):
        await storage.create_bucket(f"bucket-{number}")
    with pytest.raises(StorageRefused, match="as many buckets"):
        await storage.create_bucket("one-more")


async def test_a_reading_client_writes_nothing(connect: Connect) -> None:
    storage = connect(read_only=True)
    for refused in (
        storage.create_bucket("files"),
        storage.write("files", "a", b"", ""),
        storage.delete("files", ["a"]),
        storage.delete_bucket("files"),
        storage.link("PUT", "files", "a", 60),
    ):
        with pytest.raises(ReadOnly):
            await refused


async def test_a_storage_that_fails_is_tried_again_and_then_said_to_be_down(connect: Connect, url: str) -> None:
    storage = connect()
    await storage.buckets()
    await fault(url, kind="status", status=503, count=1, match={"path": "/storage/*"})
    assert await storage.buckets() == []
    await fault(url, kind="status", status=503, count=0, match={"path": "/storage/*"})
    with pytest.raises(StorageUnavailable, match="status 503"):
        await storage.buckets()


async def test_a_pool_that_does_not_try_again_says_so_at_once(url: str) -> None:
    pool = StoragePool(is_retrying=False)
    async with Transport(url, "1") as transport:
        storage = QarnotClient(transport, SecretStr(KEY), storage=pool).storage
        await storage.buckets()
        await fault(url, kind="status", status=503, count=1, match={"path": "/storage/*"})
        with pytest.raises(StorageUnavailable, match="status 503"):
            await storage.buckets()
        assert await storage.buckets() == []
        await pool.close()


async def test_a_platform_without_storage_says_so() -> None:
    # A sandbox in this process has no address that a storage could be reached at.
    async with Transport("http://sandbox", "1", application=create_app(seed=1)) as transport:
        client = QarnotClient(transport, SecretStr(KEY), storage=StoragePool())
        with pytest.raises(NoStorage, match="this platform has none"):
            await client.storage.buckets()
