"""What the API says about tasks, from their creation to their end."""

from typing import Any

import pytest

from tests.support.sandbox_calls import Caller, caller


async def states(api: Caller, uuid: str, step_seconds: int = 3) -> list[str]:
    """The states of a task in the order in which they are seen."""
    seen: list[str] = []
    while not seen or seen[-1] not in ("Success", "Failure", "Cancelled"):
        state = (await api.get(f"/tasks/{uuid}"))["state"]
        if not seen or seen[-1] != state:
            seen.append(state)
        await api.advance(step_seconds)
    return seen


async def test_a_single_instance_goes_through_the_full_states(api: Caller) -> None:
    assert await states(api, await api.submit("sleep 5")) == [
        "Submitted",
        "FullyDispatched",
        "FullyExecuting",
        "UploadingResults",
        "Success",
    ]


async def test_several_instances_go_through_the_partial_states(api: Caller) -> None:
    seen = await states(api, await api.submit("sleep 30", 20))
    assert seen[:3] == ["Submitted", "PartiallyDispatched", "FullyDispatched"]
    assert "PartiallyExecuting" in seen
    assert seen[-2:] == ["UploadingResults", "Success"]


async def test_a_hello_world_takes_about_three_minutes_of_the_platform(api: Caller) -> None:
    document = await api.ended()
    assert 150 <= document["status"]["wallTimeSec"] <= 200
    assert document["executionTime"] == "00:00:01"
    assert document["previousState"] == "UploadingResults"
    assert document["progress"] == 100


async def test_a_running_instance_tells_its_phase_memory_and_machine(api: Caller) -> None:
    uuid = await api.submit("sleep 1000", 2)
    await api.advance(14)
    phases = set()
    for _ in range(67):
        for info in (await api.get(f"/tasks/{uuid}"))["status"]["runningInstancesInfo"]["perRunningInstanceInfo"]:
            phases.add(info["phase"])
        await api.advance(3)
    assert phases == {"dispatch", "download", "environment", "execution"}
    document = await api.get(f"/tasks/{uuid}")
    info = document["status"]["runningInstancesInfo"]["perRunningInstanceInfo"][0]
    assert 0 < info["currentMemoryMB"] <= info["maxMemoryMB"]
    assert info["coreCount"] in (8, 16, 28, 32, 96)
    assert document["runningInstanceCount"] == 2


async def test_the_exit_code_decides_and_is_told(api: Caller) -> None:
    document = await api.ended("exit $INSTANCE_ID", 3)
    assert document["state"] == "Failure"
    assert document["status"]["succeededRange"] == "0"
    assert document["status"]["failedOnlyRange"] == "1-2"
    assert [error["message"] for error in document["errors"]] == [
        "Instance 1 exited with code 1",
        "Instance 2 exited with code 2",
    ]


async def test_an_unknown_image_fails_before_anything_runs(api: Caller) -> None:
    document = await api.ended(constants=[{"key": "DOCKER_REPO", "value": "acme/does-not-exist"}])
    assert document["state"] == "Failure"
    assert "acme/does-not-exist:latest was not found" in document["errors"][0]["message"]
    assert document["status"]["startedOnceRange"] == ""
    assert await api.get(f"/tasks/{document['uuid']}/stdout") == ""


async def test_instances_beyond_the_quota_wait_for_their_turn(api: Caller) -> None:
    uuid = await api.submit("sleep 500", 100, schedulingType="onDemand")
    await api.advance(400)
    document = await api.get(f"/tasks/{uuid}")
    assert document["state"] == "PartiallyExecuting"
    assert document["runningInstanceCount"] == 64
    await api.advance(2000)
    assert (await api.get(f"/tasks/{uuid}"))["status"]["succeededRange"] == "0-99"


@pytest.mark.parametrize(
    ("settings", "attempts"),
    [
        ({}, [1, 1, 1]),
        ({"maxPerInstanceRetries": 2}, [3, 3, 3]),
        ({"maxTotalRetries": 4}, [5, 1, 1]),
        ({"maxPerInstanceRetries": 2, "maxTotalRetries": 3}, [3, 2, 1]),
    ],
)
async def test_failed_instances_are_retried_as_the_settings_allow(
    api: Caller, settings: dict[str, int], attempts: list[int]
) -> None:
    document = await api.ended("exit 1", 3, retrySettings=settings, schedulingType="onDemand")
    assert [instance["executionAttemptCount"] for instance in document["completedInstances"]] == attempts


