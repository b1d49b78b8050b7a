"""The questions of the sandbox's list of assumptions, asked of a platform: each answer is a few words.

They take some minutes of a few small instances: some cents.
"""

import asyncio
import re
from datetime import datetime
from typing import Any

import httpx

from tests.live.platform import Platform

SECRET = "live-check-value"
JOB_SECONDS = 300
Answers = dict[str, str]


def yes(holds: bool) -> str:
    """Return a yes or a no."""
    return "yes" if holds else "no"


def status(response: httpx.Response) -> str:
    """Return the status of a response."""
    return str(response.status_code)


async def ask_all(platform: Platform) -> Answers:
    """Ask everything; a question that cannot be asked has the reason as its answer."""
    answers: Answers = {}
    groups = (about_ended, about_running, about_copies, about_jobs, about_job_time, about_account)

    async def ask(group: Any) -> None:
        try:
            await group(platform, answers)
        except (httpx.HTTPError, TimeoutError, KeyError, TypeError, ValueError) as error:
            answers[f"({group.__name__} stopped)"] = type(error).__name__

    await asyncio.gather(*map(ask, groups))
    return answers


async def about_ended(platform: Platform, answers: Answers) -> None:
    """Ask about a task of two instances, of which the second fails."""
    shortname = f"{platform.tag}-ended"
    uuid = await platform.task("sh -c 'sleep 70; echo out; exit $INSTANCE_ID'", 2, shortname=shortname)
    answers["shortname_finds_a_task"] = status(await platform.ask("GET", f"/v1/tasks/{shortname}"))
    body = {"name": platform.tag, "profile": "docker-batch", "instanceCount": 1, "tags": [platform.tag]}
    answers["shortname_is_unique"] = status(await platform.ask("POST", "/v1/tasks", body | {"shortname": shortname}))
    answers["task_in_no_shortname"] = status(await platform.ask("GET", f"/v1/tasks/{platform.tag}-none"))
    missing = await platform.ask("POST", "/v1/tasks", body | {"resourceBuckets": [f"{platform.tag}-none"]})
    answers["missing_bucket"] = f"{missing.status_code}{' No such bucket' if 'o such bucket' in missing.text else ''}"
    answers["unknown_profile"] = status(await platform.ask("POST", "/v1/tasks", body | {"profile": platform.tag}))
    task = await platform.ended(uuid)
    path = f"/v1/tasks/{uuid}"
    answers["abort_of_ended"] = status(await platform.ask("POST", f"{path}/abort"))
    answers["refresh_of_ended"] = status(await platform.ask("PATCH", path))
    answers["snapshot_of_ended"] = status(await platform.ask("POST", f"{path}/snapshot", {}))
    answers["exit_code_in_error"] = yes(bool(re.search(r"\b1\b", str(task["errors"]))))
    times = sum(one["time"] for one in task["status"]["executionTimeByCpuModel"])
    answers["times_are_sums"] = yes(times >= 2 * 60)
    log = (await platform.ask("GET", f"{path}/stdout")).text
    answers["log_prefix"] = "' 0> '" if " 0> out" in log else repr(log.strip('"')[:5])
    error_log = (await platform.ask("GET", f"{path}/stderr/0")).text
    answers["empty_log"] = "empty" if error_log == "" else repr(error_log[:5])
    answers["log_of_no_instance"] = status(await platform.ask("GET", f"{path}/stdout/77"))
    await about_lists(platform, answers, uuid)
    await about_costs(platform, answers, uuid)
    retried = await platform.copy(uuid, "retry")
    answers["retry_takes_failed"] = str((await platform.read(f"/v1/tasks/{retried}"))["advancedRanges"])


