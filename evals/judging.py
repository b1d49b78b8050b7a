"""Whether a request was carried out, judged by the sandbox, the calls, and what was answered."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from evals.recorder import Call
from evals.scenario import RequestCheck, Scenario, TaskCheck
from evals.serving import Served

PAGE = 100


@dataclass
class Verdict:
    """What came of a scenario; `faults` is empty where all is as it must be."""

    calls: int = 0
    characters: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    def require(self, holds: bool, fault: str) -> None:
        """Note a fault where something does not hold."""
        if not holds:
            self.faults.append(fault)


async def judge(scenario: Scenario, served: Served, answer: str | None) -> Verdict:
    """Judge what was done on a server; an answer of None is not judged."""
    calls = await served.calls()
    async with served.sandbox() as sandbox:
        requests = (await sandbox.get("/sandbox/journal")).json()["requests"]
        tasks = (await sandbox.get("/v1/tasks")).raise_for_status().json()
    verdict = Verdict(len(calls), sum(call.characters for call in calls))
    judge_calls(verdict, scenario, calls)
    for check in scenario.tasks:
        judge_tasks(verdict, check, tasks)
    for wanted in scenario.requests:
        judge_requests(verdict, wanted, requests)
    for pattern in scenario.answer if answer is not None else ():
        found = re.search(pattern, answer or "", re.IGNORECASE | re.DOTALL)
        verdict.require(found is not None, f"the answer does not say {pattern!r}")
    return verdict


def judge_calls(verdict: Verdict, scenario: Scenario, calls: Sequence[Call]) -> None:
    """Judge which tools were called, and how much of the budget was used."""
    called = {call.tool for call in calls}
    for tool in scenario.calls.tools:
        verdict.require(tool in called, f"{tool} was not called")
    for tool in scenario.calls.never:
        verdict.require(tool not in called, f"{tool} was called")
    budget = scenario.budget
    verdict.require(verdict.calls <= budget.calls, f"{verdict.calls} calls, and {budget.calls} are enough")
    verdict.require(
        verdict.characters <= budget.characters,
        f"{verdict.characters:,} characters, and {budget.characters:,} are enough",
    )


def judge_tasks(verdict: Verdict, check: TaskCheck, tasks: Sequence[Mapping[str, Any]]) -> None:
    """Judge the tasks of the sandbox."""
    found = [task for task in tasks if fits(task, check.where)]
    what = f"tasks with {dict(check.where)}"
    if check.count is not None:
        verdict.require(len(found) == check.count, f"{len(found)} {what} in place of {check.count}")
    if check.least is not None:
        verdict.require(len(found) >= check.least, f"{len(found)} {what}, and {check.least} are the least")
    for task in found:
        for name, wanted in check.holds.items():
            is_so = fits(task, {name: wanted})
            verdict.require(is_so, f"{task['name']}: {name} is {value_of(task, name)!r} in place of {wanted!r}")


def judge_requests(verdict: Verdict, check: RequestCheck, requests: Sequence[Mapping[str, Any]]) -> None:
    """Judge what reached the API."""
    found = [
        request
        for request in requests
        if request["method"] == check.method and re.fullmatch(check.path, str(request["path"]))
    ]
    what = f"requests {check.method} {check.path}"
    if check.count is not None:
        verdict.require(len(found) == check.count, f"{len(found)} {what} in place of {check.count}")
    if check.least is not None:
        verdict.require(len(found) >= check.least, f"{len(found)} {what}, and {check.least} are the least")


def fits(task: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Return whether fields of a task are as wanted; a text that begins with ~ is a regular expression."""
    for name, value in wanted.items():
        given = value_of(task, name)
        if isinstance(value, str) and value.startswith("~"):
            if re.search(value[1:], str(given), re.DOTALL) is None:
                return False
        elif isinstance(value, list) and isinstance(given, list):
            if not {*value} <= {*given}:
                return False
        elif given != value:
            return False
    return True


def value_of(task: Mapping[str, Any], name: str) -> Any:
    """Return a field of a task, or with a name in capitals one of its constants."""
    if name.isupper():
        return next((pair["value"] for pair in task.get("constants") or [] if pair["key"] == name), None)
    return task.get(name)
