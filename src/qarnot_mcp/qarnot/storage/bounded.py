"""Responses of the storage as the S3 library receives them: never more of one than there is room for.

The library reads the whole body of every response that is no file, whatever its length, and builds all of its XML.
Import this module late: it loads the library.
"""

import aiohttp
from aiobotocore.awsrequest import AioAWSResponse
from aiobotocore.httpsession import AIOHTTPSession
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ConnectionClosedError

from qarnot_mcp.qarnot.errors import ResponseTooLarge, UnreadableResponse

MAX_RESPONSE_BYTES = 4 * 1024 * 1024
"""A page of 1,000 files with paths of 1,024 bytes, each written in three, takes 3.4 MB."""
MAX_TAGS = 50_000
"""A page of 1,000 files has 20,000; each takes some hundred bytes once it is read."""
MAX_TEXT_BYTES = 16 * 1024
"""Between two tags. The library takes seconds for a date of 500,000 characters."""


class BoundedSession(AIOHTTPSession):  # type: ignore[misc]
    """The library's connections; the body of a response is read here, except where it is a file."""

    async def send(self, request: AWSPreparedRequest) -> AioAWSResponse:
        """Send a request; raises `ResponseTooLarge` or `UnreadableResponse` for a body that is not read."""
        is_file, request.stream_output = request.stream_output, True
        try:
            response = await super().send(request)
        finally:
            request.stream_output = is_file
        if not is_file or response.status_code >= 300:
            try:
                # Where the library keeps what it has read, and looks first.
                response._content = await read_bounded(response.raw)
            except aiohttp.ClientPayloadError as error:
                raise ConnectionClosedError(error=error, request=request, endpoint_url=request.url) from None
        return response


async def read_bounded(response: aiohttp.ClientResponse) -> bytes:
    """Return the body of a response; one that is too large, or has too many tags, is not read to the end."""
    body, tags = bytearray(), 0
    async for part in response.content.iter_any():
        body += part
        tags += part.count(b"<")
        if len(body) > MAX_RESPONSE_BYTES:
            response.close()
            raise ResponseTooLarge(MAX_RESPONSE_BYTES)
        if tags > MAX_TAGS:
            response.close()
            raise UnreadableResponse(f"the storage sent more than {MAX_TAGS:,} tags")
    if any(len(text) > MAX_TEXT_BYTES for text in body.split(b"<")):
        raise UnreadableResponse(f"the storage sent a field of more than {MAX_TEXT_BYTES:,} bytes")
    return bytes(body)
