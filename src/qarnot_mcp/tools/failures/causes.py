"""The causes of failures, and whether the same task again could succeed."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

Cause = Literal["image", "command", "memory", "user code", "preempted", "time", "licence", "platform"]


class Retry(NamedTuple):
    """Whether running the same task again helps, and why."""

    helps: bool
    reason: str


_RERUN = "submit_task with rerun_of and rerun=failed runs them again."
RETRIES: Mapping[Cause, Retry] = {
    "image": Retry(False, "The same image would fail again: correct its name, tag or login first."),
    "command": Retry(False, "The same command would fail again: correct it, its profile or its input first."),
    "memory": Retry(False, "It would run out again, unless it gets a machine with more memory or less to do."),
    "user code": Retry(False, "The same program with the same input would most likely end the same way."),
    "preempted": Retry(True, f"Its machine was taken away; nothing in the task itself failed. {_RERUN}"),
    "time": Retry(False, "The same work would meet the same limit."),
    "licence": Retry(True, f"Once a licence is free or reachable, the same task can succeed. {_RERUN}"),
    "platform": Retry(True, f"Nothing points at the task itself. {_RERUN}"),
}