async def test_the_old_name_of_the_retry_setting_works(api: Caller) -> None:
    document = await api.ended("exit 1", maxRetriesPerInstance=1)
    assert document["completedInstances"][0]["executionAttemptCount"] == 2
    assert document["maxRetriesPerInstance"] == 1


async def test_a_preempted_flex_instance_starts_again(api: Caller) -> None:
    constants = [{"key": "SANDBOX_PREEMPTIONS", "value": "2"}]
    flex = await api.ended("sleep 100", constants=constants)
    assert flex["state"] == "Success"
    assert flex["completedInstances"][0]["executionAttemptCount"] == 3
    assert 100 < flex["status"]["executionTimeSec"] < 300
    on_demand = await api.ended("sleep 100", constants=constants, schedulingType="OnDemand")
    assert on_demand["completedInstances"][0]["executionAttemptCount"] == 1


async def test_some_long_flex_tasks_are_preempted_by_chance(api: Caller) -> None:
    document = await api.ended("sleep 2h", 60)
    counts = [instance["executionAttemptCount"] for instance in document["completedInstances"]]
    assert set(counts) == {1, 2}
    assert counts.count(2) < 20


async def test_a_queue_time_can_be_asked_for(api: Caller) -> None:
    uuid = await api.submit(constants=[{"key": "SANDBOX_QUEUE_SECONDS", "value": "5000"}])
    await api.advance(4999)
    assert (await api.get(f"/tasks/{uuid}"))["state"] == "Submitted"
    await api.advance(1)
    assert (await api.get(f"/tasks/{uuid}"))["state"] == "FullyDispatched"


async def test_an_abort_cancels_what_still_runs_and_keeps_what_has_ended(api: Caller) -> None:
    uuid = await api.submit("sh -c 'echo $INSTANCE_ID; sleep ${INSTANCE_ID}000'", 2)
    await api.advance(300)
    await api.post(f"/tasks/{uuid}/abort")
    assert (await api.get(f"/tasks/{uuid}"))["state"] == "PendingCancel"
    await api.post(f"/tasks/{uuid}/abort")
    await api.advance(10)
    document = await api.get(f"/tasks/{uuid}")
    assert document["state"] == "Cancelled"
    assert document["previousState"] == "PendingCancel"
    assert document["status"]["succeededRange"] == "0"
    assert document["status"]["cancelledRange"] == "1"
    assert document["errors"][0]["code"] == "GHX0782I"
    assert await api.refusal("POST", f"/tasks/{uuid}/abort") == (403, "Can't abort the task")
    before = await api.get(f"/tasks/{uuid}")
    await api.advance(100_000)
    assert await api.get(f"/tasks/{uuid}") == before


async def test_deleting_a_running_task_stops_it_and_then_forgets_it(api: Caller) -> None:
    uuid = await api.submit("sleep 1000")
    await api.advance(300)
    assert (await api.http.delete(f"/tasks/{uuid}")).status_code == 200
    assert (await api.get(f"/tasks/{uuid}"))["state"] == "PendingDelete"
    assert (await api.http.delete(f"/tasks/{uuid}")).status_code == 200
    assert (await api.refusal("POST", f"/tasks/{uuid}/abort"))[0] == 403
    await api.advance(10)
    assert await api.refusal("GET", f"/tasks/{uuid}") == (404, f"No such task: {uuid}")
    assert await api.get("/tasks") == []


async def test_deleting_a_task_that_is_over_forgets_it_at_once(api: Caller) -> None:
    uuid = (await api.ended())["uuid"]
    await api.http.delete(f"/tasks/{uuid}")
    assert (await api.refusal("GET", f"/tasks/{uuid}"))[0] == 404


