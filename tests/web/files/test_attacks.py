"""What somebody may try on the files page, with a link or without one."""

import asyncio
import io
import logging
import time
import zipfile
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.http.transport import Transport
from qarnot_mcp.qarnot.storage.pool import StoragePool
from qarnot_mcp.qarnot.storage.uploads import PART_BYTES
from tests.support.running_server import SECRET, running_server
from tests.web.files.visits import Visitor, Visits, made_link, serve_page, visiting

EVIL_NAMES = (
    "../../x",
    "/etc/passwd",
    "C:\\windows\\x",
    "a\x00b\x1b[31m.txt",
    "con.txt",
    "...",
    "\u202egnp.exe",
    "A",
    "a",
)


@pytest.fixture(scope="module")
async def visits() -> AsyncIterator[Visits]:
    async with running_server(secret_key=[SECRET]) as server, visiting(server) as visits:
        yield visits


@pytest.fixture
async def visitor(visits: Visits) -> Visitor:
    return await visits.uploader(prefix="in/")


async def test_a_link_changed_by_a_byte_lets_nobody_in(visitor: Visitor) -> None:
    sealed = visitor.sealed
    for position in (0, len(sealed) // 2, len(sealed) - 2):
        other = "A" if sealed[position] != "A" else "B"
        changed = Visitor(visitor.http, f"#{sealed[:position]}{other}{sealed[position + 1 :]}")
        assert await changed.refused("GET", "/place") == (401, "link")
    assert await Visitor(visitor.http, "").refused("GET", "/list") == (401, "link")


async def test_an_expired_link_says_that_it_has_expired(visits: Visits) -> None:
    expired = await made_link(visits.server, visits.http, now=lambda: time.time() - 901)
    assert await expired.refused("GET", "/list") == (401, "expired")
    assert "expired" in (await expired.save("zip", prefix="")).text


async def test_a_link_of_another_address_or_another_secret_lets_nobody_in(visits: Visits) -> None:
    other_address = await made_link(visits.server, visits.http, origin="https://other.example.org")
    assert await other_address.refused("GET", "/list") == (401, "link")
    other_secret = await made_link(visits.server, visits.http, secret=SecretStr("another secret, as long as the other"))
    assert await other_secret.refused("GET", "/list") == (401, "link")


async def test_what_is_sealed_for_something_else_is_no_link(visits: Visits) -> None:
    from qarnot_mcp.auth.oauth.sealing import Registration, Sealer

    sealed = Sealer([SECRET]).seal(Registration(name="client", redirect_uris=[]))
    assert await Visitor(visits.http, f"#{sealed}").refused("GET", "/list") == (401, "link")


@pytest.mark.parametrize("path", ["../out.txt", "a/../../out.txt", "..", "/out.txt", "a//b", "a\\..\\b", "", "x/"])
async def test_no_path_leaves_the_folder_of_the_link(visitor: Visitor, path: str) -> None:
    assert await visitor.refused("PUT", "/file", params={"path": path}, content=b"x") == (400, "path")
    assert await visitor.refused("GET", "/preview", params={"path": path}) == (400, "path")
    assert await visitor.refused("POST", "/uploads", params={"path": path, "size": "1"}) == (400, "path")
    assert (await visitor.save("download", path=path)).status_code == 400


async def test_no_prefix_and_no_bucket_leaves_the_link(visits: Visits, visitor: Visitor) -> None:
    await (await visits.uploader("other")).put("secret.txt", b"x")
    assert await visitor.refused("GET", "/list", params={"prefix": "../"}) == (400, "path")
    assert (await visitor.save("zip", prefix="../")).status_code == 400
    listed = await visitor.ok("GET", "/list", params={"bucket": "other", "prefix": ""})
    assert listed["files"] == []
    missing = await visitor.save("download", path="<secret>.txt", bucket="other")
    assert missing.status_code == 404
    assert "No file &#x27;inputs/in/&lt;secret&gt;.txt&#x27;" in missing.text


@pytest.mark.parametrize("name", ["a\nb", "a\x00b", "a\x1b[31mb", "a\x7fb", "\u0085"])
async def test_a_name_with_control_characters_is_refused(visitor: Visitor, name: str) -> None:
    assert await visitor.refused("PUT", "/file", params={"path": name}, content=b"x") == (400, "path")


async def test_a_link_that_reads_writes_nothing(visits: Visits, visitor: Visitor) -> None:
    await visitor.put("a.txt", b"as it was")
    reader = await visits.reader()
    upload = {"path": "a.txt", "upload_id": "u", "size": "1", "number": "1"}
    for method, path in (
        ("PUT", "/file"),
        ("POST", "/uploads"),
        ("PUT", "/uploads/part"),
        ("POST", "/uploads/complete"),
        ("DELETE", "/uploads"),
    ):
        assert await reader.refused(method, path, params=upload, content=b"x") == (403, "rights")
    assert (await reader.save("download", path="a.txt")).content == b"as it was"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:6274"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_a_page_of_another_origin_cannot_use_a_link(visitor: Visitor, headers: dict[str, str]) -> None:
    response = await visitor.send("PUT", "/file", params={"path": "a"}, content=b"x", headers=headers)
    assert response.status_code == 403
    preflight = await visitor.http.options(
        "/files/api/file",
        headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "PUT"},
    )
    assert preflight.status_code in (400, 403)


