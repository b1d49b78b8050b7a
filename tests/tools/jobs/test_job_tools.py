"""The tool set jobs: a job's life, the order of its tasks, and what is told of those that never started."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastmcp import Client

from tests.support.running_server import RunningServer, call, refusal, running_server, submitted, text_of

KEY = "sandbox-empty-jobs"


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[RunningServer]:
    async with running_server(speed=1, toolsets="jobs", key=KEY, retry_seconds=0.1) as server:
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


async def made(api: httpx.AsyncClient, path: str, **body: Any) -> str:
    """Create a job or a task at the API, and return its uuid."""
    return str((await api.post(path, json=body)).raise_for_status().json()["uuid"])


async def made_job(api: httpx.AsyncClient, **more: Any) -> str:
    return await made(api, "/v1/jobs", **{"name": "night", "useDependencies": True, **more})


async def made_task(api: httpx.AsyncClient, job: str, name: str, command: str, *after: str, on: str = "") -> str:
    """Create a task that waits for others to end, in the state `on` where one is given."""
    conditions = [on] if on else None
    waiting = [{"taskUuid": uuid, "taskFinalStateCondition": conditions} for uuid in after]
    return await made(
        api,
        "/v1/tasks",
        name=name,
        profile="docker-batch",
        instanceCount=1,
        jobUuid=job,
        constants=[{"key": "DOCKER_CMD", "value": command}],
        **({"dependencies": {"advancedDependsOn": waiting}} if waiting else {}),
    )


@pytest.fixture(scope="module")
async def broken(api: httpx.AsyncClient) -> dict[str, str]:
    """Three tasks, each after the one before if that succeeds; the second fails."""
    job = await made_job(api, name="broken", tags=["demo"])
    prepare = await made_task(api, job, "prepare", "true")
    train = await made_task(api, job, "train", "sh -c 'echo no data >&2; exit 3'", prepare, on="success")
    report = await made_task(api, job, "report", "true", train, on="success")
    await advance(api, 5000)
    return {"job": job, "prepare": prepare, "train": train, "report": report}


async def test_a_job_tells_its_tasks_in_order_with_what_each_waits_for(
    client: Client[Any], broken: dict[str, str]
) -> None:
    job = await call(client, "get_job", job_uuid=broken["job"])
    assert (job["name"], job["state"], job["uses_dependencies"], job["tags"]) == ("broken", "Active", True, ["demo"])
    assert job["states"] == {"Success": 1, "Failure": 1, "Cancelled": 1}
    assert [(task["name"], task["state"]) for task in job["tasks"]] == [
        ("prepare", "Success"),
        ("train", "Failure"),
        ("report", "Cancelled"),
    ]
    assert [task.get("after") for task in job["tasks"]] == [
        None,
        [{"uuid": broken["prepare"], "name": "prepare", "on": ["success"], "ended": "success"}],
        [{"uuid": broken["train"], "name": "train", "on": ["success"], "ended": "failure"}],
    ]


async def test_a_task_that_failed_and_one_that_never_started_say_why(
    client: Client[Any], broken: dict[str, str]
) -> None:
    failed, never = (await call(client, "get_job", job_uuid=broken["job"]))["tasks"][1:]
    assert "exit code 3" in failed["reason"]
    assert failed["failed"] == failed["instances"] == 1
    assert never["reason"] == (
        "Cancelled without a start: it waited for train to end with success, which ended with failure."
    )


async def test_get_task_tells_what_it_waited_for_and_why_it_never_started(
    client: Client[Any], broken: dict[str, str]
) -> None:
    task = await call(client, "get_task", task_uuid=broken["report"])
    assert task["after"] == [{"uuid": broken["train"], "on": ["success"], "ended": "failure"}]
    assert task["note"] == (
        f"Cancelled without a start: it waited for {broken['train']} to end with success, which ended with failure."
    )
    assert "note" not in await call(client, "get_task", task_uuid=broken["train"])


async def test_only_tasks_in_the_states_asked_for_are_shown(client: Client[Any], broken: dict[str, str]) -> None:
    job = await call(client, "get_job", job_uuid=broken["job"], state="failed")
    assert [task["name"] for task in job["tasks"]] == ["train"]
    assert sum(job["states"].values()) == 3


async def test_get_job_waits_until_its_tasks_have_ended(client: Client[Any], api: httpx.AsyncClient) -> None:
    # Two jobs, as a second wait for one would begin with what the first saw a moment ago.
    job, other = await made_job(api), await made_job(api)
    for each in (job, other):
        first = await made_task(api, each, "first", "true")
        await made_task(api, each, "second", "true", first)
    waiting = await call(client, "get_job", job_uuid=job, wait_seconds=0.05)
    assert waiting["states"] == {"Submitted": 2}
    assert waiting["waited"]["changes"] == []
    await advance(api, 5000)
    ended = await call(client, "get_job", job_uuid=other, wait_seconds=45)
    assert (ended["states"], "waited" in ended) == ({"Success": 2}, False)


async def test_a_job_without_tasks_says_how_to_put_some_in(client: Client[Any], api: httpx.AsyncClient) -> None:
    job = await call(client, "get_job", job_uuid=await made_job(api), wait_seconds=45)
    assert (job["tasks"], job["states"]) == ([], {})
    assert job["note"] == "It has no tasks: submit_task with job_uuid puts some in."


async def test_jobs_are_listed_newest_first_by_tag_state_and_name(client: Client[Any], api: httpx.AsyncClient) -> None:
    older, newer = [await made_job(api, name=f"{name} of May", tags=["list"]) for name in ("plans", "costs")]
    listed = await call(client, "list_jobs", tags=["list", "none"])
    assert [job["uuid"] for job in listed["jobs"]] == [newer, older]
    assert (listed["count"], listed["total"]) == (2, 2)
    assert [job["uuid"] for job in (await call(client, "list_jobs", tags=["list"], name="PLANS OF"))["jobs"]] == [older]
    first = await call(client, "list_jobs", tags=["list"], limit=1)
    second = await call(client, "list_jobs", tags=["list"], limit=1, cursor=first["next_cursor"])
    assert [job["uuid"] for page in (first, second) for job in page["jobs"]] == [newer, older]
    assert "next_cursor" not in second
    none = await call(client, "list_jobs", tags=["list"], state="Completed")
    assert (none["jobs"], none["hint"]) == ([], "No job fits. To find more, leave out tags or state.")


async def test_the_job_of_a_time_limit_says_that_it_is_one(client: Client[Any]) -> None:
    started = await call(
        client,
        "submit_task",
        name="short",
        profile="docker-batch",
        constants={"DOCKER_CMD": "sleep 1h"},
        max_wall_time="00:30:00",
    )
    (job,) = [job for job in (await call(client, "list_jobs"))["jobs"] if job["uuid"] == started["job_uuid"]]
    assert (job["keeps_time_limit"], job["max_wall_time"], job.get("tags")) == (True, "00:30:00", None)
    assert (await call(client, "get_job", job_uuid=job["uuid"]))["tasks"][0]["uuid"] == started["uuid"]


async def test_a_list_of_jobs_stays_readable_however_long_their_names(
    client: Client[Any], api: httpx.AsyncClient
) -> None:
    wide = [f"{number}{'語' * 500}" for number in range(10)]
    for _ in range(30):
        await made_job(api, name="語" * 2000, tags=wide)
    seen, cursor = list[str](), None
    while True:
        page = await client.call_tool("list_jobs", {"name": "語語", **({"cursor": cursor} if cursor else {})})
        assert len(text_of(page).encode()) < 50_000
        listed = page.structured_content or {}
        seen += [job["uuid"] for job in listed["jobs"]]
        cursor = listed.get("next_cursor")
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 30


async def test_a_large_job_shows_failed_and_running_tasks_first_and_tells_what_it_left_out(
    client: Client[Any], api: httpx.AsyncClient
) -> None:
    job = await made_job(api)
    first = await made_task(api, job, "first", "false")
    for number in range(70):
        await made_task(api, job, f"after {number} {'語' * 100}", "true", first)
    await advance(api, 5000)
    last = await made_task(api, job, "goes on", "sleep 1h", first)
    shown = await client.call_tool("get_job", {"job_uuid": job})
    assert len(text_of(shown).encode()) < 50_000
    told = shown.structured_content or {}
    names = [task["name"] for task in told["tasks"]]
    assert (names[0], names[-1]) == ("first", "goes on")
    assert told["states"] == {"Failure": 1, "Success": 70, "Submitted": 1}
    left_out = 72 - len(names)
    assert f"Not shown, as they did not fit: {left_out} tasks ({left_out} Success)." in told["note"]
    assert (await call(client, "get_job", job_uuid=job, state="active"))["tasks"][0]["uuid"] == last


@pytest.mark.parametrize("tool", ["get_job", "terminate_job", "delete_job"])
@pytest.mark.parametrize("job_uuid", ["../tasks", "a/b", "search", "", "x" * 300])
async def test_no_job_id_leads_elsewhere(server: RunningServer, client: Client[Any], tool: str, job_uuid: str) -> None:
    before = len(await server.requests())
    assert "give the UUID of a job" in await refusal(client, tool, job_uuid=job_uuid)
    assert len(await server.requests()) == before


async def test_a_job_is_created_with_its_maximum_time_and_takes_dependent_tasks(
    client: Client[Any], api: httpx.AsyncClient
) -> None:
    job = await call(
        client, "create_job", name="one night", max_wall_time="7200", tags=["made"], shortname="night-of-may"
    )
    assert (job["shortname"], job["max_wall_time"], job["uses_dependencies"]) == ("night-of-may", "02:00:00", True)
    kept = (await api.get(f"/v1/jobs/{job['uuid']}")).json()
    assert (kept["maxWallTime"], kept["useDependencies"], kept["tags"]) == ("02:00:00", True, ["made"])
    first = await submitted(client, job_uuid=job["uuid"], name="first")
    await submitted(client, job_uuid=job["uuid"], name="second", dependencies=[first])
    tasks = (await call(client, "get_job", job_uuid="night-of-may"))["tasks"]
    assert [task.get("after") for task in tasks] == [None, [{"uuid": first, "name": "first"}]]


async def test_a_job_without_dependencies_and_limits_has_none(client: Client[Any], api: httpx.AsyncClient) -> None:
    job = await call(client, "create_job", name="plain", uses_dependencies=False)
    assert "max_wall_time" not in job
    shown = await call(client, "get_job", job_uuid=job["uuid"])
    assert "max_wall_time" not in shown
    assert "uses_dependencies" not in shown


@pytest.mark.parametrize(("tool", "more"), [("create_job", {}), ("submit_task", {"profile": "docker-batch"})])
@pytest.mark.parametrize("zero", ["0", "00:00:00", "0.5"])
async def test_a_maximum_time_of_zero_is_none_and_refused(
    client: Client[Any], tool: str, more: dict[str, str], zero: str
) -> None:
    said = await refusal(client, tool, name="n", max_wall_time=zero, **more)
    assert "max_wall_time is '00:00:00', which is not valid: give a length of time of at least a second" in said


async def test_a_taken_shortname_names_the_job_that_has_it(client: Client[Any]) -> None:
    first = await call(client, "create_job", name="first", shortname="only-once")
    said = await refusal(client, "create_job", name="second", shortname="only-once")
    assert f"is taken by the job {first['uuid']}" in said
    assert "follow it with get_job" in said


async def test_a_job_whose_answer_was_lost_is_found_again_and_created_once(
    client: Client[Any], api: httpx.AsyncClient
) -> None:
    match = {"method": "POST", "path": "/jobs", "key": KEY}
    lost = {"kind": "status", "status": 502, "when": "after", "count": 1, "match": match}
    (await api.post("/sandbox/faults", json=lost)).raise_for_status()
    job = await call(client, "create_job", name="lost and found")
    assert "found by its shortname. It was created once." in job["note"]
    found = await call(client, "list_jobs", name="lost and found")
    assert [one["uuid"] for one in found["jobs"]] == [job["uuid"]]


async def test_a_terminated_job_names_the_tasks_that_it_stopped(client: Client[Any], api: httpx.AsyncClient) -> None:
    job = await made_job(api)
    await made_task(api, job, "quick", "true")
    await advance(api, 5000)
    first = await made_task(api, job, "long", "sleep 30d")
    await made_task(api, job, "later", "true", first)
    done = await call(client, "terminate_job", job_uuid=job)
    assert (done["state"], done["stopped_count"], done["stopped"]) == ("Terminating", 2, ["long", "later"])
    assert done["states"]["Success"] == 1
    await advance(api, 60)
    again = await call(client, "terminate_job", job_uuid=job)
    assert (again["state"], again["note"], "stopped" in again) == ("Completed", "It was over already.", False)
    assert again["states"] == {"Success": 1, "Cancelled": 2}


async def test_a_lost_answer_to_a_termination_says_that_it_can_be_repeated(
    client: Client[Any], api: httpx.AsyncClient
) -> None:
    job = await made_job(api)
    await made_task(api, job, "long", "sleep 30d")
    match = {"method": "POST", "path": f"/jobs/{job}/terminate", "key": KEY}
    lost = {"kind": "status", "status": 502, "when": "after", "count": 0, "match": match}
    (await api.post("/sandbox/faults", json=lost)).raise_for_status()
    try:
        said = await refusal(client, "terminate_job", job_uuid=job)
    finally:
        await api.delete("/sandbox/faults")
    assert "Whether the job was terminated is not known; it is safe to call again." in said
    again = await call(client, "terminate_job", job_uuid=job)
    assert (again["state"], again["note"], "stopped" in again) == ("Terminating", "It was over already.", False)


async def test_a_job_with_tasks_is_only_deleted_with_them(client: Client[Any], api: httpx.AsyncClient) -> None:
    job = await made_job(api)
    quick = await made_task(api, job, "quick", "true")
    await advance(api, 5000)
    long = await made_task(api, job, "long", "sleep 30d")
    said = await refusal(client, "delete_job", job_uuid=job)
    assert said.startswith(
        "with_tasks is False, which is not valid: give true, which deletes its 2 tasks with their logs, too, 1 of "
        "which go on (long). Nothing was deleted."
    )
    assert (await call(client, "get_job", job_uuid=job))["states"] == {"Success": 1, "Submitted": 1}
    deleted = await call(client, "delete_job", job_uuid=job, with_tasks=True)
    assert (deleted["deleted"], deleted["tasks"], deleted["stopped"]) == (True, 2, ["long"])
    assert "tasks_left" not in deleted
    assert "stopped" not in await call(client, "delete_job", job_uuid=job, with_tasks=True)
    await advance(api, 60)
    for uuid in (quick, long):
        assert "No task" in await refusal(client, "get_task", task_uuid=uuid)
    assert f"No job '{job}' is visible" in await refusal(client, "delete_job", job_uuid=job, with_tasks=True)


async def test_an_empty_job_is_deleted_without_more(client: Client[Any], api: httpx.AsyncClient) -> None:
    deleted = await call(client, "delete_job", job_uuid=await made_job(api))
    assert (deleted["tasks"], "stopped" in deleted) == (0, False)


async def test_tasks_that_outlive_their_job_are_named(client: Client[Any], api: httpx.AsyncClient) -> None:
    job = await made_job(api)
    task = await made_task(api, job, "stays", "true")
    (await api.post("/sandbox/assumptions", json={"job_deletion_keeps_tasks": True})).raise_for_status()
    try:
        deleted = await call(client, "delete_job", job_uuid=job, with_tasks=True)
    finally:
        (await api.post("/sandbox/assumptions", json={"job_deletion_keeps_tasks": False})).raise_for_status()
    assert (deleted["tasks_left"], deleted["note"]) == ([task], "delete_task removes the tasks that are left.")


async def test_no_job_may_last_longer_than_the_server_allows() -> None:
    async with running_server(toolsets="jobs", key=KEY, max_wall_time="02:00:00") as server, server.client() as client:
        said = await refusal(client, "create_job", name="long", max_wall_time="03:00:00")
        assert "max_wall_time is 03:00:00; this server allows at most 02:00:00" in said
        assert (await call(client, "create_job", name="unnamed"))["max_wall_time"] == "02:00:00"
        assert (await call(client, "create_job", name="short", max_wall_time="01:00:00"))["max_wall_time"] == "01:00:00"


@pytest.mark.parametrize(
    ("toolsets", "words"), [("jobs", "list_jobs shows the jobs."), ("", "People find the jobs at https://tasq")]
)
async def test_a_lost_job_of_a_time_limit_is_looked_for_where_this_connection_can(
    server: RunningServer, api: httpx.AsyncClient, toolsets: str, words: str
) -> None:
    lost = {"kind": "status", "status": 429, "count": 0, "match": {"path": "/jobs", "key": KEY}}
    (await api.post("/sandbox/faults", json=lost)).raise_for_status()
    try:
        async with server.client(query=f"?toolsets={toolsets}") as client:
            task = {"name": "n", "profile": "docker-batch", "constants": {"DOCKER_CMD": "true"}}
            said = await refusal(client, "submit_task", max_wall_time="01:00:00", **task)
    finally:
        await api.delete("/sandbox/faults")
    assert "the job that keeps its max_wall_time could not be made for certain" in said
    assert words in said
