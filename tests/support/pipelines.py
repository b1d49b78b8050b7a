"""A job whose tasks wait for each other, made at the sandbox's API, as a platform that ran it would show it."""

import httpx

LONG_ENOUGH = 9000
"""Seconds on the sandbox's clock until all tasks have ended."""


async def made(api: httpx.AsyncClient, path: str, **body: object) -> str:
    """Create a job, a pool or a task, and return its uuid."""
    return str((await api.post(path, json=body)).raise_for_status().json()["uuid"])


async def failed_night(api: httpx.AsyncClient) -> str:
    """Return a job whose training has failed, so that its report never ran but its alarm did."""
    job = await made(api, "/v1/jobs", name="night", useDependencies=True, tags=["demo"])

    async def task(name: str, command: str, after: str = "", on: str = "") -> str:
        waiting = {"dependencies": {"advancedDependsOn": [{"taskUuid": after, "taskFinalStateCondition": [on]}]}}
        constants = [{"key": "DOCKER_CMD", "value": command}]
        more = {"profile": "docker-batch", "instanceCount": 1, "jobUuid": job, "constants": constants}
        return await made(api, "/v1/tasks", name=name, **more, **(waiting if after else {}))

    prepare = await task("prepare", "true")
    train = await task("train", "sh -c 'echo no data >&2; exit 3'", prepare, "success")
    await task("report", "true", train, "success")
    await task("alarm", "true", train, "failure")
    (await api.post("/sandbox/clock", json={"advance_seconds": LONG_ENOUGH})).raise_for_status()
    return job
