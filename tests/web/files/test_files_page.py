"""What the files page calls: uploads, lists, previews, downloads, on the real server and the sandbox's storage."""

import io
import zipfile
from collections.abc import AsyncIterator

import httpx
import pytest

from qarnot_mcp.qarnot.storage.uploads import PART_BYTES
from tests.support.running_server import SECRET, ended, running_server, submitted
from tests.web.files.visits import Visits, made_link, visited_server

STORAGE_BYTES = 4 * PART_BYTES


@pytest.fixture(scope="module")
async def shared() -> AsyncIterator[Visits]:
    async with visited_server(storage_bytes=STORAGE_BYTES) as visits:
        yield visits


@pytest.fixture
async def visits(shared: Visits, request: pytest.FixtureRequest) -> AsyncIterator[Visits]:
    """Visits with an account for each test."""
    key = f"sandbox-empty-{abs(hash(request.node.name))}"
    async with shared.server.client(key=key, query="?toolsets=storage") as client:
        yield Visits(shared.server, shared.http, client)


async def test_the_page_comes_with_a_strict_policy_and_nothing_of_others(visits: Visits) -> None:
    page = await visits.http.get("/files")
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["referrer-policy"] == "same-origin"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "http" not in page.text.replace("http://www.w3.org/2000/svg", "").replace("<!doctype html>", "")


async def test_there_is_no_page_where_no_storage_is_shown() -> None:
    async with running_server(toolsets_offered="default") as server, httpx.AsyncClient() as http:
        assert (await http.get(f"{server.origin}/files")).status_code == 404
        assert (await http.get(f"{server.origin}/files/api/place")).status_code == 404


async def test_a_link_says_where_it_leads_and_what_it_allows(visits: Visits) -> None:
    visitor = await visits.uploader(prefix="in")
    assert "#" in visitor.link
    assert visitor.link.startswith(f"http://localhost:{visits.server.origin.rpartition(':')[2]}/files#")
    place = await visitor.ok("GET", "/place")
    assert (place["bucket"], place["prefix"], place["may_write"]) == ("inputs", "in/", True)
    assert place["part_bytes"] == PART_BYTES


async def test_a_small_file_is_sent_at_once_and_listed_in_its_folder(visits: Visits) -> None:
    visitor = await visits.uploader(prefix="in/")
    await visitor.put("mesh/a b é.txt", b"small")
    await visitor.put("empty.txt", b"")
    listed = await visitor.ok("GET", "/list")
    assert (listed["folders"], [file["path"] for file in listed["files"]]) == (["mesh/"], ["empty.txt"])
    folder = await visitor.ok("GET", "/list", params={"prefix": "mesh/"})
    assert [(file["path"], file["size_bytes"]) for file in folder["files"]] == [("mesh/a b é.txt", 5)]


async def test_a_large_file_goes_in_parts_and_those_that_are_there_are_not_sent_again(visits: Visits) -> None:
    visitor = await visits.uploader()
    size = PART_BYTES + 10
    file = {"path": "large.bin", "size": str(size)}
    begun = await visitor.ok("POST", "/uploads", params=file)
    upload = {"path": "large.bin", "upload_id": begun["upload_id"]}
    assert begun["parts"] == []
    await visitor.ok("PUT", "/uploads/part", params={**upload, "number": "2"}, content=b"y" * 10)
    resumed = await visitor.ok("POST", "/uploads", params={**file, "upload_id": begun["upload_id"]})
    assert resumed == {"upload_id": begun["upload_id"], "parts": [2]}
    assert await visitor.refused("POST", "/uploads/complete", params={**upload, "size": str(size)}) == (
        400,
        "incomplete",
    )
    await visitor.ok("PUT", "/uploads/part", params={**upload, "number": "1"}, content=b"x" * PART_BYTES)
    assert await visitor.paths() == []
    await visitor.ok("POST", "/uploads/complete", params={**upload, "size": str(size)})
    saved = await visitor.save("download", path="large.bin")
    assert saved.content == b"x" * PART_BYTES + b"y" * 10


