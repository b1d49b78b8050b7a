"""The platform under check: requests with the key, what they created, and its removal."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

FINAL = ("Success", "Failure", "Cancelled")
PROFILE = "docker-batch"


@dataclass
class Platform:
    """Qarnot, or the sandbox; all that is created carries `tag`."""

    http: httpx.AsyncClient
    poll_seconds: float
    patience_seconds: float
    tag: str = field(default_factory=lambda: f"mcp-live-{secrets.token_hex(4)}")
    tasks: list[str] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)

    async def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """Send a request."""
        return await self.http.request(method, path, json=body)

    async def read(self, path: str) -> Any:
        """Return the JSON of a path that must answer 200."""
        return (await self.ask("GET", path)).raise_for_status().json()

    async def task(self, command: str, instances: int = 1, **fields: Any) -> str:
        """Start a task, and return its uuid."""
        constants = [{"key": "DOCKER_CMD", "value": command}, *fields.pop("constants", [])]
        body = {"name": self.tag, "profile": PROFILE, "instanceCount": instances, "tags": [self.tag]}
        response = await self.ask("POST", "/v1/tasks", {**body, "constants": constants, **fields})
        return self._made(response)

    async def copy(self, uuid: str, operation: str, **changes: Any) -> str:
        """Clone, retry, resume or recover a task, and return the uuid of the new one."""
        return self._made(await self.ask("POST", f"/v1/tasks/{uuid}/{operation}", changes))

    def _made(self, response: httpx.Response) -> str:
        self.tasks.append(str(response.raise_for_status().json()["uuid"]))
        return self.tasks[-1]

    async def job(self, **fields: Any) -> str:
        """Create a job, and return its uuid."""
        response = await self.ask("POST", "/v1/jobs", {"name": self.tag, "tags": [self.tag], **fields})
        self.jobs.append(str(response.raise_for_status().json()["uuid"]))
        return self.jobs[-1]

    async def until(self, uuid: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return a task once something holds of it; raises TimeoutError where that takes too long."""
        async with asyncio.timeout(self.patience_seconds):
            while True:
                task: dict[str, Any] = await self.read(f"/v1/tasks/{uuid}")
                if holds(task):
                    return task
                await asyncio.sleep(self.poll_seconds)

    async def ended(self, uuid: str) -> dict[str, Any]:
        """Return a task after its end."""
        return await self.until(uuid, lambda task: task["state"] in FINAL)

    async def executing(self, uuid: str) -> dict[str, Any]:
        """Return a task once all of its instances execute."""
        return await self.until(uuid, lambda task: task["state"] in ("FullyExecuting", *FINAL))

    async def left(self) -> list[str]:
        """Return what is left of all that was created, in words."""
        jobs = [job for job in self.jobs if (await self.ask("GET", f"/v1/jobs/{job}")).status_code != 404]
        return [f"task {uuid}" for uuid in await self._tasks_left()] + [f"job {job}" for job in jobs]

    async def remove_all(self) -> list[str]:
        """Delete all that was created, and return what could not be deleted in time."""
        for job in self.jobs:
            await self.ask("DELETE", f"/v1/jobs/{job}?force=true")
        for uuid in await self._tasks_left():
            await self.ask("DELETE", f"/v1/tasks/{uuid}")
        left = await self.left()
        for _ in range(int(self.patience_seconds / self.poll_seconds)):
            if not left:
                break
            await asyncio.sleep(self.poll_seconds)
            left = await self.left()
        return left

    async def _tasks_left(self) -> list[str]:
        tagged = [str(task["uuid"]) for task in await self.read(f"/v1/tasks?tag={self.tag}")]
        others = [uuid for uuid in self.tasks if uuid not in tagged]
        return tagged + [uuid for uuid in others if (await self.ask("GET", f"/v1/tasks/{uuid}")).status_code != 404]
