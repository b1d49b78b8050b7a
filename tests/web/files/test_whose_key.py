"""A link to the files page holds the key of who asked for it, and outlives the process that made it."""

from typing import Any

import httpx
import pytest
from fastmcp import Client

from tests.support.browsing import PersonalOAuth
from tests.support.running_server import SECRET, SERVER_KEY, call, full_server, running_server, used
from tests.web.files.visits import Visitor, made_link

BUCKET = "inputs"


@pytest.mark.filterwarnings("ignore:Using in-memory token storage")
async def test_a_person_who_signed_in_uploads_with_a_key_of_their_own() -> None:
    async with full_server() as server, httpx.AsyncClient(base_url=server.origin, timeout=20) as http:
        url = f"{server.url}?toolsets=storage"
        async with Client(url, auth=PersonalOAuth(url, "sandbox-empty-alice")) as alice:
            link = (await call(alice, "request_upload", bucket=BUCKET, create_bucket=True))["link"]
            await Visitor(http, link).put("a.txt", b"of alice")
            assert (await call(alice, "read_file", bucket=BUCKET, path="a.txt"))["text"] == "of alice"
        async with Client(url, auth=PersonalOAuth(url, "sandbox-empty-bob")) as bob:
            assert (await call(bob, "list_buckets"))["buckets"] == []
        assert used(await server.requests(), SERVER_KEY) == 0


@pytest.mark.filterwarnings("ignore:Using in-memory token storage")
async def test_a_person_who_chose_read_only_gets_no_link_that_writes() -> None:
    async with full_server() as server:
        url = f"{server.url}?toolsets=storage"
        async with Client(url, auth=PersonalOAuth(url, "sandbox-alice", read_only="yes")) as alice:
            assert "request_upload" not in {tool.name for tool in await alice.list_tools()}
            assert "share_file" in {tool.name for tool in await alice.list_tools()}


async def test_a_link_of_a_secret_that_is_set_works_on_every_replica_and_after_a_restart() -> None:
    public: dict[str, Any] = {"public_url": "http://localhost:8765", "auth": "key", "secret_key": [SECRET]}
    async with running_server(**public) as first, httpx.AsyncClient(base_url=first.origin) as http:
        link = (await made_link(first, http, origin="http://localhost:8765")).link
    async with running_server(**public) as second, httpx.AsyncClient(base_url=second.origin) as http:
        async with second.client(query="?toolsets=storage") as client:
            await call(client, "request_upload", bucket=BUCKET, create_bucket=True)
        assert (await Visitor(http, link).ok("GET", "/place"))["bucket"] == BUCKET
