"""What stands beside the tasks: profiles, hardware, carbon, credits, secrets, quotas, and paths that lead nowhere."""

from typing import Any

import pytest

from tests.support.sandbox_calls import Caller, caller


async def test_settings_and_versions_need_no_key(app: Any) -> None:
    nobody = caller(app, "")
    assert await nobody.get("/settings") == {"storage": None}
    assert (await nobody.get("/v1/versions"))[0]["version"] == "v1"


@pytest.mark.parametrize("key", ["", "secret", "Bearer sandbox-key", "sandbox key", "sandbox" + "x" * 101, "sandböx"])
async def test_what_is_no_key_of_the_sandbox_is_refused(app: Any, key: str) -> None:
    nobody = caller(app, "")
    response = await nobody.http.get("/info", headers=[(b"Authorization", key.encode())])
    assert response.status_code == 401
    assert response.json() == {"error": {"message": "Bad authentication token", "code": 401}, "data": {}}


async def test_each_key_has_an_account_of_its_own(app: Any) -> None:
    first, second = caller(app, "sandbox-empty-1"), caller(app, "Sandbox-Empty-2")
    uuid = await first.submit()
    assert (await second.refusal("GET", f"/tasks/{uuid}"))[0] == 404
    assert (await first.get("/info"))["email"] != (await second.get("/info"))["email"]


async def test_the_least_used_account_is_forgotten_when_there_are_too_many(app: Any) -> None:
    oldest, kept = caller(app, "sandbox-empty-oldest"), caller(app, "sandbox-empty-kept")
    await oldest.submit()
    await kept.submit()
    for number in range(199):
        await caller(app, f"sandbox-empty-{number}").get("/profiles")
        await kept.get("/profiles")
    assert await oldest.get("/tasks") == []
    assert len(await kept.get("/tasks")) == 1


async def test_the_root_tells_that_a_key_works(api: Caller) -> None:
    assert (await api.http.get("/v1")).content == b""
    assert (await api.http.get("/")).status_code == 200


async def test_profiles_are_names_and_each_has_its_constants(api: Caller) -> None:
    names = await api.get("/profiles")
    assert names[0] == "docker-batch"
    for name in names:
        profile = await api.get(f"/Profiles/{name}")
        assert profile["name"] == name
        assert all(set(constant) == {"name", "value", "description"} for constant in profile["constants"])
    assert (await api.get("/profiles/openfoam"))["licenses"] == [
        {"name": "openfoam", "maxInstances": 64, "maxCores": 2048}
    ]
    assert await api.refusal("GET", "/profiles/none") == (404, "No such profile: none")


async def test_hardware_constraints_come_in_pages(api: Caller) -> None:
    page = await api.get("/hardware-constraints?Limit=3&offset=1")
    assert len(page["data"]) == page["limit"] == 3
    assert page["offset"] == 1
    everything = await api.get("/hardware-constraints?limit=1000")
    assert everything["total"] == len(everything["data"])
    assert everything["limit"] == 50
    assert (await api.refusal("GET", "/hardware-constraints?limit=few"))[0] == 400


async def test_processors_are_searched(api: Caller) -> None:
    path = "/hardware-constraints/cpu-model-constraints/search"
    assert len(await api.get(f"{path}?cpuModel=ryzen")) == 4
    assert (await api.refusal("GET", f"{path}?cpuModel=abacus"))[0] == 404
    assert (await api.refusal("GET", path))[0] == 400


