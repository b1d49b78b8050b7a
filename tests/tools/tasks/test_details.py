"""What get_task says of a task: each thing once, under a name that says what it is."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from qarnot_mcp.qarnot.errors import NotFound
from qarnot_mcp.qarnot.platform import console_url
from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.qarnot.usage import CarbonFacts
from qarnot_mcp.tools.failures.grouping import explain
from qarnot_mcp.tools.tasks.details import TaskDetails
from qarnot_mcp.tools.tasks.energy import Energy
from qarnot_mcp.tools.tasks.waiting import EstimatedEnd, changes_between, now_of
from tests.support.qarnot_api import UUID, task_document

NOW = datetime(2026, 1, 2, 4, tzinfo=UTC)
IMAGE = "Instance 0: the image nope/nope was not found"


def details(instance_id: int | None = None, **changes: Any) -> TaskDetails:
    return TaskDetails.of(Task.read(task_document(**changes)), now=NOW, instance_id=instance_id)


def running(*ids: int, **changes: Any) -> dict[str, Any]:
    each = [{"instanceId": number, "phase": "execution", **changes} for number in ids]
    return {
        "totalInstanceCount": 20,
        "runningInstanceCount": len(ids),
        "completedInstances": [],
        "status": {"runningInstancesInfo": {"perRunningInstanceInfo": each}},
    }


def forward(port: int, host: str = "gateway.qarnotservices.com", outside: int = 21042) -> dict[str, Any]:
    return {"applicationPort": port, "forwarderPort": outside, "forwarderHost": host, "bindAddress": None}


def test_sums_over_instances_are_named_as_sums() -> None:
    times = details().model_dump(exclude_none=True)["times"]
    assert "execution_seconds_total" in times
    assert not {"execution_seconds", "boot_seconds", "download_seconds", "upload_seconds"} & times.keys()


@pytest.mark.parametrize("state", ["Failure", "Cancelled"])
def test_a_task_that_failed_or_was_cancelled_has_no_progress(state: str) -> None:
    assert details(state=state, progress=100).progress is None


def test_a_task_that_succeeded_is_at_100() -> None:
    assert details(state="Success", progress=100).progress == 100


@pytest.mark.parametrize("state", ["PendingCancel", "Cancelled"])
def test_a_cancellation_is_no_error(state: str) -> None:
    message = "The task was cancelled: The task was cancelled"
    assert details(state=state, errors=[{"code": "GHX0782I", "message": message}]).errors is None


def test_the_summary_has_constraints_filters_retries_and_time_to_live_where_they_are_set() -> None:
    shown = details(
        hardwareConstraints=[
            {"discriminator": "MinimumCoreHardwareConstraint", "coreCount": 16},
            {"discriminator": "GpuHardwareConstraint"},
        ],
        resultsWhitelist=r".*\.csv",
        resultsBlacklist="tmp",
        maxRetriesPerInstance=3,
        completionTimeToLive="10:00:00",
    )
    assert shown.hardware_constraints == ["MinimumCore coreCount=16", "Gpu"]
    assert (shown.results_whitelist, shown.results_blacklist) == (r".*\.csv", "tmp")
    assert (shown.max_retries_per_instance, shown.completion_time_to_live) == (3, "10:00:00")
    unset = details(hardwareConstraints=[], maxRetriesPerInstance=0, completionTimeToLive="00:00:00")
    names = ("hardware_constraints", "results_whitelist", "max_retries_per_instance", "completion_time_to_live")
    assert [getattr(unset, name) for name in names] == [None] * 4


def test_running_instances_say_how_many_are_not_shown() -> None:
    shown = details(**running(*range(12)))
    assert shown.running is not None
    assert (len(shown.running), shown.running_not_shown) == (5, 7)
    assert details(**running(1, 2)).running_not_shown is None


def test_one_instance_can_be_asked_for_wherever_it_stands() -> None:
    shown = details(11, **running(*range(12)))
    assert shown.running is not None
    assert [instance.instance_id for instance in shown.running] == [11]
    waiting = details(19, **running(*range(12)))
    assert waiting.running is None
    assert waiting.instance is not None
    assert waiting.instance.state == "queued"
    ended = details(0).instance
    assert ended is not None
    assert (ended.state, ended.error) == ("failure", "Exited with 2")
    with pytest.raises(NotFound, match="No instance 20"):
        details(20, **running(1))


@pytest.mark.parametrize(
    ("profile", "forwarded", "access"),
    [
        ("docker-network-ssh", forward(22), "ssh -p 21042 root@gateway.qarnotservices.com"),
        ("openfoam-ssh", forward(22), "ssh -p 21042 openfoam@gateway.qarnotservices.com"),
        ("jupyterlab", forward(8888), "https://gateway.qarnotservices.com:21042/"),
        (
            "ls-dyna-acme-vnc",
            forward(6080, f"{UUID}-0-vnc.gateway.qarnotservices.com", 443),
            f"https://{UUID}-0-vnc.gateway.qarnotservices.com/vnc.html",
        ),
    ],
)
def test_a_running_instance_says_how_to_reach_it(profile: str, forwarded: dict[str, Any], access: str) -> None:
    shown = details(profile=profile, **running(0, activeForwards=[forwarded]))
    assert shown.running is not None
    assert shown.running[0].access == [access]


@pytest.mark.parametrize(
    "forwarded",
    [forward(22, "x; rm -rf ~"), forward(22, "-oProxyCommand=x"), forward(22, "a b"), forward(22, outside=0)],
)
def test_a_host_that_is_none_becomes_no_line_to_paste(forwarded: dict[str, Any]) -> None:
    shown = details(**running(0, activeForwards=[forwarded]))
    assert shown.running is not None
    assert shown.running[0].access is None


def executing(progress: float, seconds: int, **changes: Any) -> EstimatedEnd | None:
    since = (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    document = task_document(progress=progress, stateTransitionTime=since, **changes)
    return EstimatedEnd.of(Task.read(document), NOW)


def test_an_end_is_estimated_from_progress_and_time_with_how_sure_it_is() -> None:
    assert executing(25, 600) == EstimatedEnd(at="2026-01-02T04:30:00Z", how_sure="low")
    assert executing(75, 1800) == EstimatedEnd(at="2026-01-02T04:10:00Z", how_sure="medium")


@pytest.mark.parametrize("changes", [{"progress": 0}, {"progress": 100}, {"progress": 50, "state": "FullyDispatched"}])
def test_no_end_is_estimated_from_nothing(changes: dict[str, Any]) -> None:
    assert executing(**{"seconds": 600, **changes}) is None


def test_the_time_is_that_of_the_api_while_a_task_runs() -> None:
    task = Task.read(task_document(creationDate="2026-01-02T03:00:00Z", wallTime="00:30:00"))
    assert now_of(task, NOW) == datetime(2026, 1, 2, 3, 30, tzinfo=UTC)
    assert now_of(task.model_copy(update={"state": "Success"}), NOW) == NOW


def test_each_sentence_of_a_failure_is_said_once() -> None:
    error = {"code": "SANDBOX_IMAGE", "message": IMAGE}
    task = Task.read(
        task_document(
            state="Failure",
            errors=[error],
            completedInstances=[{"instanceId": 0, "state": "Failure", "error": error}],
            status=None,
        )
    )
    shown = TaskDetails.of(task, now=NOW, failure=explain(task, {}))
    assert shown.model_dump_json(exclude_none=True).count("the image nope/nope was not found") == 1


def test_changes_say_only_what_changed() -> None:
    first, second = (Task.read(task_document(progress=progress)) for progress in (11.9, 12.1))
    assert changes_between(first, second) == []
    assert changes_between(first, first) == []


def test_energy_says_what_was_saved() -> None:
    facts = CarbonFacts.read({"qarnot_carbon_footprint": 2.0, "equivalent_DC_carbon_footprint": 5.5})
    assert Energy.of(facts).saved_gco2eq == 3.5
    assert Energy.of(CarbonFacts.read({"qarnot_carbon_footprint": 2.0})).saved_gco2eq is None


def test_a_link_leads_to_the_console_of_qarnot_alone() -> None:
    assert console_url("https://api.qarnot.com", UUID) == f"https://tasq.qarnot.com/tasks/{UUID}"
    assert console_url("http://127.0.0.1:4000", UUID) is None
    assert console_url("https://api.qarnot.com", "../x") is None
