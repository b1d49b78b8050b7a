"""The platform's words for tasks: states, groups of states, scheduling types and kinds of logs."""

from collections.abc import Mapping
from typing import Literal

WAITING_STATES = ("Submitted", "PartiallyDispatched", "FullyDispatched")
RUNNING_STATES = ("PartiallyExecuting", "FullyExecuting", "DownloadingResults", "UploadingResults")
STATES = (*WAITING_STATES, *RUNNING_STATES, "PendingCancel", "Cancelled", "Success", "Failure", "PendingDelete")
FINAL_STATES = frozenset({"Success", "Failure", "Cancelled"})
CANCELLED_STATES = frozenset({"PendingCancel", "Cancelled"})

STATE_GROUPS: Mapping[str, tuple[str, ...]] = {
    "active": tuple(state for state in STATES if state not in FINAL_STATES),
    "waiting": WAITING_STATES,
    "running": RUNNING_STATES,
    "finished": tuple(state for state in STATES if state in FINAL_STATES),
    "succeeded": ("Success",),
    "failed": ("Failure",),
}
"""What people ask for by one word; a task that is being cancelled is active, but neither waiting nor running."""

SchedulingType = Literal["Flex", "OnDemand", "Reserved"]
SCHEDULING: Mapping[str, SchedulingType] = {"flex": "Flex", "ondemand": "OnDemand", "reserved": "Reserved"}
"""Each scheduling type by its name in lower case, as the API may write it."""

RerunOperation = Literal["retry", "resume", "recover", "clone"]
"""Which instances of a task the API runs again: failed, cancelled, both, or all."""

LogType = Literal["stdout", "stderr"]
LOG_TYPES: tuple[LogType, ...] = ("stdout", "stderr")
