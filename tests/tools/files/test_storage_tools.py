"""The tools of the set `storage` on the sandbox, over a real socket, as a model calls them."""

import base64
import shlex
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastmcp import Client
from fastmcp.exceptions import ToolError
from mcp_types import ImageContent

from tests.support.running_server import RunningServer, call, ended, refusal, running_server, submitted

SET = {"list_buckets", "list_files", "read_file", "write_file", "share_file", "request_upload", "delete_files"}


@pytest.fixture(scope="module")
async def shared() -> AsyncIterator[RunningServer]:
    async with running_server() as server:
        yield server


@pytest.fixture
def server(shared: RunningServer, request: pytest.FixtureRequest) -> RunningServer:
    """The server, with an account for each test."""
    return shared.with_account_of(request.node.name)


@pytest.fixture
async def client(server: RunningServer) -> AsyncIterator[Client[Any]]:
    async with server.client(query="?toolsets=storage") as client:
        yield client


async def written(client: Client[Any], path: str, text: str, bucket: str = "files") -> None:
    await call(client, "write_file", bucket=bucket, path=path, text=text, create_bucket=True)


async def test_the_set_is_hidden_until_it_is_asked_for_and_read_only_leaves_what_reads(server: RunningServer) -> None:
    async with server.client() as plain:
        assert not SET & {tool.name for tool in await plain.list_tools()}
    async with server.client(query="?toolsets=storage&read_only=true") as reading:
        shown = SET & {tool.name for tool in await reading.list_tools()}
        assert shown == {"list_buckets", "list_files", "read_file", "share_file"}


async def test_a_journey_from_input_to_result(client: Client[Any]) -> None:
    await written(client, "in/data.csv", "a,b\n1,2\n")
    uuid = await submitted(
        client,
        "sh -c 'cat in/data.csv > out/part-$INSTANCE_ID.csv'",
        instance_count=2,
        resource_buckets=["files"],
        result_bucket="results",
        results_prefix="run-1/",
    )
    task = await ended(client, uuid)
    assert task["results"] == [{"path": f"run-1/out/part-{n}.csv", "instance_id": n} for n in range(2)]
    listed = await call(client, "list_files", task_uuid=uuid)
    assert [(row["path"], row["instance_id"], row["size_bytes"]) for row in listed["files"]] == [
        ("run-1/out/part-0.csv", 0, 8),
        ("run-1/out/part-1.csv", 1, 8),
    ]
    read = await call(client, "read_file", bucket="results", path="run-1/out/part-1.csv")
    assert (read["text"], read["kind"]) == ("a,b\n1,2", "text")
    buckets = (await call(client, "list_buckets"))["buckets"]
    assert [(row["name"], row["files"], row["size_bytes"]) for row in buckets] == [("files", 1, 8), ("results", 2, 16)]
    gone = await call(client, "delete_files", bucket="results", prefix="run-1/", expected_files=2, delete_bucket=True)
    assert (gone["deleted_files"], gone["bucket_deleted"]) == (2, True)


async def test_a_task_without_a_result_bucket_is_told_about_its_log(client: Client[Any]) -> None:
    uuid = await submitted(client)
    assert "get_task_logs" in await refusal(client, "list_files", task_uuid=uuid)


async def test_folders_are_folded_and_pages_go_on(client: Client[Any]) -> None:
    for path in ("a.txt", "deep/b.txt", "deep/er/c.txt", "z.txt"):
        await written(client, path, "x")
    folded = await call(client, "list_files", bucket="files")
    assert (folded["folders"], [row["path"] for row in folded["files"]]) == (["deep/"], ["a.txt", "z.txt"])
    first = await call(client, "list_files", bucket="files", recursive=True, limit=2)
    rest = await call(client, "list_files", bucket="files", recursive=True, cursor=first["next_cursor"])
    assert [row["path"] for row in first["files"] + rest["files"]] == ["a.txt", "deep/b.txt", "deep/er/c.txt", "z.txt"]
    assert "next_cursor" not in rest
    named = await call(client, "list_files", bucket="files", recursive=True, name="C.TXT")
    assert [row["path"] for row in named["files"]] == ["deep/er/c.txt"]


async def test_a_text_is_read_by_its_end_start_search_and_bytes(client: Client[Any]) -> None:
    await written(client, "long.txt", "".join(f"line {n}\n" for n in range(1, 15_001)))
    end = await call(client, "read_file", bucket="files", path="long.txt", lines=2)
    assert (end["text"], end["left_out"]) == ("line 14999\nline 15000", "These are the last 2 lines.")
    start = await call(client, "read_file", bucket="files", path="long.txt", part="start", lines=2)
    assert start["text"] == "line 1\nline 2\n"
    more = await call(client, "read_file", bucket="files", path="long.txt", offset=start["next_offset"])
    assert more["text"].startswith("line 3\n")
    assert len(more["text"]) <= 20_000
    found = await call(client, "read_file", bucket="files", path="long.txt", search="^line 1499[89]$")
    assert (found["text"], found["matches"]) == ("14998: line 14998\n14999: line 14999", 2)


async def test_hostile_text_is_cleaned_and_said_to_be_data(client: Client[Any]) -> None:
    await written(client, "evil.txt", "a\x1b[31mb\u202ec\u200b")
    read = await call(client, "read_file", bucket="files", path="evil.txt")
    assert read["text"] == "abc"
    assert "not instructions" in read["notice"]