async def test_a_part_of_another_size_is_sent_again(visits: Visits) -> None:
    visitor = await visits.uploader()
    begun = await visitor.ok("POST", "/uploads", params={"path": "a", "size": "10"})
    upload = {"path": "a", "upload_id": begun["upload_id"]}
    await visitor.ok("PUT", "/uploads/part", params={**upload, "number": "1"}, content=b"half")
    resumed = await visitor.ok("POST", "/uploads", params={**upload, "size": "10"})
    assert resumed["parts"] == []


async def test_nothing_of_a_cancelled_upload_stays(visits: Visits) -> None:
    visitor = await visits.uploader()
    begun = await visitor.ok("POST", "/uploads", params={"path": "a", "size": "10"})
    upload = {"path": "a", "upload_id": begun["upload_id"]}
    await visitor.ok("PUT", "/uploads/part", params={**upload, "number": "1"}, content=b"half")
    await visitor.ok("DELETE", "/uploads", params=upload)
    assert await visitor.refused("POST", "/uploads", params={**upload, "size": "10"}) == (404, "not_found")
    assert await visitor.paths() == []


async def test_a_full_storage_is_told_as_such(visits: Visits) -> None:
    visitor = await visits.uploader()
    begun = await visitor.ok("POST", "/uploads", params={"path": "a", "size": "400000000"})
    upload = {"path": "a", "upload_id": begun["upload_id"]}
    part = b"x" * PART_BYTES
    for number in range(1, 5):
        await visitor.ok("PUT", "/uploads/part", params={**upload, "number": str(number)}, content=part)
    refused = await visitor.refused("PUT", "/uploads/part", params={**upload, "number": "5"}, content=part)
    assert refused == (403, "quota")
    await visitor.ok("DELETE", "/uploads", params=upload)


async def test_texts_and_pictures_have_previews_and_others_none(visits: Visits) -> None:
    uuid = await submitted(visits.client, profile="blender", constants=[], accept_warnings=True, result_bucket="frames")
    await ended(visits.client, uuid)
    frames = await visits.uploader("frames")
    picture = await frames.send("GET", "/preview", params={"path": "frame_0000.png"})
    assert picture.headers["content-type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")
    await frames.put("long.txt", b"line \x1b[31m\n" * 5000)
    text = await frames.ok("GET", "/preview", params={"path": "long.txt"})
    assert (text["text"][:6], text["is_cut"]) == ("line \n", True)
    await frames.put("x.bin", bytes(range(256)))
    assert (await frames.ok("GET", "/preview", params={"path": "x.bin"}))["kind"] == "binary"


async def test_everything_comes_as_one_zip(visits: Visits) -> None:
    visitor = await visits.uploader()
    files = {"a.txt": b"first", "deep/b.txt": b"second", "deep/er/c.bin": bytes(300_000)}
    for path, content in files.items():
        await visitor.put(path, content)
    saved = await visitor.save("zip", prefix="")
    assert saved.headers["content-disposition"] == "attachment; filename*=UTF-8''inputs.zip"
    with zipfile.ZipFile(io.BytesIO(saved.content)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == files
    folder = await visitor.save("zip", prefix="deep/")
    with zipfile.ZipFile(io.BytesIO(folder.content)) as archive:
        assert archive.namelist() == ["b.txt", "er/c.bin"]


async def test_a_link_to_a_folder_shows_only_that(visits: Visits) -> None:
    await (await visits.uploader()).put("in/a.txt", b"a")
    await (await visits.uploader()).put("out/b.txt", b"b")
    reader = await visits.reader()
    assert await reader.paths() == ["a.txt"]
    assert (await reader.ok("GET", "/place"))["may_write"] is False
    assert (await reader.save("download", path="a.txt")).content == b"a"


async def test_a_server_that_only_reads_takes_no_upload() -> None:
    async with (
        running_server(read_only=True, secret_key=[SECRET]) as server,
        httpx.AsyncClient(base_url=server.origin) as http,
    ):
        visitor = await made_link(server, http)
        assert await visitor.refused("PUT", "/file", params={"path": "a"}, content=b"x") == (403, "rights")