async def test_a_task_is_deleted_when_its_time_to_live_is_over(api: Caller) -> None:
    uuid = await api.submit(completionTimeToLive="1.00:00:00")
    await api.advance(80_000)
    assert (await api.get(f"/tasks/{uuid}"))["state"] == "Success"
    await api.advance(10_000)
    assert await api.get("/tasks/summaries") == []


async def test_the_quota_refuses_until_a_finished_task_may_go(api: Caller) -> None:
    await api.submit(autoDeleteOnCompletion=True)
    for _ in range(99):
        await api.submit()
    assert (await api.get("/info"))["taskCount"] == 100
    body = {"name": "one more", "profile": "docker-batch", "instanceCount": 1}
    status, message = await api.refusal("POST", "/tasks", body)
    assert status == 403
    assert "maximum number of tasks reached" in message.lower()
    await api.advance(1000)
    await api.post("/tasks", body)
    assert (await api.get("/info"))["taskCount"] == 100


async def test_results_are_counted_where_there_is_a_bucket(api: Caller) -> None:
    command = "sh -c 'echo done > result-$INSTANCE_ID.txt'"
    document = await api.ended(command, 3, resultBucket="out", resultsBucketPrefix="run/")
    assert document["resultsCount"] == 3
    assert document["completedInstances"][2]["results"] == ["s3://storage.qarnot.com/out/run/result-2.txt"]
    assert (await api.ended())["resultsCount"] == 0


async def test_many_tasks_are_created_with_one_call_each_with_its_own_answer(api: Caller) -> None:
    good = {"name": "good", "profile": "docker-batch", "instanceCount": 1}
    response = await api.http.post("/tasks", json=[good, {"profile": "docker-batch"}, 7, good])
    assert response.status_code == 207
    results = response.json()
    assert [result["statusCode"] for result in results] == [200, 400, 400, 200]
    assert results[1]["message"] == "Invalid task file. Invalid fields: name"
    assert (await api.http.post("/tasks", json=[good])).status_code == 200
    assert (await api.http.post("/tasks", json=[{}, {}])).status_code == 400
    assert (await api.refusal("POST", "/tasks", []))[0] == 400


async def test_an_answer_to_a_creation_tells_where_the_task_is(api: Caller) -> None:
    body = {"name": "x", "profile": "docker-batch", "instanceCount": 1}
    response = await api.http.post("/v1/tasks", json=body)
    assert (await api.get(response.headers["location"]))["uuid"] == response.json()["uuid"]


async def test_names_of_fields_and_paths_have_any_case(api: Caller) -> None:
    body = {
        "Name": "Cased",
        "PROFILE": "docker-batch",
        "InstanceCount": "2",
        "Constants": [{"Key": "DOCKER_CMD", "Value": 94}],
        "Labels": {"Kept": "AsIs"},
        "AutoDeleteOnCompletion": "True",
        "nobody knows": {"this": 1},
    }
    uuid = (await api.post("/V1/Tasks/", body))["uuid"]
    document = await api.get(f"/TASKS/{uuid.upper()}")
    assert document["constants"] == [{"key": "DOCKER_CMD", "value": "94"}]
    assert document["labels"] == {"Kept": "AsIs"}
    assert document["instanceCount"] == 2
    assert document["autoDeleteOnCompletion"] is True


async def test_a_task_answers_to_its_shortname(api: Caller) -> None:
    uuid = await api.submit(shortname="My-Task")
    assert (await api.get("/tasks/my-task"))["uuid"] == uuid
    body = {"name": "x", "profile": "docker-batch", "instanceCount": 1, "shortname": "my-task"}
    assert (await api.refusal("POST", "/tasks", body))[0] == 400


async def test_secret_constants_are_hidden_and_survive_an_update(api: Caller) -> None:
    constants = [{"key": "QARNOT_SECRET__TOKEN", "value": "hidden"}]
    uuid = await api.submit("echo $QARNOT_SECRET__TOKEN", constants=constants)
    shown = (await api.get(f"/tasks/{uuid}"))["constants"]
    assert {"key": "QARNOT_SECRET__TOKEN", "value": "[SECRET]"} in shown
    response = await api.http.put(f"/tasks/{uuid}", json={"constants": shown, "tags": ["t"]})
    assert response.status_code == 200
    assert (await api.get(f"/tasks/{uuid}"))["tags"] == ["t"]
    assert (await api.http.put(f"/tasks/{uuid}", json={})).status_code == 200
    await api.advance(1000)
    assert await api.get(f"/tasks/{uuid}/stdout/0") == "hidden\n"