async def test_carbon_and_credits_follow_the_work(api: Caller) -> None:
    before = await api.get("/credits/v1/accounts/credits")
    uuid = (await api.ended("sleep 10h", 4))["uuid"]
    facts = await api.get(f"/carbon/v1/Tasks/{uuid}/carbon-facts?comparisonDatacenter=Here")
    assert facts["equivalent_datacenter_name"] == "Here"
    assert facts["total_energy_it_Wh"] < facts["total_consumed_energy_Wh"]
    cost = (await api.get(f"/credits/v1/tasks/{uuid}/credits"))["credits"]
    after = await api.get("/credits/v1/accounts/credits")
    assert cost > 0
    assert after["credits"] == pytest.approx(before["credits"] - cost, abs=0.01)
    fresh = await api.get(f"/carbon/v1/tasks/{await api.submit()}/carbon-facts")
    assert fresh["saved_carbon_footprint_percent"] == fresh["total_energy_it_Wh"] == 0
    assert (await api.refusal("GET", "/carbon/v1/tasks/none/carbon-facts"))[0] == 404


async def test_the_account_counts_what_runs(api: Caller) -> None:
    await api.submit("sleep 1000", 3)
    await api.submit("sleep 1000", 2, schedulingType="onDemand")
    await api.advance(300)
    info = await api.get("/info")
    assert (info["taskCount"], info["runningTaskCount"], info["runningInstanceCount"]) == (2, 2, 5)
    quotas = await api.get("/quotas/computing-quotas/user")
    assert quotas["flex"]["runningInstancesCount"] == 3
    assert quotas["onDemand"]["runningInstancesCount"] == 2
    assert info["runningCoreCount"] == quotas["flex"]["runningCoresCount"] + quotas["onDemand"]["runningCoresCount"]


async def test_secrets_are_kept_in_folders(api: Caller) -> None:
    path = "/secrets-manager/data"
    assert (await api.http.put(f"{path}/a/b", json={"Value": "1"})).status_code == 201
    assert (await api.http.put(f"{path}/c", json={"Value": "2"})).status_code == 201
    assert (await api.http.put(f"{path}/c", json={"Value": "3"})).json() == {"error": "Secret c already exists"}
    assert (await api.http.patch(f"{path}/c", json={"Value": "4"})).status_code == 204
    assert await api.get(f"{path}/c") == {"value": "4"}
    assert await api.get("/secrets-manager/search") == {"keys": ["a/", "c"]}
    assert await api.get("/secrets-manager/search/a") == {"keys": ["b"]}
    assert (await api.http.delete(f"{path}/c")).status_code == 204
    assert (await api.http.get(f"{path}/c")).json() == {"error": "Secret c doesn't exist"}
    assert (await api.http.put(f"{path}/d", json={})).status_code == 400
    assert (await api.http.put(f"{path}/{'d' * 300}", json={"Value": ""})).status_code == 400


async def test_a_snapshot_takes_the_files_of_a_running_task_and_tells_its_status(api: Caller) -> None:
    uuid = await api.submit("sh -c 'echo 1 > a.txt; echo 2 > b.log; sleep 1h'", resultBucket="out")
    assert (await api.refusal("POST", f"/tasks/{uuid}/snapshot", {}))[0] == 403
    await api.advance(400)
    snapshot = (await api.post(f"/tasks/{uuid}/snapshot", {"whitelist": "txt$", "bucketPrefix": "snap/"}))["id"]
    assert snapshot.startswith(f"snap_{uuid}_")
    path = f"/tasks/{uuid}/snapshot/{snapshot}"
    seen = []
    for seconds in (0, 5, 10):
        await api.advance(seconds)
        status = await api.get(path)
        seen.append((status["status"], status["sizeToUpload"], status["transferredSize"]))
    assert seen[0] == ("triggered", None, None)
    assert (seen[1][0], seen[1][1]) == ("inProgress", 2)
    assert seen[2] == ("success", 2, 2)
    assert status["snapshotConfig"] == {
        "whitelist": "txt$",
        "blacklist": None,
        "bucket": "out",
        "bucketPrefix": "snap/",
    }
    assert (await api.refusal("GET", f"/tasks/{uuid}/snapshot/other"))[0] == 404