async def test_html_is_saved_and_never_opened_in_the_origin_of_the_page(visitor: Visitor) -> None:
    await visitor.put("evil.html", b"<script>alert(1)</script>")
    await visitor.put("evil.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")
    for path in ("evil.html", "evil.svg"):
        saved = await visitor.save("download", path=path)
        assert saved.headers["content-type"] == "application/octet-stream"
        assert saved.headers["content-disposition"].startswith("attachment;")
        assert saved.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in saved.headers["content-security-policy"]
        preview = await visitor.send("GET", "/preview", params={"path": path})
        assert preview.headers["content-type"] == "application/json"
        assert "sandbox" in preview.headers["content-security-policy"]


async def test_a_zip_unpacks_below_its_folder_whatever_files_are_named(visits: Visits) -> None:
    visitor = await visits.uploader("strange")
    pool = StoragePool()
    async with Transport(visits.server.api_url, "1") as transport:
        storage = QarnotClient(transport, SecretStr(visits.server.key), storage=pool).storage
        for name in EVIL_NAMES:
            await storage.write("strange", name, name.encode(), "text/plain")
    await pool.close()
    saved = await visitor.save("zip", prefix="")
    with zipfile.ZipFile(io.BytesIO(saved.content)) as archive:
        names = archive.namelist()
        assert sorted(archive.read(name).decode() for name in names) == sorted(EVIL_NAMES)
    assert len({name.casefold() for name in names}) == len(EVIL_NAMES)
    for name in names:
        assert ".." not in name.split("/")
        assert not name.startswith(("/", "\\"))
        assert name.isprintable()
        assert not set(name) & set('\\:*?"<>|')


async def test_a_part_of_ten_gigabytes_is_refused_before_it_is_read(visitor: Visitor) -> None:
    host, _, port = visitor.http.base_url.netloc.decode().partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"PUT /files/api/file?path=a HTTP/1.1\r\nHost: localhost\r\nX-Qarnot-Files: {visitor.sealed}\r\n"
    writer.write(f"{head}Content-Length: {10 * 2**30}\r\n\r\n".encode())
    answer = await reader.readuntil(b"\r\n")
    assert b" 413 " in answer
    writer.close()


async def test_a_part_that_does_not_say_its_size_is_refused(visitor: Visitor) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"x"

    response = await visitor.send("PUT", "/file", params={"path": "a"}, content=endless())
    assert (response.status_code, response.json()["error"]) == (411, "length")


async def test_a_part_that_never_ends_is_given_up_and_leaves_nothing(visits: Visits) -> None:
    # A page of its own, with less patience.
    transport, pool = Transport(visits.server.api_url, "1"), StoragePool()
    async with transport, serve_page(transport, pool) as (visitor, page):
        for page.silence_seconds, page.body_seconds in ((0.05, 60.0), (60.0, 0.05)):
            host, _, port = visitor.http.base_url.netloc.decode().partition(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            head = f"PUT /files/api/file?path=a HTTP/1.1\r\nHost: x\r\nX-Qarnot-Files: {visitor.sealed}\r\n"
            writer.write(f"{head}Content-Length: 100\r\n\r\nhalf".encode())
            assert b" 408 " in await reader.readuntil(b"\r\n")
            writer.close()
        assert await visitor.paths() == []


async def test_one_key_leaves_places_to_others(visits: Visits, visitor: Visitor) -> None:
    writers = []
    for _ in range(8):
        host, _, port = visitor.http.base_url.netloc.decode().partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = f"PUT /files/api/file?path=held HTTP/1.1\r\nHost: localhost\r\nX-Qarnot-Files: {visitor.sealed}\r\n"
        writer.write(f"{head}Content-Length: 100\r\nExpect: 100-continue\r\n\r\n".encode())
        assert b"100 Continue" in await reader.readuntil(b"\r\n\r\n")
        writers.append(writer)
    assert await visitor.refused("PUT", "/file", params={"path": "a"}, content=b"x") == (429, "busy")
    async with visits.server.client(key="sandbox-empty-other", query="?toolsets=storage") as client:
        other = await Visits(visits.server, visits.http, client).uploader()
        await other.put("a", b"x")
    for writer in writers:
        writer.close()


async def test_downloads_that_are_left_give_their_places_back(visits: Visits) -> None:
    visitor = await visits.uploader("left")
    await visitor.put("large.bin", bytes(PART_BYTES))
    form = {"link": visitor.sealed, "path": "large.bin"}
    for _ in range(3):
        for _ in range(8):
            async with visitor.http.stream("POST", "/files/download", data=form) as response:
                assert response.status_code == 200
                await anext(response.aiter_raw())
        while (await visitor.send("PUT", "/file", params={"path": "a"}, content=b"x")).status_code == 429:
            pass


async def test_no_log_line_holds_a_key_or_a_link(visits: Visits, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    visitor = await visits.uploader(prefix="log/")
    await visitor.put("a.txt", b"x")
    begun = await visitor.ok("POST", "/uploads", params={"path": "b", "size": str(PART_BYTES + 1)})
    upload = {"path": "b", "upload_id": begun["upload_id"]}
    await visitor.ok("PUT", "/uploads/part", params={**upload, "number": "1"}, content=b"x" * 10)
    await visitor.ok("DELETE", "/uploads", params=upload)
    await visitor.save("zip", prefix="")
    await visitor.refused("GET", "/preview", params={"path": "none"})
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert ours
    for line in ours:
        assert visits.server.key not in line
        assert visitor.sealed not in line


async def test_a_key_that_was_revoked_is_told_and_does_nothing() -> None:
    async with running_server(key="sandbox-empty-revoked") as server, visiting(server) as visits:
        visitor = await visits.uploader()
        await server.revoke(server.key)
        assert (await visitor.refused("GET", "/place"))[1] == "key"
