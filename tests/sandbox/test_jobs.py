"""Jobs: their lives, the tasks that wait for each other in them, and their maximum time."""

from typing import Any

import pytest

from tests.support.sandbox_calls import Caller

ZEROS = "00000000-0000-0000-0000-000000000000"


async def create(api: Caller, **more: Any) -> str:
    return str((await api.post("/jobs/", {"name": "job", "useDependencies": True, **more}))["uuid"])


async def after(api: Caller, job: str, other: str, conditions: list[str] | None = None, command: str = "true") -> str:
    dependency = {"taskUuid": other, "taskFinalStateCondition": conditions}
    return await api.submit(command, jobUuid=job, dependencies={"advancedDependsOn": [dependency]})


async def states(api: Caller, *uuids: str) -> list[str]:
    return [(await api.get(f"/tasks/{uuid}"))["state"] for uuid in uuids]


async def test_a_job_holds_its_tasks(api: Caller) -> None:
    job, other = await create(api, tags=["nightly"], shortname="first"), await create(api)
    task = await api.submit(jobUuid=job)
    await api.submit(jobUuid=other)
    document = await api.get("/jobs/first")
    assert document == await api.get(f"/jobs/{job}")
    assert (document["state"], document["useDependencies"], document["poolUuid"]) == ("Active", True, None)
    assert (await api.get(f"/tasks/{task}"))["jobUuid"] == job
    assert [each["uuid"] for each in await api.get(f"/jobs/{job}/tasks")] == [task]
    assert [each["uuid"] for each in await api.get("/jobs")] == [job, other]
    assert [each["uuid"] for each in await api.get("/jobs?tag=nightly")] == [job]
    page = await api.post("/jobs/paginate", {"filter": {"operator": "Equal", "field": "Shortname", "value": "first"}})
    assert [each["uuid"] for each in page["data"]] == [job]
    assert await api.post("/jobs/search", {"select": {"fields": ["Uuid"]}}) == [{"uuid": job}, {"uuid": other}]
    info = await api.get("/info")
    assert (info["jobCount"], info["maxJob"]) == (2, 50)


async def test_jobs_are_listed_by_fields_that_only_tasks_have(api: Caller) -> None:
    jobs = {await create(api), await create(api)}
    constants = {"operator": "Equal", "field": "Constants", "value": "DOCKER_CMD"}
    assert await api.post("/jobs/search", {"filter": constants}) == []
    page = await api.post("/jobs/paginate", {"orderBy": "executionTime"})
    assert {each["uuid"] for each in page["data"]} == jobs


async def test_a_task_waits_for_the_tasks_it_depends_on(api: Caller) -> None:
    job = await create(api)
    first = await api.submit("sleep 100", jobUuid=job)
    second = await api.submit("echo two", jobUuid=job, dependencies={"dependsOn": [first]})
    await api.advance(250)
    assert await states(api, first, second) == ["FullyExecuting", "Submitted"]
    assert (await api.get(f"/tasks/{second}"))["dependencies"] == {"dependsOn": [first]}
    await api.advance(600)
    assert await states(api, first, second) == ["Success", "Success"]
    ended, started = [await api.get(f"/tasks/{uuid}") for uuid in (first, second)]
    assert started["wallTime"] > ended["wallTime"]
    assert await api.get(f"/tasks/{second}/stdout") == " 0> two\n"


@pytest.mark.parametrize(
    ("command", "conditions", "state", "dependency"),
    [
        ("true", ["success"], "Success", "dependencyConditionsFulfilled"),
        ("false", ["success"], "Cancelled", "dependencyConditionsNotFulfilled"),
        ("false", ["failure", "cancelled"], "Success", "dependencyConditionsFulfilled"),
        ("true", ["Failure"], "Cancelled", "dependencyConditionsNotFulfilled"),
        ("false", None, "Success", "dependencyConditionsFulfilled"),
        ("false", [], "Success", "dependencyConditionsFulfilled"),
    ],
)
async def test_a_condition_that_is_not_met_cancels_the_task_at_once(
    api: Caller, command: str, conditions: list[str] | None, state: str, dependency: str
) -> None:
    job = await create(api)
    first = await api.submit(command, jobUuid=job)
    second = await after(api, job, first, conditions)
    waiting = (await api.get(f"/tasks/{second}"))["dependencies"]
    assert (waiting["state"], waiting["advancedDependsOn"][0]["actualFinalState"]) == ("waiting", None)
    await api.advance(1000)
    assert await states(api, second) == [state]
    document = await api.get(f"/tasks/{second}")
    assert document["dependencies"]["state"] == document["dependencies"]["advancedDependsOn"][0]["state"] == dependency
    assert document["dependencies"]["advancedDependsOn"][0]["actualFinalState"] == (
        "success" if command == "true" else "failure"
    )
    assert (document["status"]["startedOnceRange"] == "") is (state == "Cancelled")