async def test_a_change_shows_in_a_task_that_is_over(api: Caller) -> None:
    uuid = (await api.ended())["uuid"]
    await api.http.put(f"/tasks/{uuid}", json={"tags": ["late"]})
    assert (await api.get(f"/tasks/{uuid}"))["tags"] == ["late"]
    assert (await api.refusal("PATCH", f"/tasks/{uuid}"))[0] == 400


@pytest.mark.parametrize(
    ("operation", "ranges"), [("retry", "1"), ("recover", "1,3"), ("resume", "3"), ("clone", None)]
)
async def test_a_new_task_runs_the_instances_that_were_chosen(api: Caller, operation: str, ranges: str | None) -> None:
    command = "sh -c 'sleep ${INSTANCE_ID}00; exit $INSTANCE_ID'"
    uuid = await api.submit(command, "0,1,3", tags=["old"], resultBucket="kept", shortname="first")
    await api.advance(440)
    await api.post(f"/tasks/{uuid}/abort")
    assert (await api.refusal("POST", f"/tasks/{uuid}/retry", {}))[0] == 403
    await api.advance(10)
    status = (await api.get(f"/tasks/{uuid}"))["status"]
    assert (status["succeededRange"], status["failedOnlyRange"], status["cancelledRange"]) == ("0", "1", "3")
    new = await api.post(f"/tasks/{uuid}/{operation}", {"name": "again", "tags": ["new"]})
    document = await api.get(f"/tasks/{new['uuid']}")
    assert document["advancedRanges"] == (ranges or "0,1,3")
    assert (document["name"], document["tags"], document["resultBucket"]) == ("again", ["new"], "kept")
    assert document["shortname"] == document["uuid"]


async def test_a_clone_may_have_another_number_of_instances(api: Caller) -> None:
    uuid = await api.submit(instances="3-5")
    new = await api.post(f"/tasks/{uuid}/clone", {"instanceCount": 2})
    document = await api.get(f"/tasks/{new['uuid']}")
    assert document["instanceCount"] == document["totalInstanceCount"] == 2
    assert "advancedRanges" not in document


async def test_there_must_be_something_to_run_again(api: Caller) -> None:
    uuid = (await api.ended())["uuid"]
    for operation in ("retry", "recover", "resume"):
        assert (await api.refusal("POST", f"/tasks/{uuid}/{operation}", {}))[0] == 403
    response = await api.http.post(f"/tasks/{uuid}/clone")
    assert response.status_code == 400
    assert response.headers["content-type"].startswith("application/problem+json")
    assert response.json()["errors"] == {"": ["A non-empty request body is required."]}


VALID: dict[str, Any] = {"name": "x", "profile": "docker-batch", "instanceCount": 1}


