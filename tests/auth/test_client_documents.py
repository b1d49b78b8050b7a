import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from fastmcp.server.auth import cimd
from fastmcp.server.auth.cimd import CIMDDocument
from fastmcp.server.auth.ssrf import SSRFFetchResponse

from qarnot_mcp.auth.oauth.clients import MAX_FETCHES, MAX_LOOKUPS, ClientDocuments, UnreadableDocument

ADDRESS = "https://client.example/client.json"
DOCUMENT = {"client_id": ADDRESS, "redirect_uris": ["http://localhost/callback"]}


@pytest.fixture
def documents() -> Iterator[ClientDocuments]:
    documents = ClientDocuments(fetch_seconds=0.2)
    yield documents
    documents.close()


async def test_a_host_that_never_finishes_its_response_holds_nobody_for_longer_than_the_limit() -> None:
    async def fetch(address: str) -> CIMDDocument:
        await asyncio.Event().wait()
        raise AssertionError

    documents = ClientDocuments(fetch, fetch_seconds=0.05)
    # The last of them have to wait for a place, which counts as well.
    fetches = [documents.read(ADDRESS) for _ in range(3 * MAX_FETCHES)]
    results = await asyncio.gather(*fetches, return_exceptions=True)
    documents.close()
    assert {str(result) for result in results} == {"it did not arrive within 0.05 s"}


async def test_no_more_than_a_few_documents_are_fetched_at_once() -> None:
    running, most, enough = 0, 0, asyncio.Event()

    async def fetch(address: str) -> CIMDDocument:
        nonlocal running, most
        running += 1
        most = max(most, running)
        if running == MAX_FETCHES:
            enough.set()
        await enough.wait()
        running -= 1
        return CIMDDocument.model_validate(DOCUMENT)

    documents = ClientDocuments(fetch)
    await asyncio.gather(*(documents.read(ADDRESS) for _ in range(3 * MAX_FETCHES)))
    documents.close()
    assert most == MAX_FETCHES


async def test_names_that_hang_keep_no_thread_from_the_rest_of_the_server(
    documents: ClientDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_over, look_up = threading.Event(), socket.getaddrinfo
    hanging: list[str] = []

    def slow(host: Any, *arguments: Any, **named: Any) -> Any:
        if not str(host).endswith(".slow.example"):
            return look_up(host, *arguments, **named)
        hanging.append(str(host))
        is_over.wait(60)
        raise socket.gaierror("the name server does not respond")

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    try:
        for first in range(0, MAX_LOOKUPS, MAX_FETCHES):
            reads = [documents.read(f"https://{n}.slow.example/x") for n in range(first, first + MAX_FETCHES)]
            results = await asyncio.gather(*reads, return_exceptions=True)
            assert all(isinstance(result, UnreadableDocument) for result in results)
        assert len(hanging) == MAX_LOOKUPS
        async with asyncio.timeout(30):
            assert await asyncio.get_running_loop().getaddrinfo("127.0.0.1", 443)
    finally:
        is_over.set()


@pytest.mark.parametrize(
    "address",
    [
        "https://a..b/x",
        "https://.../x",
        f"https://{'x' * 70}.com/x",
        "https://example.com:99999/x",
        "https://example.com:port/x",
        "https://[::1/x",
        "https://exa mple.com/x",
        "https://\ud800.example/x",
    ],
)
async def test_a_malformed_address_is_an_unreadable_document(documents: ClientDocuments, address: str) -> None:
    with pytest.raises(UnreadableDocument):
        await documents.read(address)


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (b"\xff\xfe\x00", {}),
        (b"[" * 5_000, {}),
        (b"1" * 5_000, {}),
        (b'{"client_id": 1}', {}),
        (b"{}", {"Expires": "Fri, 31 Dec 999999 23:59:59 GMT"}),
        (b"{}", {"Expires": "Fri, 01 Jan 0001 00:00:00 +2359"}),
        (b"{}", {"Cache-Control": f"max-age={'9' * 400}"}),
        (json.dumps({**DOCUMENT, "client_id": "https://other.example/client.json"}).encode(), {}),
        (json.dumps({**DOCUMENT, "redirect_uris": ["http://[/"]}).encode(), {}),
    ],
)
async def test_a_malformed_document_is_an_unreadable_one(
    documents: ClientDocuments, monkeypatch: pytest.MonkeyPatch, content: bytes, headers: dict[str, str]
) -> None:
    async def respond(*_: Any, **named: Any) -> SSRFFetchResponse:
        return SSRFFetchResponse(content, 200, headers)

    monkeypatch.setattr(cimd, "ssrf_safe_fetch_response", respond)
    with pytest.raises(UnreadableDocument):
        await documents.read(ADDRESS)