async def test_a_cancellation_runs_through_a_chain_and_one_branch_survives(api: Caller) -> None:
    job = await create(api)
    train = await api.submit("false", jobUuid=job)
    report = await after(api, job, train, ["success"])
    publish = await after(api, job, report, ["success"])
    clean = await after(api, job, train, ["failure"])
    await api.advance(2000)
    assert await states(api, train, report, publish, clean) == ["Failure", "Cancelled", "Cancelled", "Success"]


async def test_an_aborted_or_deleted_task_counts_as_cancelled(api: Caller) -> None:
    job = await create(api)
    aborted, deleted = await api.submit("sleep 1000", jobUuid=job), await api.submit("sleep 1000", jobUuid=job)
    next_of_aborted, next_of_deleted = await after(api, job, aborted, ["cancelled"]), await after(api, job, deleted)
    waiting = await after(api, job, next_of_aborted)
    await api.post(f"/tasks/{aborted}/abort")
    await api.http.delete(f"/tasks/{deleted}")
    await api.post(f"/tasks/{waiting}/abort")
    await api.advance(1000)
    assert await states(api, next_of_aborted, next_of_deleted, waiting) == ["Success", "Success", "Cancelled"]


async def test_a_switch_makes_simple_dependencies_need_success(api: Caller) -> None:
    assert (await api.get("/sandbox/assumptions"))["simple_dependencies_need_success"] is False
    await api.post("/sandbox/assumptions", {"simple_dependencies_need_success": True})
    job = await create(api)
    first = await api.submit("false", jobUuid=job)
    second = await api.submit(jobUuid=job, dependencies={"dependsOn": [first]})
    await api.advance(1000)
    assert await states(api, second) == ["Cancelled"]


@pytest.mark.parametrize(
    ("job_fields", "dependencies", "message"),
    [
        ({"useDependencies": False}, {"dependsOn": ["first"]}, "useDependencies"),
        ({}, {"dependsOn": ["62e80aae-d20a-4608-b873-ec8bff991733"]}, "No such task in the job"),
        ({}, {"dependsOn": ["hello-shortname"]}, "No such task in the job"),
        ({}, {"dependsOn": ["first"], "advancedDependsOn": [{"taskUuid": "first"}]}, "Only one of"),
        ({}, {"advancedDependsOn": [{"taskUuid": "first", "taskFinalStateCondition": ["late"]}]}, "success, failure"),
    ],
)
async def test_dependencies_that_cannot_be_are_a_400(
    api: Caller, job_fields: dict[str, Any], dependencies: Any, message: str
) -> None:
    job = await create(api, **job_fields)
    first = await api.submit(jobUuid=job)
    given = {name: [first if each == "first" else each for each in value] for name, value in dependencies.items()}
    body = {"name": "x", "profile": "docker-batch", "instanceCount": 1, "jobUuid": job, "dependencies": given}
    status, refusal = await api.refusal("POST", "/tasks", body)
    assert status == 400
    assert message in refusal


async def test_terminating_a_job_cancels_its_tasks_and_takes_no_more(api: Caller) -> None:
    job = await create(api)
    done, running = await api.submit(jobUuid=job), await api.submit("sleep 5000", jobUuid=job)
    waiting = await after(api, job, running)
    await api.advance(300)
    await api.post(f"/jobs/{job}/terminate")
    assert (await api.get(f"/jobs/{job}"))["state"] == "Terminating"
    await api.post(f"/jobs/{job}/terminate")
    await api.advance(60)
    assert (await api.get(f"/jobs/{job}"))["state"] == "Completed"
    assert await states(api, done, running, waiting) == ["Success", "Cancelled", "Cancelled"]
    assert (await api.refusal("POST", f"/jobs/{job}/terminate"))[0] == 403
    body = {"name": "x", "profile": "docker-batch", "instanceCount": 1, "jobUuid": job}
    assert await api.refusal("POST", "/tasks", body) == (400, f"The job {job} is not active")


async def test_a_job_that_is_deleted_while_it_terminates_stays_so(api: Caller) -> None:
    job = await create(api)
    await api.post(f"/jobs/{job}/terminate")
    response = await api.http.delete(f"/jobs/{job}?force=true")
    assert response.status_code == 200
    await api.advance(3)
    assert (await api.get(f"/jobs/{job}"))["state"] == "Deleting"


async def test_a_job_ends_with_its_maximum_time(api: Caller) -> None:
    job = await create(api, maxWallTime="00:10:00")
    running = await api.submit("sleep 1h", jobUuid=job)
    late = await after(api, job, running)
    await api.advance(599)
    assert await states(api, running) == ["FullyExecuting"]
    await api.advance(100_000)
    assert await states(api, running, late) == ["Cancelled", "Cancelled"]
    document = await api.get(f"/jobs/{job}")
    assert (document["state"], document["maxWallTime"]) == ("Completed", "00:10:00")
    assert (await api.get(f"/tasks/{running}"))["wallTime"] == "00:10:06"