@pytest.mark.parametrize(
    ("changes", "status", "message"),
    [
        ({"name": " "}, 400, "Invalid fields: name"),
        ({"name": "n" * 2048}, 400, "name"),
        ({"name": ["x"]}, 400, "Could not convert"),
        ({"instanceCount": {}}, 400, "an object"),
        ({"profile": "nothing"}, 400, "No such profile: nothing"),
        ({"profile": None}, 400, "profile"),
        ({"poolUuid": "62e80aae-d20a-4608-b873-ec8bff991733"}, 400, "No such pool"),
        ({"jobUuid": "62e80aae-d20a-4608-b873-ec8bff991733"}, 400, "No such job"),
        ({"instanceCount": None}, 400, "instanceCount is missing"),
        ({"instanceCount": 0}, 400, "instanceCount is 0"),
        ({"instanceCount": 2049}, 400, "1 to 2048 are possible"),
        ({"instanceCount": "many"}, 400, "many"),
        ({"instanceCount": 1.5}, 400, "1.5"),
        ({"instanceCount": True}, 400, "a boolean"),
        ({"advancedRanges": "3-1"}, 400, "backwards"),
        ({"advancedRanges": "1,,2"}, 400, "not a list of ranges"),
        ({"advancedRanges": "0-999999999"}, 400, "more than 2048"),
        ({"shortname": "-x"}, 400, "shortname"),
        ({"tags": ["t"] * 11}, 400, "at most 10"),
        ({"tags": ["t" * 512]}, 400, "longer than 511"),
        ({"tags": [None]}, 400, "Could not convert"),
        ({"tags": "t"}, 400, "Expected a list"),
        ({"labels": {"a": 1}}, 400, "Expected texts"),
        ({"labels": {str(number): "" for number in range(101)}}, 400, "at most 100"),
        ({"labels": {"a": "b" * 3000}}, 400, "longer than 2048"),
        ({"constants": [{"key": "a b", "value": ""}]}, 400, "characters other than"),
        ({"constants": [{"key": "a"}]}, 400, "neither key nor value"),
        ({"constants": [3]}, 400, "Expected a JSON object"),
        ({"resourceBuckets": ["nothing"]}, 404, "No such bucket: nothing"),
        ({"advancedResourceBuckets": [{"bucketName": "none"}]}, 404, "No such bucket: none"),
        ({"advancedResourceBuckets": [{}]}, 400, "advancedResourceBuckets"),
        ({"resourceBuckets": ["a"], "advancedResourceBuckets": [{"bucketName": "b"}]}, 400, "Only one of"),
        ({"resultBucket": "a\nb"}, 400, "resultBucket"),
        ({"schedulingType": "soon"}, 400, "scheduling type"),
        ({"retrySettings": {"maxTotalRetries": -1}}, 400, "retrySettings"),
        ({"resultsCacheTTLSec": -1}, 400, "resultsCacheTTLSec"),
        ({"completionTimeToLive": "soon"}, 400, "TimeSpan"),
        ({"autoDeleteOnCompletion": "perhaps"}, 400, "boolean"),
        ({"hardwareConstraints": [{"discriminator": "Fast"}]}, 400, "Fast"),
        ({"hardwareConstraints": [{"discriminator": "MinimumCoreHardwareConstraint"}]}, 400, "coreCount"),
        (
            {"hardwareConstraints": [{"discriminator": "MinimumRamHardwareConstraint", "minimumMemoryMB": "much"}]},
            400,
            "number",
        ),
        (
            {"hardwareConstraints": [{"discriminator": "MinimumCoreHardwareConstraint", "coreCount": 999}]},
            402,
            "hardware constraint",
        ),
    ],
)
async def test_a_rule_that_is_broken_is_refused_and_named(
    api: Caller, changes: dict[str, Any], status: int, message: str
) -> None:
    refused_status, refused_message = await api.refusal("POST", "/tasks", VALID | changes)
    assert refused_status == status
    assert message in refused_message
    assert await api.get("/tasks") == []


@pytest.mark.parametrize(
    ("constraint", "expected"),
    [
        ({"discriminator": "MinimumCoreHardwareConstraint", "coreCount": 64}, "96c-512g-amd-epyc9654-ssd"),
        ({"discriminator": "MaximumCoreHardwareConstraint", "coreCount": 8}, "8c-32g-amd-rz3700x"),
        ({"discriminator": "MinimumRamHardwareConstraint", "minimumMemoryMB": 200000}, "96c-512g-amd-epyc9654-ssd"),
        ({"discriminator": "MaximumRamHardwareConstraint", "maximumMemoryMB": 40000}, "8c-32g-amd-rz3700x"),
        (
            {"discriminator": "MinimumRamCoreRatioHardwareConstraint", "minimumMemoryGBCoreRatio": 6},
            "16c-128g-amd-rz7950x-ssd-nvidia-rtx4090",
        ),
        ({"discriminator": "SpecificHardwareConstraint", "specificationKey": "tr2990wx"}, "32c-128g-amd-tr2990wx-ssd"),
        ({"discriminator": "CpuModelHardwareConstraint", "cpuModel": "xeon"}, "28c-128g-intel-dual-xeon2680v4-ssd"),
        ({"discriminator": "NoSSDHardwareConstraint"}, "8c-32g-amd-rz3700x"),
        ({"discriminator": "GpuHardwareConstraint"}, "16c-128g-amd-rz7950x-ssd-nvidia-rtx4090"),
    ],
)
async def test_a_constraint_chooses_the_machine(api: Caller, constraint: dict[str, Any], expected: str) -> None:
    document = await api.ended(instances=8, hardwareConstraints=[constraint])
    assert {instance["specificationKey"] for instance in document["completedInstances"]} == {expected}
    assert document["hardwareConstraints"] == [constraint]


