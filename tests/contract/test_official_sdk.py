"""The official Qarnot SDK takes the sandbox for Qarnot."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from types import SimpleNamespace

import pytest
from qarnot.carbon_facts import CarbonFacts
from qarnot.connection import Connection
from qarnot.credits_client import CreditsClient
from qarnot.dependency import AdvancedDependency, DependencyStateConditionsNotFulfilled, TaskFinalStateSuccess
from qarnot.exceptions import (
    MaxJobException,
    MaxPoolException,
    MaxTaskException,
    MissingBucketException,
    MissingJobException,
    MissingPoolException,
    MissingProfileException,
    MissingProjectException,
    MissingTaskException,
    MissingTaskInstanceException,
    NotEnoughCreditsException,
    QarnotGenericException,
    SecretConflictException,
    SecretNotFoundException,
    UnauthorizedException,
)
from qarnot.hardware_constraint import CpuModelHardware, GpuHardware, MinimumCoreHardware, MinimumRamHardware
from qarnot.paginate import PaginateResponse
from qarnot.retry_settings import RetrySettings
from qarnot.scaling import ManagedTasksQueueScalingPolicy, Scaling, TimePeriodAlways
from qarnot.scheduling_type import OnDemandScheduling
from qarnot.secrets import Secrets
from qarnot.task import Task

Connect = Callable[..., Connection]

LONG = "sleep 999999999"

_numbers = count()


@pytest.fixture
def connect(sandbox_url: str) -> Iterator[Connect]:
    """Connections to the sandbox, each to an account of its own unless a key is given."""
    opened: list[Connection] = []

    def connect(key: str = "", kind: str = "empty") -> Connection:
        token = key or f"sandbox-{kind}-{next(_numbers)}"
        connection = Connection(cluster_url=sandbox_url, client_token=token, retry_wait=0)
        opened.append(connection)
        return connection

    yield connect
    for connection in opened:
        connection._http.close()


def hello(connection: Connection, command: str = "echo hello", instances: int | str = 1) -> Task:
    task = connection.create_task("hello", "docker-batch", instances)
    task.constants["DOCKER_CMD"] = command
    return task


def finished(connection: Connection, command: str = "echo hello", instances: int | str = 1) -> Task:
    task = hello(connection, command, instances)
    task.submit()
    while not task.wait(timeout=0.05):
        continue
    return task


def post(connection: Connection, path: str, body: object) -> None:
    assert connection._http.post(f"{connection.cluster}{path}", data=json.dumps(body)).status_code == 200


def test_user_information_counts_tasks_and_quotas(connect: Connect) -> None:
    connection = connect(kind="user")
    user = connection.user_info
    assert user.email.startswith("sandbox-")
    assert user.max_task == 100
    assert user.task_count == len(list(connection.all_tasks())) == 13
    quotas = connection.get_user_computing_quotas()
    assert quotas.flex.max_instances == 64
    assert connection.credits().amount_in_euros < 250


def test_profiles_come_with_their_constants(connect: Connect) -> None:
    connection = connect()
    names = connection.profiles_names()
    assert {"docker-batch", "docker-network", "docker-nvidia-batch", "blender", "openfoam"} <= set(names)
    assert sorted(profile.name for profile in connection.profiles()) == sorted(names)
    constants = dict(connection.retrieve_profile("docker-batch").constants)
    assert constants["DOCKER_REPO"] == "library/ubuntu"


def test_a_task_is_followed_to_its_end(connect: Connect, capsys: pytest.CaptureFixture[str]) -> None:
    task = hello(connect(), "sh -c 'echo hello from ${INSTANCE_ID}; echo oh >&2'", 2)
    task.submit()
    while not task.wait(timeout=0.05, follow_state=True, follow_stdout=True, follow_stderr=True):
        continue
    assert task.state == "Success"
    printed = capsys.readouterr()
    assert "hello from 0" in printed.out
    assert "oh" in printed.err
    assert task.status.succeeded_range == "0-1"
    assert [instance.state for instance in task.completed_instances] == ["Success", "Success"]
    assert task.creation_date.year >= 2026


def test_logs_are_told_whole_for_one_instance_and_once_when_fresh(connect: Connect) -> None:
    task = finished(connect(), "sh -c 'echo from $INSTANCE_ID; echo oops >&2'", 3)
    assert sorted(json.loads(task.stdout()).splitlines()) == [" 0> from 0", " 1> from 1", " 2> from 2"]
    assert json.loads(task.stdout(1)) == "from 1\n"
    assert json.loads(task.stderr(2)) == "oops\n"
    assert json.loads(task.fresh_stdout(0)) == "from 0\n"
    assert task.fresh_stdout(0) == ""
    assert json.loads(task.fresh_stderr()).count("oops") == 3
    assert task.fresh_stderr() == ""


def test_everything_that_was_asked_for_comes_back(connect: Connect) -> None:
    connection = connect()
    task = connection.create_task("all of it", "docker-batch", "1-3,7", shortname=f"all-{next(_numbers)}")
    task.constants = {"DOCKER_CMD": LONG, "QARNOT_SECRET__TOKEN": "hidden"}
    task.tags = ["a", "b"]
    task.labels = {"project": "x"}
    task.hardware_constraints = [MinimumCoreHardware(8), MinimumRamHardware(16000)]
    task.retry_settings = RetrySettings(maxPerInstanceRetries=1)
    task.scheduling_type = OnDemandScheduling()
    task.results_whitelist = ".*png"
    task.snapshot(60)
    task.submit()
    again = connection.retrieve_task(task.uuid)
    assert again.name == "all of it"
    assert again.advanced_range == "1-3,7"
    assert again.constants == {"DOCKER_CMD": LONG, "QARNOT_SECRET__TOKEN": "[SECRET]"}
    assert again.tags == ["a", "b"]
    assert again.labels == {"project": "x"}
    assert [type(constraint) for constraint in again.hardware_constraints] == [MinimumCoreHardware, MinimumRamHardware]
    assert again.retry_settings._maxPerInstanceRetries == 1
    assert again.results_whitelist == ".*png"
    assert again.snapshot_interval == 60
    assert connection.retrieve_task(task.shortname).uuid == task.uuid


def test_lists_come_in_pages_and_by_tag(connect: Connect) -> None:
    connection = connect()
    tags = [["red"], ["red", "blue"], ["blue"], []]
    for wanted in tags:
        task = hello(connection)
        task.tags = wanted
        task.submit()
    assert len(list(connection.all_tasks())) == 4
    assert len(list(connection.all_tasks(tags=["red"]))) == 2
    assert len(list(connection.all_tasks(tags=["red", "blue"]))) == 3
    assert len(list(connection.all_tasks(tags_intersect=["red", "blue"]))) == 1
    page: PaginateResponse = connection.tasks_page(maximum=3)
    assert len(page.page_data) == 3
    assert page.is_truncated
    last = connection.tasks_page(token=page.next_token, maximum=3, summary=False)
    assert len(last.page_data) == 1
    assert not last.is_truncated


def test_constants_and_tags_change_with_an_update(connect: Connect) -> None:
    connection = connect()
    task = hello(connection, "sleep 999999999")
    task.submit()
    task.tags = ["new"]
    task.constants["EXTRA"] = "1"
    task.commit()
    again = connection.retrieve_task(task.uuid)
    assert again.tags == ["new"]
    assert again.constants["EXTRA"] == "1"


def executing(connection: Connection) -> Task:
    """Start a task that leaves a file, and return it once it executes."""
    task = hello(connection, f"sh -c 'echo 1 > a.txt; {LONG}'")
    task.snapshot_whitelist = "txt$"
    task.submit()
    while task.state != "FullyExecuting":
        task.update(flushcache=True)
    return task


def test_a_running_task_gives_a_snapshot_whose_status_is_told(connect: Connect) -> None:
    task = executing(connect())
    snapshot = task.instant(bucket=SimpleNamespace(uuid="kept"))
    assert snapshot.startswith(f"snap_{task.uuid}_")
    while not task.wait_snapshot(snapshot, timeout=0.05):
        continue
    status = task.snapshot_status(snapshot)
    assert status._status.status.lower() == "success"
    assert status._snapshot_config._whitelist == "txt$"
    task.snapshot(120)
    task.update(flushcache=True)
    assert task.snapshot_interval == 120


def test_an_account_has_quotas_of_its_own_and_of_its_organisation(connect: Connect) -> None:
    connection = connect(kind="user")
    user, organization = connection.get_user_computing_quotas(), connection.get_organization_computing_quotas()
    assert organization.flex.max_instances == 2 * user.flex.max_instances
    assert [one.reservation_name for one in user.reserved] == ["sandbox-reservation"]
    with pytest.raises(QarnotGenericException, match="no organization"):
        connect().get_organization_computing_quotas()


def test_credits_and_budgets_add_up(connect: Connect) -> None:
    connection = connect(kind="user")
    post(connection, "/sandbox/clock", {"advance_seconds": 40 * 86400})
    left = connection.credits().amount_in_euros
    used = sum(task.credits().amount_in_euros for task in connection.all_tasks())
    assert left == pytest.approx(250 - used, abs=0.02)
    (project,) = connection.user_info.projects
    (budget,) = CreditsClient(connection).get_project_budgets(project.uuid, True)
    assert budget._consumed_in_cents == pytest.approx(100 * used, abs=2)


def test_resources_are_sent_again_while_a_task_runs_and_not_after(connect: Connect) -> None:
    connection = connect()
    task = hello(connection, "sleep 999999999")
    task.submit()
    task.update_resources()
    over = finished(connection)
    with pytest.raises(QarnotGenericException, match="not running"):
        over.update_resources()


@pytest.mark.parametrize(("operation", "instances"), [("retry", "1-2"), ("recover", "1-2"), ("clone", None)])
def test_failed_instances_run_again(connect: Connect, operation: str, instances: str | None) -> None:
    connection = connect()
    failed = finished(connection, "exit $INSTANCE_ID", 3)
    assert failed.state == "Failure"
    assert "code 1" in str(failed.errors[0])
    response = connection._post(f"/tasks/{failed.uuid}/{operation}", json={})
    again = connection.retrieve_task(response.json()["uuid"])
    assert again.advanced_range == instances


def test_an_aborted_task_is_cancelled_and_cannot_be_aborted_again(connect: Connect) -> None:
    task = hello(connect(), "sleep 999999999")
    task.submit()
    task.abort()
    assert task.state in ("PendingCancel", "Cancelled")
    task.wait(timeout=0.01)
    task.update(True)
    assert task.state == "Cancelled"
    assert task.errors[0].code == "GHX0782I"
    with pytest.raises(UnauthorizedException, match="abort"):
        task.abort()


def test_a_deleted_task_is_gone(connect: Connect) -> None:
    connection = connect()
    task = finished(connection)
    uuid = task.uuid
    task.delete()
    with pytest.raises(MissingTaskException, match=uuid):
        connection.retrieve_task(uuid)


def test_many_tasks_are_submitted_at_once(connect: Connect) -> None:
    connection = connect()
    tasks = [hello(connection) for _ in range(3)]
    connection.submit_tasks(tasks)
    assert len({task.uuid for task in tasks}) == 3
    bad = connection.create_task("bad", "no-such-profile", 1)
    good = hello(connection)
    with pytest.raises(QarnotGenericException, match="no-such-profile"):
        connection.submit_tasks([good, bad])
    assert connection.retrieve_task(good.uuid).name == "hello"


def test_a_task_has_carbon_facts_and_credits(connect: Connect) -> None:
    task = finished(connect(), "sleep 3600")
    facts: CarbonFacts = task.carbon_facts("somewhere else")
    assert facts.equivalent_datacenter_name == "somewhere else"
    assert 0 < facts.energy_it_Wh < facts.energy_consumption_Wh
    assert facts.carbon_footprint_gC02eq < facts.equivalent_dc_carbon_footprint_gC02eq
    assert task.credits().amount_in_euros > 0


def test_hardware_constraints_are_listed_and_searched(connect: Connect) -> None:
    connection = connect()
    constraints = list(connection.all_hardware_constraints())
    assert None not in constraints
    assert any(isinstance(constraint, GpuHardware) for constraint in constraints)
    page = connection.hardware_constraints_page(limit=4, offset=2)
    assert len(page.page_data) == 4
    found = connection.search_cpu_model_constraints("epyc")
    assert [type(constraint) for constraint in found] == [CpuModelHardware]


def test_secrets_are_kept(connect: Connect) -> None:
    secrets = Secrets(connect())
    secrets.create_secret("key", "first")
    secrets.create_secret("folder/a", "1")
    secrets.create_secret("folder/deep/b", "2")
    secrets.update_secret("key", "second")
    assert secrets.get_secret("key") == "second"
    assert secrets.list_secrets("") == ["folder/", "key"]
    assert secrets.list_secrets("folder", recursive=True) == ["folder/a", "folder/deep/b"]
    with pytest.raises(SecretConflictException):
        secrets.create_secret("key", "third")
    secrets.delete_secret("key")
    with pytest.raises(SecretNotFoundException):
        secrets.get_secret("key")


def test_a_bad_key_is_unauthorized(connect: Connect) -> None:
    with pytest.raises(UnauthorizedException):
        connect("not-a-key")


def test_a_revoked_key_is_unauthorized(connect: Connect) -> None:
    connection = connect("sandbox-empty-to-revoke")
    connection.profiles_names()
    post(connection, "/sandbox/revoke", {"key": "sandbox-empty-to-revoke"})
    with pytest.raises(UnauthorizedException):
        connection.profiles_names()


def test_what_does_not_exist_is_missing(connect: Connect) -> None:
    connection = connect()
    with pytest.raises(MissingTaskException, match="No such task: nothing"):
        connection.retrieve_task("nothing")
    with pytest.raises(MissingProfileException, match="No such profile"):
        connection.retrieve_profile("nothing")
    with pytest.raises(MissingPoolException, match="No such pool"):
        connection.retrieve_pool("nothing")
    with pytest.raises(MissingJobException, match="No such job"):
        connection.retrieve_job("nothing")
    with pytest.raises(MissingProjectException):
        CreditsClient(connection).get_project_budgets("nothing", True)
    task = finished(connection)
    with pytest.raises(MissingTaskInstanceException):
        task.stdout(5)
    assert list(connection.all_pools()) == []
    assert list(connection.all_jobs()) == []


def test_a_missing_bucket_is_named(connect: Connect) -> None:
    connection = connect()
    with pytest.raises(QarnotGenericException, match="at once"):
        connection.submit_tasks([])
    task = hello(connection)
    task._to_json = lambda: {"name": "x", "profile": "docker-batch", "instanceCount": 1, "resourceBuckets": ["none"]}
    with pytest.raises(MissingBucketException, match="No such bucket: none"):
        task.submit()


def test_quotas_really_refuse(connect: Connect) -> None:
    connection = connect()
    connection.submit_tasks([hello(connection) for _ in range(100)])
    with pytest.raises(MaxTaskException):
        hello(connection).submit()
    for number in range(10):
        connection.create_pool(f"pool-{number}", "docker-batch").submit()
    with pytest.raises(MaxPoolException):
        connection.create_pool("pool", "docker-batch").submit()
    for number in range(50):
        connection.create_job(f"job-{number}").submit()
    with pytest.raises(MaxJobException):
        connection.create_job("job").submit()


def test_a_pool_runs_tasks_scales_and_closes(connect: Connect) -> None:
    connection = connect()
    pool = connection.create_pool("pool", "docker-batch", 2)
    pool.submit()
    task = connection.create_task("in-pool", pool, 4)
    task.constants["DOCKER_CMD"] = "echo ready"
    task.submit()
    while not task.wait(timeout=0.05):
        continue
    assert task.state == "Success"
    policy = ManagedTasksQueueScalingPolicy(0, 5, 1, 90, 0.5, name="queue", enabled_periods=[TimePeriodAlways()])
    pool.scaling = Scaling([policy])
    pool.commit()
    again = connection.retrieve_pool(pool.uuid)
    assert [each.to_json() for each in again.scaling.policies] == [policy.to_json()]
    assert [each.uuid for each in connection.all_pools()] == [pool.uuid]
    again.close()
    while again.state != "Closed":
        again.update(flushcache=True)
    again.delete()


def test_a_job_runs_its_tasks_in_order_and_ends(connect: Connect) -> None:
    connection = connect()
    job = connection.create_job("pipeline", useDependencies=True)
    job.max_wall_time = timedelta(days=300)  # at the sandbox's speed four minutes
    job.tags = ["nightly"]
    job.submit()
    tasks = [connection.create_task(name, "docker-batch", 1, job=job) for name in ("train", "report", "clean")]
    train, report, clean = tasks
    train.constants["DOCKER_CMD"] = "exit 3"
    train.submit()
    report.set_task_advanced_dependencies([AdvancedDependency(train.uuid, [TaskFinalStateSuccess()])])
    report.submit()
    clean.set_task_dependencies_from_tasks([train])
    clean.submit()
    for task in tasks:
        while not task.wait(timeout=0.05):
            continue
    assert [task.state for task in tasks] == ["Failure", "Cancelled", "Success"]
    assert report.dependencies.state == DependencyStateConditionsNotFulfilled()
    again = connection.retrieve_job(job.uuid)
    assert sorted(task.uuid for task in again.tasks) == sorted(task.uuid for task in tasks)
    assert (again.state, again.use_dependencies, job.tags) == ("Active", True, ["nightly"])
    assert [each.uuid for each in connection.all_jobs()] == [job.uuid]
    with pytest.raises(UnauthorizedException, match="force"):
        again.delete()
    again.terminate()
    while again.state != "Completed":
        again.update(flushcache=True)
    again.delete(forceAbort=True)


def test_without_credits_nothing_is_submitted(connect: Connect) -> None:
    with pytest.raises(NotEnoughCreditsException):
        hello(connect(kind="broke")).submit()


def test_an_impossible_machine_is_refused(connect: Connect) -> None:
    task = hello(connect())
    task.hardware_constraints = [MinimumCoreHardware(4096)]
    with pytest.raises(QarnotGenericException, match="hardware constraint"):
        task.submit()


def test_a_rule_that_is_broken_is_told(connect: Connect) -> None:
    connection = connect()
    with pytest.raises(QarnotGenericException, match="2048"):
        hello(connection, instances=1_000_000).submit()
    first = connection.create_task("first", "docker-batch", 1, shortname="only-one")
    first.submit()
    with pytest.raises(QarnotGenericException, match="only-one"):
        connection.create_task("second", "docker-batch", 1, shortname="only-one").submit()


def test_a_passing_fault_is_survived_and_a_lasting_one_is_told(connect: Connect) -> None:
    connection = connect()
    key = connection._http.headers["Authorization"]
    post(connection, "/sandbox/faults", {"kind": "status", "status": 429, "count": 2, "key": key})
    assert "docker-batch" in connection.profiles_names()
    post(connection, "/sandbox/faults", {"kind": "status", "status": 500, "count": 6, "key": key})
    with pytest.raises(QarnotGenericException, match="Fault on demand"):
        connection.profiles_names()
