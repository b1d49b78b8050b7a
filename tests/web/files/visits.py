"""Visits to the files page without a browser: the server on a sandbox, and requests as the page's script sends them."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.routing import Route

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.http.transport import Transport
from qarnot_mcp.qarnot.storage.pool import StoragePool
from qarnot_mcp.web.files.requests import FilesLinks
from qarnot_mcp.web.files.routes import FilesPage
from tests.support.running_server import SECRET, RunningServer, call, running_server
from tests.support.serving import listening, port_of, serve

LINK_HEADER = "X-Qarnot-Files"
BUCKET = "inputs"


@dataclass(frozen=True)
class Visitor:
    """Somebody who opened a link: requests carry it in a header."""

    http: httpx.AsyncClient
    link: str

    @property
    def sealed(self) -> str:
        """What stands behind the `#`."""
        return self.link.partition("#")[2]

    async def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send a request of the page's script."""
        headers = {LINK_HEADER: self.sealed, **more.pop("headers", {})}
        return await self.http.request(method, f"/files/api{path}", headers=headers, **more)

    async def ok(self, method: str, path: str, **more: Any) -> Any:
        """Send a request that has to work, and return its JSON."""
        response = await self.send(method, path, **more)
        assert response.status_code == 200, response.text
        return response.json()

    async def refused(self, method: str, path: str, **more: Any) -> tuple[int, str]:
        """Send a request that has to be refused, and return its status and the word for why."""
        response = await self.send(method, path, **more)
        return response.status_code, response.json()["error"]

    async def save(self, what: str, **fields: str) -> httpx.Response:
        """Send the form by which a browser saves a file."""
        return await self.http.post(f"/files/{what}", data={"link": self.sealed, **fields})

    async def put(self, path: str, content: bytes) -> None:
        """Upload a small file."""
        await self.ok("PUT", "/file", params={"path": path}, content=content)

    async def paths(self, prefix: str = "") -> list[str]:
        """Return the paths of the files in a folder."""
        return [file["path"] for file in (await self.ok("GET", "/list", params={"prefix": prefix}))["files"]]


@asynccontextmanager
async def visiting(server: RunningServer) -> AsyncIterator["Visits"]:
    """Give visits to a server."""
    async with (
        httpx.AsyncClient(base_url=server.origin, timeout=20) as http,
        server.client(query="?toolsets=storage") as client,
    ):
        yield Visits(server, http, client)


@dataclass(frozen=True)
class Visits:
    """Links of a server, each with a visitor."""

    server: RunningServer
    http: httpx.AsyncClient
    client: Any

    async def uploader(self, bucket: str = BUCKET, **arguments: Any) -> Visitor:
        """Open a link to upload with."""
        offered = await call(self.client, "request_upload", bucket=bucket, create_bucket=True, **arguments)
        return Visitor(self.http, offered["link"])

    async def reader(self, bucket: str = BUCKET, path: str = "in/") -> Visitor:
        """Open a link to a folder, which only reads."""
        return Visitor(self.http, (await call(self.client, "share_file", bucket=bucket, path=path))["link"])


@asynccontextmanager
async def visited_server(**settings: Any) -> AsyncIterator[Visits]:
    """Serve everything, and give visits to it."""
    async with running_server(**settings) as server, visiting(server) as visits:
        yield visits


async def made_link(
    server: RunningServer, http: httpx.AsyncClient, *, secret: SecretStr = SECRET, **changes: Any
) -> Visitor:
    """Open a link that is sealed here, with the secret of a server that was given one."""
    port = server.origin.rpartition(":")[2]
    links = FilesLinks(changes.pop("origin", f"http://localhost:{port}"), [secret], changes.pop("now", time.time))
    grant = {"bucket": BUCKET, "prefix": "", "seconds": 900, "may_write": True, **changes}
    return Visitor(http, await links.make(SecretStr(server.key), **grant))


@asynccontextmanager
async def serve_page(transport: Transport, storage: StoragePool) -> AsyncIterator[tuple[Visitor, FilesPage]]:
    """Serve the page alone, and open a link to it."""
    key = SecretStr("sandbox-empty-alone")
    await QarnotClient(transport, key, storage=storage).storage.create_bucket(BUCKET)
    routes: list[Route] = []

    def route(path: str, methods: list[str]) -> Callable[[Any], Any]:
        return lambda handler: routes.append(Route(path, handler, methods=methods))

    with listening() as listener:
        links = FilesLinks(f"http://127.0.0.1:{port_of(listener)}")
        page = FilesPage(links, transport, storage, read_only=False)
        page.add_to(route)
        async with serve(Starlette(routes=routes), listener=listener) as url, httpx.AsyncClient(base_url=url) as http:
            yield Visitor(http, await links.make(key, BUCKET, "", 900, may_write=True)), page
    await storage.close()