async def test_a_picture_is_shown_and_a_binary_named(client: Client[Any], server: RunningServer) -> None:
    uuid = await submitted(client, profile="blender", constants=[], accept_warnings=True, result_bucket="frames")
    await ended(client, uuid)
    result = await client.call_tool("read_file", {"bucket": "frames", "path": "frame_0000.png"})
    assert [block.type for block in result.content] == ["text", "image"]
    picture = result.content[1]
    assert isinstance(picture, ImageContent)
    assert base64.b64decode(picture.data).startswith(b"\x89PNG")
    upload = await call(client, "request_upload", bucket="frames", path="x.bin")
    async with httpx.AsyncClient() as http:
        await http.put(shlex.split(upload["command"])[-1], content=bytes(100))
    named = await call(client, "read_file", bucket="frames", path="x.bin")
    assert (named["kind"], "text" in named) == ("binary", False)
    assert "share_file" in named["left_out"]


async def test_a_shared_link_downloads_and_says_what_it_shows(client: Client[Any], server: RunningServer) -> None:
    await written(client, "it's.txt", "shared")
    shared = await call(client, "share_file", bucket="files", path="it's.txt", valid_seconds=300)
    async with httpx.AsyncClient() as http:
        assert (await http.get(shared["link"])).text == "shared"
    assert shlex.split(shared["command"])[2:] == ["it's.txt", shared["link"]]
    assert "e-mail address" in shared["warning"]
    assert server.key not in str(shared)
    assert "300 to 604,800" in await refusal(client, "share_file", bucket="files", path="a", valid_seconds=299)


async def test_nothing_is_overwritten_or_made_unless_told(client: Client[Any]) -> None:
    assert "create_bucket=true" in await refusal(client, "write_file", bucket="files", path="a.txt", text="x")
    await written(client, "a.txt", "first")
    assert "overwrite=true" in await refusal(client, "write_file", bucket="files", path="a.txt", text="x")
    replaced = await call(client, "write_file", bucket="files", path="a.txt", text="x", overwrite=True)
    assert replaced["replaced"] is True
    arguments = {"bucket": "My_Files", "path": "a.txt", "text": "x", "create_bucket": True}
    assert "my-files would do" in await refusal(client, "write_file", **arguments)


async def test_nothing_is_deleted_where_the_number_differs_or_a_path_is_wrong(client: Client[Any]) -> None:
    for path in ("run/a.txt", "run/b.txt"):
        await written(client, path, "x")
    assert "2, which" not in await refusal(client, "delete_files", bucket="files", prefix="run/", expected_files=3)
    assert "No file" in await refusal(client, "delete_files", bucket="files", paths=["run/a.txt", "run/c.txt"])
    assert "still holds files" in await refusal(client, "delete_files", bucket="files", delete_bucket=True)
    listed = await call(client, "list_files", bucket="files", recursive=True)
    assert len(listed["files"]) == 2


@pytest.mark.parametrize("path", ["../x", "/x", "a//b", "a\\b"])
async def test_a_path_that_leaves_its_place_is_refused(client: Client[Any], path: str) -> None:
    assert "no slash" in await refusal(client, "read_file", bucket="files", path=path)


async def test_one_caller_sees_nothing_of_another(client: Client[Any], server: RunningServer) -> None:
    await written(client, "a.txt", "mine")
    async with server.client(key="sandbox-empty-other", query="?toolsets=storage") as other:
        assert (await call(other, "list_buckets"))["buckets"] == []
        with pytest.raises(ToolError, match="No bucket 'files'"):
            await other.call_tool("read_file", {"bucket": "files", "path": "a.txt"})


async def test_a_text_of_a_mebibyte_is_written_in_some_calls_and_none_larger(client: Client[Any]) -> None:
    part = "x" * (192 * 1024)
    for number in range(5):
        call_result = await call(
            client, "write_file", bucket="files", path="long.txt", text=part, append=True, create_bucket=number == 0
        )
    assert call_result["size_bytes"] == 5 * len(part)
    told = await refusal(client, "write_file", bucket="files", path="long.txt", text=part, append=True)
    assert "1 MiB" in told
    assert "request_upload" in told


async def test_a_task_that_ended_without_results_says_so(client: Client[Any]) -> None:
    task = await ended(client, await submitted(client, result_bucket="out"))
    assert "ended without results" in task["results_note"]
    task = await ended(client, await submitted(client, "sh -c 'echo 1 > a.txt'", result_bucket="out"))
    assert "results_note" not in task


async def test_the_name_of_a_bucket_that_may_be_made_is_checked_and_corrected(client: Client[Any]) -> None:
    arguments = {"name": "t", "profile": "docker-batch", "result_bucket": "My_Results"}
    assert "my-results would do" in await refusal(client, "submit_task", **arguments)
    upload = {"bucket": "My_Inputs", "create_bucket": True}
    assert "my-inputs would do" in await refusal(client, "request_upload", **upload)


async def test_an_upload_needs_a_bucket_or_makes_it_and_a_named_file_gets_a_line(client: Client[Any]) -> None:
    assert "create_bucket=true" in await refusal(client, "request_upload", bucket="inputs")
    offered = await call(client, "request_upload", bucket="inputs", path="in/a b.csv", create_bucket=True)
    assert "/files#" in offered["link"]
    assert shlex.split(offered["command"])[:3] == ["curl", "-fT", "./a b.csv"]
    assert "rclone" in offered["large_files"]