async def about_lists(platform: Platform, answers: Answers, uuid: str) -> None:
    """Ask about pages, filters and searches."""

    async def found(**filter_fields: Any) -> bool:
        body = {"filter": filter_fields, "maximumResults": 50, "token": None}
        page = (await platform.ask("POST", "/v1/tasks/paginate", body)).raise_for_status().json()
        return uuid in [task["uuid"] for task in page["data"]]

    page = (await platform.ask("POST", "/v1/tasks/paginate", {"maximumResults": 50})).raise_for_status().json()
    is_whole = len(page["data"]) in (50, page.get("total", len(page["data"])))
    answers["page_size"] = "as many as there are" if is_whole else f"{len(page['data'])} of {page.get('total')}"
    part = platform.tag[4:].upper()
    answers["filter_by_name"] = yes(await found(operator="Like", field="Name", value=f"/(?i){part}/"))
    tags = [{"operator": "Equal", "field": "Tags", "value": tag} for tag in (platform.tag, "none")]
    answers["filter_by_tags"] = yes(await found(operator="Or", filters=tags))
    answers["filter_by_date"] = yes(
        await found(operator="GreaterThan", field="CreationDate", value="2020-01-01T00:00:00Z")
        and not await found(operator="GreaterThan", field="CreationDate", value="2090-01-01T00:00:00Z")
    )
    select = {"select": {"fields": ["Uuid", "State"]}, "maximumResults": 5}
    select["filter"] = {"operator": "In", "field": "Uuid", "values": [uuid]}
    (selected,) = (await platform.ask("POST", "/v1/tasks/search", select)).raise_for_status().json()
    answers["search_selects"] = yes(not selected.get("constants") and selected["state"] != "")


async def about_costs(platform: Platform, answers: Answers, uuid: str) -> None:
    """Ask what a task that has executed cost and caused."""
    credits = (await platform.read(f"/credits/v1/tasks/{uuid}/credits"))["credits"]
    answers["credits_of_task"] = yes(isinstance(credits, int | float) and credits > 0)
    facts = await platform.read(f"/carbon/v1/tasks/{uuid}/carbon-facts?comparisonDatacenter=european_dc")
    answers["carbon_names"] = yes({"qarnot_carbon_footprint", "equivalent_DC_carbon_footprint"} <= facts.keys())
    answers["carbon_compares"] = yes(facts.get("equivalent_datacenter_name") == "european_dc")


async def about_running(platform: Platform, answers: Answers) -> None:
    """Ask about tasks that execute, and what stops them."""
    uuid, other = await platform.task("sleep 1h"), await platform.task("sleep 1h")
    await asyncio.gather(platform.executing(uuid), platform.executing(other))
    path = f"/v1/tasks/{uuid}"
    answers["retry_of_running"] = status(await platform.ask("POST", f"{path}/retry", {}))
    await platform.ask("PUT", path, {"tags": [platform.tag, "changed"]})
    answers["tags_change_alone"] = yes(bool((await platform.read(path))["constants"]))
    await platform.ask("POST", f"{path}/snapshot/periodic", {"interval": 1})
    answers["snapshot_interval"] = str((await platform.read(path))["snapshotInterval"])
    await platform.ask("POST", f"{path}/snapshot/periodic", {"interval": 0})
    taken = await platform.ask("POST", f"{path}/snapshot", {})
    identifier = taken.json().get("id") if taken.content else None
    answers["snapshot_has_an_id"] = yes(identifier is not None)
    if identifier is not None:
        answers["snapshot_without_bucket"] = await snapshot_status(platform, f"{path}/snapshot/{identifier}")
    await platform.ask("POST", f"{path}/abort")
    state = (await platform.read(path))["state"]
    answers["abort_shows"] = "PendingCancel or Cancelled" if state in ("PendingCancel", "Cancelled") else state
    await platform.ask("DELETE", f"/v1/tasks/{other}")
    after = await platform.ask("GET", f"/v1/tasks/{other}")
    state = "gone" if after.status_code == 404 else after.json()["state"]
    answers["delete_of_running"] = "PendingDelete, or gone" if state in ("PendingDelete", "gone") else state


async def snapshot_status(platform: Platform, path: str) -> str:
    """Return how a snapshot ends."""
    async with asyncio.timeout(platform.patience_seconds):
        while True:
            ends = str((await platform.read(path))["status"]).lower()
            if ends in ("success", "failure"):
                return ends
            await asyncio.sleep(platform.poll_seconds)