async def test_the_maximum_time_may_run_from_the_first_start(api: Caller) -> None:
    await api.post("/sandbox/assumptions", {"job_time_starts_with_its_tasks": True})
    job = await create(api, maxWallTime="00:10:00")
    await api.advance(5000)
    running = await api.submit("sleep 1h", jobUuid=job)
    await api.advance(599)
    assert await states(api, running) == ["FullyExecuting"]
    await api.advance(100)
    assert await states(api, running) == ["Cancelled"]


async def test_a_job_may_complete_with_its_tasks(api: Caller) -> None:
    job = await create(api)
    await api.submit(jobUuid=job)
    await api.advance(1000)
    assert (await api.get(f"/jobs/{job}"))["state"] == "Active"
    await api.post("/sandbox/assumptions", {"job_completes_with_its_tasks": True})
    assert (await api.get(f"/jobs/{job}"))["state"] == "Completed"


async def test_a_job_with_tasks_is_deleted_by_force_only(api: Caller) -> None:
    job, empty = await create(api), await create(api)
    task = await api.submit("sleep 1000", jobUuid=job)
    status, message = await api.refusal("DELETE", f"/jobs/{job}?force=False")
    assert (status, "force" in message) == (403, True)
    assert (await api.http.delete(f"/jobs/{empty}")).status_code == 200
    assert (await api.http.delete(f"/jobs/{job}?force=True")).status_code == 200
    assert (await api.get(f"/jobs/{job}"))["state"] == "Deleting"
    await api.advance(60)
    assert await api.get("/jobs") == []
    assert (await api.refusal("GET", f"/tasks/{task}"))[0] == 404
    assert await api.refusal("GET", f"/jobs/{job}") == (404, f"No such job: {job}")


async def test_ended_tasks_may_need_no_force(api: Caller) -> None:
    await api.post("/sandbox/assumptions", {"job_with_ended_tasks_needs_force": False})
    job = await create(api)
    await api.submit("true", jobUuid=job)
    assert (await api.refusal("DELETE", f"/jobs/{job}"))[0] == 403
    await api.advance(1000)
    assert (await api.http.delete(f"/jobs/{job}")).status_code == 200


async def test_tasks_may_outlive_their_job(api: Caller) -> None:
    await api.post("/sandbox/assumptions", {"job_deletion_keeps_tasks": True})
    job = await create(api)
    task = await api.submit("sleep 1000", jobUuid=job)
    await api.http.delete(f"/jobs/{job}?force=true")
    await api.advance(60)
    assert (await api.get(f"/tasks/{task}"))["jobUuid"] == job


async def test_the_quota_of_jobs_really_refuses(api: Caller) -> None:
    disposable = await create(api, autoDeleteOnCompletion=True)
    for _ in range(49):
        await create(api)
    assert await api.refusal("POST", "/jobs", {"name": "x"}) == (403, "Maximum number of jobs reached (50)")
    await api.post(f"/jobs/{disposable}/terminate")
    await api.advance(10)
    await create(api)
    assert (await api.refusal("GET", f"/jobs/{disposable}"))[0] == 404


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "name"),
        ({"name": " "}, "name"),
        ({"name": "x", "maxWallTime": "2h"}, "TimeSpan"),
        ({"name": "x", "shortname": "not allowed"}, "shortname"),
        ({"name": "x", "tags": ["t"] * 11}, "tags"),
    ],
)
async def test_a_job_that_cannot_be_is_a_400(api: Caller, body: Any, message: str) -> None:
    status, refusal = await api.refusal("POST", "/jobs", body)
    assert (status, message in refusal) == (400, True)


async def test_a_completed_job_lives_as_long_as_it_was_given(api: Caller) -> None:
    job = await create(api, completionTimeToLive="01:00:00", maxWallTime="00:01:00")
    await api.advance(3600)
    assert (await api.get(f"/jobs/{job}"))["state"] == "Completed"
    await api.advance(200)
    assert await api.get("/jobs") == []


async def test_a_copy_stays_in_an_active_job_without_its_dependencies(api: Caller) -> None:
    job = await create(api)
    first = await api.submit("false", jobUuid=job)
    second = await api.submit("false", jobUuid=job, dependencies={"dependsOn": [first]})
    await api.advance(1000)
    again = await api.get(f"/tasks/{(await api.post(f'/tasks/{second}/retry', {}))['uuid']}")
    assert (again["jobUuid"], again["dependencies"]) == (job, None)
    await api.post("/sandbox/assumptions", {"copies_leave_their_job": True})
    assert (await api.get(f"/tasks/{(await api.post(f'/tasks/{second}/retry', {}))['uuid']}"))["jobUuid"] is None
    await api.post("/sandbox/assumptions", {"copies_leave_their_job": False})
    await api.post(f"/jobs/{job}/terminate")
    assert (await api.get(f"/tasks/{(await api.post(f'/tasks/{second}/retry', {}))['uuid']}"))["jobUuid"] is None


async def test_a_job_of_zeros_is_no_job(api: Caller) -> None:
    task = await api.submit(jobUuid=ZEROS, dependencies={"dependsOn": []})
    document = await api.get(f"/tasks/{task}")
    assert (document["jobUuid"], document["dependencies"]) == (None, None)