async def test_a_snapshot_without_a_bucket_or_of_a_stopped_task_fails(api: Caller) -> None:
    for bucket, is_stopped in ((None, False), ("out", True)):
        uuid = await api.submit("sleep 1h", resultBucket=bucket)
        await api.advance(400)
        snapshot = (await api.post(f"/tasks/{uuid}/snapshot", {}))["id"]
        if is_stopped:
            await api.post(f"/tasks/{uuid}/abort")
        await api.advance(100)
        assert (await api.get(f"/tasks/{uuid}/snapshot/{snapshot}"))["status"] == "failure"


async def test_snapshots_are_taken_every_so_often_of_running_tasks_only(api: Caller) -> None:
    uuid = await api.submit("sleep 100")
    await api.post(f"/tasks/{uuid}/snapshot/periodic", {"interval": 60})
    assert (await api.get(f"/tasks/{uuid}"))["snapshotInterval"] == 60
    assert (await api.refusal("POST", f"/tasks/{uuid}/snapshot/periodic", {"interval": -1}))[0] == 400
    assert (await api.refusal("POST", f"/tasks/{uuid}/snapshot/periodic", {"interval": "often"}))[0] == 400
    await api.advance(1000)
    assert (await api.refusal("POST", f"/tasks/{uuid}/snapshot", {}))[0] == 403
    assert (await api.refusal("POST", f"/tasks/{uuid}/snapshot/periodic", {"interval": 60}))[0] == 403


async def test_ports_are_forwarded_to_instances_that_execute(api: Caller) -> None:
    uuid = await api.submit("sleep 1h", 2, profile="docker-network-ssh")
    path = f"/v1/network/tasks/{uuid}/port-forward"
    assert await api.get(path) == {"0": {}}
    await api.advance(600)
    rules = await api.get(path)
    assert rules["1"]["ssh"]["access"]["publicHost"] == f"{uuid}-1-ssh.gateway.qarnotservices.com"
    info = (await api.get(f"/tasks/{uuid}"))["status"]["runningInstancesInfo"]["perRunningInstanceInfo"]
    assert [one["activeForwards"][0]["applicationPort"] for one in info] == [22, 22]


async def test_an_organisation_has_quotas_and_a_project_with_a_budget(app: Any) -> None:
    member, alone = caller(app, "sandbox-key"), caller(app, "sandbox-empty-alone")
    quotas = await member.get("/quotas/computing-quotas/organization")
    assert quotas["name"] == "Sandbox Research"
    assert (
        quotas["flex"]["maxInstances"]
        == 2 * (await member.get("/quotas/computing-quotas/user"))["flex"]["maxInstances"]
    )
    (project,) = (await member.get("/info"))["projects"]
    (budget,) = (await member.get(f"/credits/v1/projects/{project['uuid']}/budgets?activeOnly=True"))["budgets"]
    assert budget["consumedAmountInCents"] + budget["remainingAmountInCents"] == budget["totalAmountInCents"]
    assert (await alone.refusal("GET", "/quotas/computing-quotas/organization"))[0] == 404
    assert (await alone.refusal("GET", f"/credits/v1/projects/{project['uuid']}/budgets"))[0] == 404


async def test_a_deletion_gives_no_credits_back(api: Caller) -> None:
    uuid = (await api.ended("sleep 10h", 4))["uuid"]
    left = await api.get("/credits/v1/accounts/credits")
    assert left["credits"] < 250
    await api.http.delete(f"/tasks/{uuid}")
    assert await api.get("/credits/v1/accounts/credits") == left


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/tasks/a/b/c/d/e", 404),
        ("POST", "/info", 405),
        ("DELETE", "/tasks", 405),
        ("GET", "/v2/tasks", 404),
    ],
)
async def test_other_paths_lead_nowhere(api: Caller, method: str, path: str, status: int) -> None:
    assert (await api.refusal(method, path))[0] == status


async def test_a_web_socket_is_not_answered(app: Any) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    await app({"type": "websocket", "path": "/tasks", "headers": []}, receive, send)
    assert sent == []