async def about_copies(platform: Platform, answers: Answers) -> None:
    """Ask about clones of a task with a secret."""
    secret = {"key": "QARNOT_SECRET__LIVE", "value": SECRET}
    uuid = await platform.task("sh -c 'echo $QARNOT_SECRET__LIVE'", constants=[secret])
    await platform.ended(uuid)
    path, shortname = f"/v1/tasks/{uuid}", f"{platform.tag}-clone"
    answers["retry_without_failures"] = status(await platform.ask("POST", f"{path}/retry", {}))
    plain = await platform.copy(uuid, "clone", shortname=shortname, labels={"rerun-of": uuid})
    answers["copies_take_labels"] = yes((await platform.read(f"/v1/tasks/{plain}"))["labels"] == {"rerun-of": uuid})
    answers["copies_take_a_shortname"] = status(await platform.ask("GET", f"/v1/tasks/{shortname}"))
    constants = (await platform.read(path))["constants"]
    marked = await platform.copy(uuid, "clone", constants=constants)
    await asyncio.gather(platform.ended(plain), platform.ended(marked))
    for name, clone in (("copies_copy_secrets", plain), ("copies_keep_marked_secrets", marked)):
        answers[name] = yes(SECRET in (await platform.ask("GET", f"/v1/tasks/{clone}/stdout")).text)


async def about_jobs(platform: Platform, answers: Answers) -> None:
    """Ask about a job in which two tasks depend on one that fails."""
    job = await platform.job(useDependencies=True)
    first = await platform.task("exit 1", jobUuid=job)
    plain = await platform.task("true", jobUuid=job, dependencies={"dependsOn": [first]})
    condition = {"advancedDependsOn": [{"taskUuid": first, "taskFinalStateCondition": ["success"]}]}
    strict = await platform.task("true", jobUuid=job, dependencies=condition)
    await platform.ended(first)
    answers["conditions_cancel"] = (await platform.ended(strict))["state"]
    state = (await platform.ended(plain))["state"]
    answers["simple_dependencies_need_success"] = "it runs" if state == "Success" else state
    answers["job_completes_with_its_tasks"] = (await platform.read(f"/v1/jobs/{job}"))["state"]
    copied = await platform.ended(await platform.copy(first, "clone"))
    answers["copies_leave_their_job"] = "in it" if copied["jobUuid"] == job else "out of it"
    other = await platform.job()
    moved = await platform.read(f"/v1/tasks/{await platform.copy(first, 'clone', jobUuid=other)}")
    answers["copies_take_another_job"] = yes(moved["jobUuid"] == other)
    answers["job_with_ended_tasks_needs_force"] = status(await platform.ask("DELETE", f"/v1/jobs/{job}"))
    await platform.ask("DELETE", f"/v1/jobs/{job}?force=true")
    left = await platform.ask("GET", f"/v1/tasks/{first}")
    is_gone = left.status_code == 404 or left.json()["state"] == "PendingDelete"
    answers["job_deletion_keeps_tasks"] = "deleted" if is_gone else "kept"


async def about_job_time(platform: Platform, answers: Answers) -> None:
    """Ask when the maximum time of a job begins."""
    job = await platform.job(maxWallTime="00:05:00")
    created = (await platform.read(f"/v1/jobs/{job}"))["creationDate"]
    task = await platform.ended(await platform.task("sleep 1h", jobUuid=job))
    lasted = seconds_between(created, task["endDate"])
    is_kept = task["state"] == "Cancelled"
    is_from_creation = lasted < JOB_SECONDS + 60
    answers["job_time_starts_with_its_tasks"] = (
        ("at its creation" if is_from_creation else f"later: it ended after {lasted:.0f} s") if is_kept else "never"
    )


def seconds_between(start: str, end: str) -> float:
    """Return the seconds between two dates of the API."""
    first, last = (datetime.fromisoformat(moment.replace("Z", "+00:00")) for moment in (start, end))
    return (last - first).total_seconds()


async def about_account(platform: Platform, answers: Answers) -> None:
    """Ask about quotas, credits and machines."""
    answers["quotas_path"] = status(await platform.ask("GET", "/quotas/computing-quotas/user"))
    left = (await platform.read("/credits/v1/accounts/credits"))["credits"]
    answers["credits_of_account"] = yes(isinstance(left, int | float))
    page = await platform.read("/v1/hardware-constraints?limit=50&offset=0")
    keys = [one["specificationKey"] for one in page["data"] if one.get("specificationKey")]
    answers["machine_keys"] = yes(all(re.match(r"\d+c-\d+g-", key) for key in keys))
