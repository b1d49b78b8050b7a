"""What the upstream of the benchmarks answers: documents of the size and shape of the Qarnot API's, made once."""

import json
from functools import lru_cache
from typing import Any

TASKS = 1000
PAGE_TASKS = 50
HOSTILE_LINE_BYTES = 16 * 1024
LINE = "17> 2026-11-22T10:31:07Z frame 0421 of 1000 rendered in 1.27 s, 356 MB, sample noise 0.0031\n"
COLOURED_LINE = '17> \x1b[32m2026-11-22T10:31:07Z\x1b[0m\t"frame 0421" rendered in 1.27 s, 356 MB\n'
SLOW_TASK = 10**10
"""The number of a task whose document takes a second."""
SIZED_LOG = 10**9
"""The tasks that are numbered from here on have logs of their own size: so many KB more."""
ZERO_DATE = "0001-01-01T00:00:00Z"

CONSTANTS = (
    ("DOCKER_SRV", "https://registry.example.org", "The registry that holds the image"),
    ("DOCKER_REPO", "library/debian", "The image that is run, with its namespace"),
    ("DOCKER_TAG", "latest", "The tag of the image"),
    ("DOCKER_REGISTRY_LOGIN", "", "The login for a registry that asks for one"),
    ("DOCKER_REGISTRY_PASSWORD", "", "The password for a registry that asks for one"),
    ("DOCKER_USER", "", "The user that runs the command in the container"),
    ("DOCKER_HOST", "", "The name of the host in the container"),
    ("DOCKER_CMD", "", "The command that is run in the container"),
    ("DOCKER_CMD_ARGUMENTS", "", "Further arguments of the command"),
    ("DOCKER_PROGRESS1", "", "A pattern that finds the progress in the output"),
    ("DOCKER_PROGRESS2", "", "A second pattern that finds the progress"),
    ("DOCKER_WORKDIR", "/job", "The directory in which the command starts"),
    ("RESOURCES_PATH", "/job", "The directory where the resources appear"),
    ("DISABLE_CPU_BOOST", "false", "Whether the clock of the processor stays at its base"),
)


def task_id(instances: int) -> str:
    """Return the id of a running task with this many instances."""
    return f"5a5a5a5a-0000-4000-8000-{instances:012d}"


def compact(document: object) -> bytes:
    """Write JSON as the API does, without blanks."""
    return json.dumps(document, separators=(",", ":")).encode()


def profile(name: str) -> bytes:
    """Return a profile with 14 constants."""
    constants = [{"name": key, "value": value, "description": text} for key, value, text in CONSTANTS]
    return compact({"name": name, "constants": constants, "licenses": []})


@lru_cache(maxsize=256)
def page(start: int, count: int, total: int = TASKS) -> bytes:
    """Return a page of task summaries; the token of the next page is its first number."""
    end = min(start + min(count, PAGE_TASKS), total)
    token = f"{end:024x}" if end < total else None
    rows = [_summary(number) for number in range(start, end)]
    return compact(
        {"data": rows, "count": len(rows), "total": total, "isTruncated": token is not None, "nextToken": token}
    )


@lru_cache(maxsize=256)
def tags(uuids: tuple[str, ...]) -> bytes:
    """Return what a search for the tags of these tasks brings."""
    return compact([{"uuid": uuid, "state": "Success", "tags": ["demo"]} for uuid in uuids])


@lru_cache(maxsize=16)
def task(instances: int) -> bytes:
    """Return a task in the middle of its work: the first half of its instances is over, the second half runs."""
    summary = _summary(instances)
    instances = 1 if instances >= SIZED_LOG else instances
    over = instances // 2
    document = summary | {
        "state": "FullyExecuting",
        "previousState": "FullyDispatched",
        "progress": 50.0,
        "endDate": ZERO_DATE,
        "instanceCount": instances,
        "totalInstanceCount": instances,
        "runningInstanceCount": instances - over,
        "runningCoreCount": 32 * (instances - over),
        "errors": [],
        "resourceBuckets": ["scenes"],
        "advancedResourceBuckets": [],
        "resultBucket": "frames",
        "resultsCount": over,
        "snapshotInterval": 0,
        "constants": [{"key": key, "value": value} for key, value, _ in CONSTANTS],
        "secretsAccessRights": {"bySecret": [], "byPrefix": []},
        "tags": ["render", "night"],
        "labels": {"team": "studio"},
        "dependencies": None,
        "autoDeleteOnCompletion": False,
        "completionTimeToLive": "00:00:00",
        "hardwareConstraints": [],
        "schedulingType": "Flex",
        "privileges": {"exportApiAndStorageCredentialsInEnvironment": False},
        "retrySettings": {"maxTotalRetries": None, "maxPerInstanceRetries": None},
        "completedInstances": [_completed(number) for number in range(over)],
        "status": _status(over, instances),
    }
    return compact(document)


