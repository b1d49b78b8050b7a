"""The API that the benchmarks call: answers made before the request comes, so that it is never what is measured."""

import argparse
import asyncio
import json
import re
from typing import cast

import httptools
import uvloop

from benchmarks import answers

BLOCK_BYTES = 256 * 1024
SLOW_SECONDS = 1.0
SLOW_PATH = f"/v1/tasks/{answers.task_id(answers.SLOW_TASK)}".encode()
_PROFILE = re.compile(rb"/v1/profiles/([a-z-]+)")
_TASK = re.compile(rb"/v1/tasks/[0-9a-f]{8}-0000-4000-8000-([0-9]{12})")
_LOG = re.compile(_TASK.pattern + rb"/(stdout|stderr)")


class Upstream(asyncio.Protocol):
    """One connection of a caller, kept alive."""

    def __init__(self, log_bytes: int, is_hostile: bool, tasks: int) -> None:
        self._log_bytes = log_bytes
        self._tasks = tasks
        self._is_hostile = is_hostile
        self._can_write = asyncio.Event()
        self._sending: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to read requests."""
        # uvloop's transports do not inherit from asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self._parser = httptools.HttpRequestParser(self)
        self._can_write.set()
        self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give up what is still being sent."""
        if self._sending is not None:
            self._sending.cancel()

    def pause_writing(self) -> None:
        """Wait until the caller has read."""
        self._can_write.clear()

    def resume_writing(self) -> None:
        """Go on."""
        self._can_write.set()

    def data_received(self, data: bytes) -> None:
        """Read a part of a request."""
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        """Keep the path."""
        self._path += url

    def on_body(self, body: bytes) -> None:
        """Keep the body."""
        self._body += body

    def on_message_complete(self) -> None:
        """Return."""
        path, body = self._path, self._body
        self._begin()
        if log := _LOG.fullmatch(path):
            size = (
                self._log_bytes if (number := int(log[1])) < answers.SIZED_LOG else 1000 * (number - answers.SIZED_LOG)
            )
            self._sending = asyncio.create_task(self._send_log(log[2].decode(), size))
        elif path.endswith(SLOW_PATH):
            asyncio.get_running_loop().call_later(SLOW_SECONDS, self._send, answers.task(1))
        elif found := _TASK.fullmatch(path):
            self._send(answers.task(int(found[1])))
        elif found := _PROFILE.fullmatch(path):
            self._send(answers.profile(found[1].decode()))
        elif path == b"/v1/tasks/summaries/paginate":
            asked = json.loads(body)
            self._send(answers.page(int(asked["token"] or "0", 16), asked["maximumResults"], self._tasks))
        elif path == b"/v1/tasks/search":
            self._send(answers.tags(tuple(json.loads(body)["filter"]["values"])))
        else:
            self._send(b'{"message":"No such path"}', b"404 Not Found")

    def _begin(self) -> None:
        self._path = b""
        self._body = b""

    def _send(self, body: bytes, status: bytes = b"200 OK") -> None:
        self._transport.write(_head(status, len(body)) + body)

    async def _send_log(self, log_type: str, size: int) -> None:
        """Send a log as the API does: one JSON string."""
        block_of = answers.hostile_log_block if self._is_hostile else answers.log_block
        block = block_of(min(BLOCK_BYTES, size), log_type)
        blocks = max(1, size // len(block))
        self._transport.write(_head(b"200 OK", blocks * len(block) + 2) + b'"')
        for _ in range(blocks):
            await self._can_write.wait()
            self._transport.write(block)
        self._transport.write(b'"')


def _head(status: bytes, length: int) -> bytes:
    return b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, length)


async def serve(port: int, log_bytes: int, is_hostile: bool, tasks: int) -> None:
    """Serve until the process is ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Upstream(log_bytes, is_hostile, tasks), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--log-bytes", type=int, required=True)
    parser.add_argument("--hostile-log", action="store_true", help="the lines of logs are as costly as they can be")
    parser.add_argument("--tasks", type=int, default=answers.TASKS, help="how many the account has")
    options = parser.parse_args()
    uvloop.run(serve(options.port, options.log_bytes, options.hostile_log, options.tasks))
