"""A job whose tasks wait for each other, made at the sandbox's API, as a platform that ran it would show it."""

import httpx

LONG_ENOUGH = 9000
"""Seconds on the sandbox's clock until all tasks have ended."""


async def made(api: httpx.AsyncClient, path: str, **body: object) -> str:
    """Create a job, a pool or a task, and return its uuid."""
    return str((await api.post(path, json=body)).raise_for_status().json()["uuid"])


async def advance(api: httpx.AsyncClient) -> None:
    """Let all tasks end."""
    (await api.post("/sandbox/clock", json={"advance_seconds": LONG_ENOUGH})).raise_for_status()


async def task_of(api: httpx.AsyncClient, job: str, name: str, command: str, after: str = "", on: str = "") -> str:
    """Create a task of a job, which may wait for another one to end in the state `on`."""
    waiting = {"dependencies": {"advancedDependsOn": [{"taskUuid": after, "taskFinalStateCondition": [on]}]}}
    constants = [{"key": "DOCKER_CMD", "value": command}]
    more = {"profile": "docker-batch", "instanceCount": 1, "jobUuid": job, "constants": constants}
    return await made(api, "/v1/tasks", name=name, **more, **(waiting if after else {}))


async def failed_night(api: httpx.AsyncClient) -> str:
    """Return a job whose training has failed, so that its report never ran but its alarm did."""
    job = await made(api, "/v1/jobs", name="night", useDependencies=True, tags=["demo"])
    prepare = await task_of(api, job, "prepare", "true")
    train = await task_of(api, job, "train", "sh -c 'echo no data >&2; exit 3'", prepare, "success")
    await task_of(api, job, "report", "true", train, "success")
    await task_of(api, job, "alarm", "true", train, "failure")
    await advance(api)
    return job


async def waiting_chain(api: httpx.AsyncClient) -> str:
    """Return a job of two tasks, the second after the first, which have not begun."""
    job = await made(api, "/v1/jobs", name="chain", useDependencies=True)
    await task_of(api, job, "second", "true", await task_of(api, job, "first", "true"), "success")
    return job