def log_block(block_bytes: int, log_type: str) -> bytes:
    """Return whole lines of a log of about this many bytes, as they stand inside of a JSON string.

    Those of stdout are plain; those of stderr have colours, a tab and quotes, which JSON writes as escapes.
    """
    line = json.dumps(LINE if log_type == "stdout" else COLOURED_LINE)[1:-1].encode()
    return line * (block_bytes // len(line))


def hostile_log_block(block_bytes: int, log_type: str) -> bytes:
    """Return whole lines of a log that cost as much as lines can: of 16 KiB in stdout, of a hex dump in stderr."""
    line = b"1" * HOSTILE_LINE_BYTES if log_type == "stdout" else b"0000: " + b"de ad be ef " * 16
    line += b"\\n"
    return line * (block_bytes // len(line))


def _summary(number: int) -> dict[str, Any]:
    uuid = task_id(number)
    return {
        "uuid": uuid,
        "name": f"render scene {number}",
        "shortname": f"render-scene-{number}",
        "profile": "docker-batch",
        "poolUuid": None,
        "jobUuid": None,
        "progress": 100.0,
        "runningInstanceCount": 0,
        "runningCoreCount": 0,
        "executionTime": "01:10:02",
        "wallTime": "01:13:07",
        "state": "Success",
        "previousState": "UploadingResults",
        "totalInstanceCount": 10,
        "instanceCount": 10,
        "maxRetriesPerInstance": 0,
        "stateTransitionTime": "2026-11-20T22:09:35Z",
        "previousStateTransitionTime": "2026-11-20T22:09:26Z",
        "lastModified": "2026-11-20T22:09:36Z",
        "creationDate": "2026-11-20T20:56:24Z",
        "endDate": "2026-11-20T22:09:35Z",
        "waitForPoolResourcesSynchronization": None,
    }


def _machine(number: int) -> dict[str, Any]:
    return {
        "instanceId": number,
        "specificationKey": "32c-128g-amd-ssd",
        "cpuModel": "AMD Ryzen Threadripper 2990WX 32-Core Processor",
        "coreCount": 32,
        "clockRatio": 0.97,
        "executionAttemptCount": 1,
    }


def _completed(number: int) -> dict[str, Any]:
    return _machine(number) | {
        "results": [f"s3://storage.example.org/frames/{number:04d}.exr"],
        "wallTimeSec": 181.25,
        "execTimeSec": 140.5,
        "execTimeSecGHz": 408.1,
        "peakMemoryMB": 356,
        "state": "Success",
        "error": None,
        "averageGHz": 2.9,
    }


def _running(number: int) -> dict[str, Any]:
    return _machine(number) | {
        "activeForwards": [],
        "vpnConnections": [],
        "phase": "execution",
        "maxFrequencyGHz": 3.0,
        "currentFrequencyGHz": 2.9,
        "cpuUsage": 48.75,
        "maxMemoryMB": 122000,
        "currentMemoryMB": 356,
        "memoryUsage": 0.0029,
        "networkInKbps": 0.0,
        "networkOutKbps": 3.0,
        "progress": 40.0,
        "executionTimeSec": 94.0,
        "executionTimeGHz": 272.6,
    }


def _status(over: int, instances: int) -> dict[str, Any]:
    return {
        "timestamp": "2026-11-20T22:10:54Z",
        "lastUpdateTimestamp": "2026-11-20T22:10:54Z",
        "downloadProgress": 100.0,
        "executionProgress": 50.0,
        "uploadProgress": 0.0,
        "instanceCount": instances,
        "downloadTimeSec": 4.0,
        "environmentTimeSec": 170.0,
        "executionTimeSec": 94.0,
        "uploadTimeSec": 0.0,
        "wallTimeSec": 270.0,
        "succeededRange": f"0-{over - 1}" if over else "",
        "executedRange": f"0-{over - 1}" if over else "",
        "failedRange": "",
        "cancelledRange": "",
        "failedOnlyRange": "",
        "startedOnceRange": f"0-{instances - 1}",
        "runningInstancesInfo": {
            "perRunningInstanceInfo": [_running(number) for number in range(over, instances)],
            "snapshotResults": [],
            "timestamp": "2026-11-20T22:10:54Z",
            "averageCpuUsage": 48.75,
        },
    }
