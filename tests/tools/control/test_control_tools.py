"""The tool set control: snapshots of a running task, and changes of its tags, constants and input files."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastmcp import Client

from tests.support.running_server import RunningServer, call, refusal, running_server, submitted

KEY = "sandbox-empty-control"
LEAVES_FILES = "sh -c 'echo 1 > a.txt; echo 22 > b.log; sleep 30d'"
SECRET = "s3cr3t-that-no-answer-shows"


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[RunningServer]:
    async with running_server(speed=1, toolsets="control", key=KEY, retry_seconds=0.1) as server:
        yield server


@pytest.fixture(scope="module")
async def client(server: RunningServer) -> AsyncIterator[Client[Any]]:
    async with server.client() as client:
        yield client


@pytest.fixture(scope="module")
async def api(server: RunningServer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.api_url, headers={"Authorization": KEY}) as api:
        yield api


async def advance(api: httpx.AsyncClient, seconds: float) -> None:
    (await api.post("/sandbox/clock", json={"advance_seconds": seconds})).raise_for_status()


async def executing(client: Client[Any], api: httpx.AsyncClient, **more: Any) -> str:
    """Start a task that leaves files, and return its uuid once it executes."""
    uuid = await submitted(client, LEAVES_FILES, **{"result_bucket": "out", **more})
    await advance(api, 900)
    return uuid


async def test_a_snapshot_now_is_followed_to_its_end(client: Client[Any], api: httpx.AsyncClient) -> None:
    uuid = await executing(client, api)
    taken = await call(client, "snapshot_task", task_uuid=uuid, whitelist="txt$", prefix="noon/")
    assert (taken["status"], taken["bucket"]) == ("triggered", "out")
    await advance(api, 5)
    status = await call(client, "snapshot_task", task_uuid=uuid, snapshot_id=taken["snapshot_id"])
    assert (status["status"], status["size_bytes"]) == ("in progress", 2)
    await advance(api, 60)
    status = await call(client, "snapshot_task", task_uuid=uuid, snapshot_id=taken["snapshot_id"])
    assert (status["status"], status["transferred_bytes"], status["prefix"]) == ("success", 2, "noon/")


async def test_snapshots_are_taken_every_so_often_until_zero(client: Client[Any], api: httpx.AsyncClient) -> None:
    uuid = await executing(client, api)
    for seconds in (1800, 0):
        answer = await call(client, "snapshot_task", task_uuid=uuid, every_seconds=seconds, bucket="elsewhere")
        assert (answer["every_seconds"], answer["bucket"]) == (seconds, "elsewhere")
        assert (await api.get(f"/v1/tasks/{uuid}")).json()["snapshotInterval"] == seconds


async def test_a_task_that_does_not_execute_gives_no_snapshot(client: Client[Any]) -> None:
    uuid = await submitted(client, LEAVES_FILES, result_bucket="out")
    said = await refusal(client, "snapshot_task", task_uuid=uuid)
    assert "give a task whose instances execute. test is Submitted" in said


async def test_a_task_without_a_bucket_needs_one(client: Client[Any], api: httpx.AsyncClient) -> None:
    uuid = await submitted(client, LEAVES_FILES)
    await advance(api, 900)
    assert "bucket is missing" in await refusal(client, "snapshot_task", task_uuid=uuid)
    assert (await call(client, "snapshot_task", task_uuid=uuid, bucket="kept"))["bucket"] == "kept"
    assert (await call(client, "snapshot_task", task_uuid=uuid, every_seconds=0))["every_seconds"] == 0


@pytest.mark.parametrize("snapshot_id", ["../../info", "a/b", "x" * 300])
async def test_no_snapshot_id_leads_elsewhere(client: Client[Any], snapshot_id: str) -> None:
    said = await refusal(client, "snapshot_task", task_uuid="t-1", snapshot_id=snapshot_id)
    assert "give the snapshot_id of an earlier answer" in said


async def test_a_snapshot_that_is_not_there_is_told(client: Client[Any], api: httpx.AsyncClient) -> None:
    uuid = await executing(client, api)
    said = await refusal(client, "snapshot_task", task_uuid=uuid, snapshot_id="snap_1")
    assert "No snapshot 'snap_1'" in said


async def test_a_question_about_a_snapshot_asks_for_nothing_else(client: Client[Any]) -> None:
    said = await refusal(client, "snapshot_task", task_uuid="t-1", snapshot_id="snap_1", every_seconds=60)
    assert "give it alone, beside task_uuid" in said


async def test_tags_are_replaced_and_constants_merged_with_secrets_kept(
    client: Client[Any], api: httpx.AsyncClient
) -> None:
    constants = {"DOCKER_CMD": "sh -c 'sleep 1h; echo $QARNOT_SECRET__KEY $EPOCHS'", "QARNOT_SECRET__KEY": SECRET}
    uuid = await submitted(client, tags=["old"], constants=constants)
    updated = await call(client, "update_task", task_uuid=uuid, tags=["new"], constants={"EPOCHS": "20"})
    assert (updated["tags"], updated["constants_set"]) == (["new"], ["EPOCHS"])
    assert SECRET not in str(updated)
    task = (await api.get(f"/v1/tasks/{uuid}")).json()
    assert task["tags"] == ["new"]
    assert {one["key"] for one in task["constants"]} == {"DOCKER_CMD", "QARNOT_SECRET__KEY", "EPOCHS"}
    again = await call(client, "submit_task", name="again", rerun_of=uuid)
    await advance(api, 86_400)
    assert SECRET in (await api.get(f"/v1/tasks/{again['uuid']}/stdout")).text


async def test_new_input_files_are_pushed_to_a_running_task_only(client: Client[Any], api: httpx.AsyncClient) -> None:
    uuid = await executing(client, api)
    assert (await call(client, "update_task", task_uuid=uuid, refresh_inputs=True))["inputs_refreshed"] is True
    journal = (await api.get("/sandbox/journal")).json()["requests"]
    assert ("PATCH", f"/tasks/{uuid}") in [(entry["method"], entry["path"]) for entry in journal]
    await call(client, "abort_task", task_uuid=uuid)
    await advance(api, 60)
    said = await refusal(client, "update_task", task_uuid=uuid, refresh_inputs=True, tags=["x"])
    assert "test is Cancelled. Its tags and constants were changed." in said


async def test_an_update_of_nothing_is_refused(client: Client[Any]) -> None:
    assert "give tags, constants, or refresh_inputs=true" in await refusal(client, "update_task", task_uuid="t-1")


async def test_a_lost_answer_to_an_update_says_that_it_can_be_repeated(
    client: Client[Any], api: httpx.AsyncClient
) -> None:
    uuid = await submitted(client)
    match = {"method": "PUT", "key": KEY}
    lost = {"kind": "status", "status": 502, "when": "after", "count": 0, "match": match}
    (await api.post("/sandbox/faults", json=lost)).raise_for_status()
    try:
        said = await refusal(client, "update_task", task_uuid=uuid, tags=["x"])
    finally:
        await api.delete("/sandbox/faults")
    assert "Whether the task was changed is not known; it is safe to call again." in said
