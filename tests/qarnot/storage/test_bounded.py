"""The storage's responses: what is larger than any honest one is not read to the end, nor built."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from qarnot_mcp.qarnot.errors import ResponseTooLarge, UnreadableResponse
from qarnot_mcp.qarnot.storage.bounded import MAX_RESPONSE_BYTES, MAX_TAGS, MAX_TEXT_BYTES
from qarnot_mcp.qarnot.storage.pool import StorageCredentials, StoragePool
from tests.support.serving import serve

CREDENTIALS = StorageCredentials("someone@example.com", SecretStr("sandbox-key"))
LARGE, TAGS, TEXT = b"x" * MAX_RESPONSE_BYTES, b"<a/>" * MAX_TAGS, b"x" * MAX_TEXT_BYTES


@asynccontextmanager
async def storage(content: bytes) -> AsyncIterator[str]:
    """Serve a storage that says this to everybody."""

    async def respond(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await Response(content)(scope, receive, send)

    async with serve(respond) as address:
        yield address


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (LARGE + b"x", ResponseTooLarge, "larger than 4,194,304 bytes"),
        (b"<R>" + TAGS + b"</R>", UnreadableResponse, "more than 50,000 tags"),
        (b"<R>x" + TEXT + b"</R>", UnreadableResponse, "a field of more than 16,384 bytes"),
    ],
    ids=["long", "tags", "text"],
)
async def test_a_response_that_no_storage_sends_is_not_built(content: bytes, error: type, words: str) -> None:
    pool = StoragePool()
    try:
        async with storage(content) as address:
            with pytest.raises(error, match=words):
                async with pool.call(address, CREDENTIALS) as s3:
                    await s3.list_buckets()
    finally:
        await pool.close()