async def test_several_constraints_hold_together(api: Caller) -> None:
    constraints = [
        {"discriminator": "MaximumRamCoreRatioHardwareConstraint", "maximumMemoryGBCoreRatio": 4},
        {"discriminator": "SSDHardwareConstraint"},
        {"discriminator": "NoGpuHardwareConstraint"},
    ]
    document = await api.ended(instances=20, hardwareConstraints=constraints)
    keys = {instance["specificationKey"] for instance in document["completedInstances"]}
    assert keys == {"16c-64g-amd-rz5950x-ssd", "32c-128g-amd-tr2990wx-ssd"}


async def test_a_graphics_profile_runs_on_a_graphics_machine(api: Caller) -> None:
    document = await api.ended(profile="docker-nvidia-batch")
    assert "nvidia" in document["completedInstances"][0]["specificationKey"]


async def test_buckets_with_prefixes_come_back(furnished: Caller) -> None:
    bucket = {
        "bucketName": "scenes",
        "filtering": {"prefixFiltering": {"prefix": "in/"}},
        "resourcesTransformation": {"stripPrefix": {"prefix": "in/"}},
        "cacheTTLSec": 60,
    }
    uuid = await furnished.submit(advancedResourceBuckets=[bucket])
    assert (await furnished.get(f"/tasks/{uuid}"))["advancedResourceBuckets"] == [bucket]


async def test_names_may_be_numbers_and_booleans(api: Caller) -> None:
    names = [(await api.get(f"/tasks/{await api.submit(name=name)}"))["name"] for name in (94, 1.5, True, False)]
    assert names == ["94", "1.5", "true", "false"]


async def test_many_at_once_tell_what_was_wrong_with_each(api: Caller) -> None:
    results = (await api.http.post("/tasks", json=[VALID | {"tags": 1}, VALID | {"poolUuid": "a"}])).json()
    assert "Expected a list" in results[0]["message"]
    assert results[1]["message"] == "No such pool: a"


async def test_without_credits_nothing_is_created(app: Any) -> None:
    broke = caller(app, "sandbox-broke-1")
    assert await broke.refusal("POST", "/tasks", VALID) == (402, "Not enough credits")


async def test_the_orders_of_an_account_are_bounded(api: Caller) -> None:
    constants = [{"key": f"K{number}", "value": "v" * 2000} for number in range(140)]
    for _ in range(14):
        await api.submit(constants=constants)
    status, message = await api.refusal("POST", "/tasks", VALID | {"constants": constants})
    assert status == 403
    assert "delete some" in message


async def test_result_buckets_are_bounded(api: Caller) -> None:
    for number in range(100):
        uuid = await api.submit(resultBucket=f"bucket-{number}")
        await api.http.delete(f"/tasks/{uuid}")
        await api.advance(10)
    assert (await api.refusal("POST", "/tasks", VALID | {"resultBucket": "one-more"}))[0] == 403


@pytest.mark.parametrize(("seconds", "state"), [(60, "Failure"), (6000, "Success"), (0, "Success")])
async def test_a_task_gives_up_that_finds_no_machine_in_time(api: Caller, seconds: int, state: str) -> None:
    constants = [{"key": "SANDBOX_QUEUE_SECONDS", "value": "5000"}]
    task = await api.ended(instances=2, constants=constants, maxTimeQueueSeconds=seconds)
    assert task["state"] == state
    assert (task["status"]["startedOnceRange"] == "") is (state == "Failure")
    assert [error["code"] for error in task["errors"]] == (["SANDBOX_QUEUE"] * 2 if state == "Failure" else [])
