"""The Qarnot API as tests of the client see it: its documents, and a client whose time passes only when it waits."""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from pydantic import SecretStr

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.http.transport import Limits, Transport

HOST = "https://api.example.org"
BASE = f"{HOST}/v1"
KEY = "the-key-of-a-caller"
UUID = "52c10b2d-0687-41e1-985e-7279f6dd543a"
OTHER_UUID = "62e80aae-d20a-4608-b873-ec8bff991733"


class FakeClock:
    """A clock that only the waits move; `waits` are their lengths."""

    __test__ = False

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.now = 1000.0

    async def sleep(self, seconds: float) -> None:
        """Wait without waiting."""
        self.waits.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        """Tell the time."""
        return self.now


class MaxRandom(random.Random):
    """Chance that always draws the upper end."""

    def uniform(self, a: float, b: float) -> float:
        """Draw the highest."""
        return max(a, b)


@asynccontextmanager
async def opened(
    time: FakeClock | None = None,
    *,
    base_url: str = HOST,
    limits: Limits | None = None,
    application: Callable[..., Any] | None = None,
    key: str = KEY,
    read_only: bool = False,
    request_id: str = "",
) -> AsyncIterator[QarnotClient]:
    """Open a client; without a time of its own it lives in ours."""
    shared: dict[str, Any] = {"limits": limits, "application": application}
    if time is not None:
        shared |= {"sleep": time.sleep, "clock": time.clock, "chance": MaxRandom()}
    async with Transport(base_url, "1", **shared) as transport:
        yield QarnotClient(transport, SecretStr(key), read_only=read_only, request_id=request_id)


def task_document(**changes: Any) -> dict[str, Any]:
    """A whole task in the API's words."""
    return {
        "uuid": UUID,
        "name": "hello",
        "shortname": "hello-1",
        "profile": "docker-batch",
        "state": "FullyExecuting",
        "previousState": "FullyDispatched",
        "progress": 12.5,
        "poolUuid": None,
        "jobUuid": "00000000-0000-0000-0000-000000000000",
        "tags": ["demo"],
        "labels": {"team": "blue"},
        "errors": [{"code": "E1", "message": "Broken", "debug": None}],
        "totalInstanceCount": 3,
        "instanceCount": 3,
        "runningInstanceCount": 1,
        "runningCoreCount": 8,
        "resourceBuckets": ["in"],
        "resultBucket": "out",
        "resultsCount": 1,
        "constants": [{"key": "DOCKER_CMD", "value": "echo hi"}],
        "creationDate": "2026-01-02T03:04:05Z",
        "endDate": "0001-01-01T00:00:00Z",
        "stateTransitionTime": "2026-01-02T03:05:05Z",
        "previousStateTransitionTime": "2026-01-02T03:04:35Z",
        "lastModified": "2026-01-02T03:05:06Z",
        "executionTime": "1.00:00:01.5",
        "wallTime": "00:01:00",
        "schedulingType": "flex",
        "hardwareConstraints": [{"discriminator": "GpuHardwareConstraint"}],
        "dependencies": {"dependsOn": [OTHER_UUID]},
        "autoDeleteOnCompletion": False,
        "completionTimeToLive": "10:00:00",
        "completedInstances": [
            {
                "instanceId": 0,
                "state": "Failure",
                "error": {"code": "E2", "message": "Exited with 2"},
                "wallTimeSec": 5.0,
                "execTimeSec": 2.0,
                "peakMemoryMB": 100,
                "cpuModel": "CPU",
                "coreCount": 8,
                "specificationKey": "8c",
                "executionAttemptCount": 2,
                "results": None,
            }
        ],
        "status": {
            "succeededRange": "2",
            "executedRange": "0,2",
            "failedRange": "0",
            "failedOnlyRange": "0",
            "cancelledRange": None,
            "startedOnceRange": "0-2",
            "environmentTimeSec": 30.0,
            "runningInstancesInfo": {
                "perRunningInstanceInfo": [
                    {
                        "instanceId": 1,
                        "phase": "execution",
                        "progress": 50.0,
                        "cpuUsage": 48.75,
                        "currentMemoryMB": 356,
                        "maxMemoryMB": 1000,
                        "executionTimeSec": 1.0,
                        "executionAttemptCount": 1,
                    }
                ]
            },
        },
        **changes,
    }
