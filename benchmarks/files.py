"""Files: 2 GB through the files page beside the same storage without it, a long list, and the end of a large file."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

from fastmcp import Client

from benchmarks.connection import Connection
from benchmarks.memory import settled, watched
from benchmarks.parties import ours
from benchmarks.process import Process, running
from benchmarks.report import Table, mebibytes, milliseconds, ratio
from benchmarks.requests import api_request, http_request

PART_BYTES = 8 * 1024 * 1024
PARTS = 256
AT_ONCE = 4
TURNS = 3
BODY = bytes(PART_BYTES)

RequestOf = Callable[[int], bytes]


async def sent(port: int, request_of: RequestOf) -> float:
    """Send 256 parts of 8 MiB, four at a time, and return the seconds that took."""
    numbers = iter(range(1, PARTS + 1))

    async def send() -> None:
        connection = await Connection.to(port)
        for number in numbers:
            status, body = await connection.exchange(request_of(number))
            if status != 200:
                raise RuntimeError(f"a part was refused: {status} {body[:200]!r}")
        connection.close()

    start = time.perf_counter()
    await asyncio.gather(*(send() for _ in range(AT_ONCE)))
    return time.perf_counter() - start


async def through_the_page(server: Process, sealed: str) -> float:
    """Upload a file of 2 GiB as the page does, and return the seconds that took."""
    headers = {"X-Qarnot-Files": sealed}

    async def ask(method: str, path: str) -> Any:
        connection = await Connection.to(server.port)
        status, body = await connection.exchange(http_request(method, path, headers))
        connection.close()
        if status != 200:
            raise RuntimeError(f"{path}: {status} {body[:200]!r}")
        return json.loads(body)

    size = PARTS * PART_BYTES
    upload = (await ask("POST", f"/files/api/uploads?path=large.bin&size={size}"))["upload_id"]
    address = f"/files/api/uploads/part?path=large.bin&upload_id={upload}&number="
    seconds = await sent(server.port, lambda number: http_request("PUT", f"{address}{number}", headers, BODY))
    await ask("POST", f"/files/api/uploads/complete?path=large.bin&upload_id={upload}&size={size}")
    return seconds


async def called(client: Client[Any], tool: str, **arguments: Any) -> tuple[float, int]:
    """Call a tool, and return the seconds that took and the characters of its text."""
    start = time.perf_counter()
    result = await client.call_tool(tool, arguments)
    return time.perf_counter() - start, len(result.content[0].text)  # type: ignore[union-attr]


async def measure() -> list[Table]:
    """Measure uploads, then the two tools that meet large things."""
    storage = running(["-m", "benchmarks.storage", "{port}"], api_request("GET", "/v1/settings"))
    async with (
        storage as api,
        ours(api) as server,
        Client(f"http://localhost:{server.port}/mcp?toolsets=storage") as client,
    ):
        offered = await client.call_tool("request_upload", {"bucket": "b"})
        sealed = str(offered.structured_content["link"]).partition("#")[2]
        return [await measure_uploads(api, server, sealed), await measure_tools(api, client)]


async def measure_uploads(api: Process, server: Process, sealed: str) -> Table:
    """Measure 2 GiB without and with the server, in turns."""

    def straight(number: int) -> bytes:
        return http_request("PUT", f"/b/x?partNumber={number}", {}, BODY)

    before = await settled(server)
    direct, through = [], []
    async with watched(server) as peak:
        for _ in range(TURNS):
            direct.append(await sent(api.port, straight))
            through.append(await through_the_page(server, sealed))
    size = PARTS * PART_BYTES / 2**20
    return Table(
        "Files through the page",
        "2 GiB in parts of 8 MiB, four at a time, to a storage that computes their digests and keeps nothing; MiB a "
        f"second, the median of {TURNS} turns. Memory in MiB: the most that the server held beyond its rest.",
        ("", "MiB/s", "through the page / direct", "memory"),
        [
            ["direct", f"{size / sorted(direct)[TURNS // 2]:.0f}", "", ""],
            [
                "through the page",
                f"{size / sorted(through)[TURNS // 2]:.0f}",
                ratio(sorted(direct)[TURNS // 2], sorted(through)[TURNS // 2]),
                mebibytes(peak.resident_bytes - before),
            ],
        ],
    )


async def measure_tools(api: Process, client: Client[Any]) -> Table:
    """Measure a list of 100,000 objects, and the end of a file of 1 GiB."""

    async def read_bytes() -> int:
        connection = await Connection.to(api.port)
        told = json.loads((await connection.exchange(api_request("GET", "/told")))[1])
        connection.close()
        return int(told["sent_bytes"])

    listed = await called(client, "list_files", bucket="b", recursive=True)
    longest = await called(client, "list_files", bucket="b", recursive=True, limit=1000)
    scanned = await called(client, "list_files", bucket="b", recursive=True, name="none such")
    before = await read_bytes()
    end = await called(client, "read_file", bucket="b", path="large.csv")
    read = await read_bytes() - before
    rows = [
        ["`list_files`, 100 of 100,000", milliseconds(listed[0]), f"{listed[1]:,}", ""],
        ["`list_files`, 1,000 of 100,000", milliseconds(longest[0]), f"{longest[1]:,}", ""],
        ["`list_files`, a name that none has", milliseconds(scanned[0]), f"{scanned[1]:,}", ""],
        ["`read_file`, the end of 1 GiB", milliseconds(end[0]), f"{end[1]:,}", mebibytes(read)],
    ]
    return Table(
        "Long lists and large files",
        "Milliseconds of one call, the characters of its result, and the MiB that were read of the file.",
        ("call", "ms", "characters", "MiB read"),
        rows,
    )
