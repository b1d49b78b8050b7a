"""Calls of the sandbox's API, checked as they are made."""

from dataclasses import dataclass
from typing import Any

import httpx

KEY = "sandbox-key"
EMPTY_KEY = "sandbox-empty"


@dataclass
class Caller:
    """Calls the API with the key of one account."""

    http: httpx.AsyncClient

    async def get(self, path: str, **more: Any) -> Any:
        """The JSON of a path that must answer 200."""
        response = await self.http.get(path, **more)
        assert response.status_code == 200, response.text
        return response.json() if response.content else ""

    async def post(self, path: str, body: Any = None) -> Any:
        """The JSON that a body sent to a path gives; it must answer 200."""
        response = await self.http.post(path, json=body)
        assert response.status_code == 200, response.text
        return response.json() if response.content else ""

    async def refusal(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """The status and the message of a call that must be refused."""
        response = await self.http.request(method, path, json=body)
        document = response.json()
        return response.status_code, document.get("message") or document.get("detail") or str(document.get("errors"))

    async def submit(self, command: str = "echo hello", instances: int | str = 1, **more: Any) -> str:
        """Create a task and give its UUID."""
        constants = [{"key": "DOCKER_CMD", "value": command}, *more.pop("constants", [])]
        count = {"instanceCount": instances} if isinstance(instances, int) else {"advancedRanges": instances}
        body = {"name": "task", "profile": "docker-batch", "constants": constants, **count, **more}
        return str((await self.post("/tasks", body))["uuid"])

    async def advance(self, seconds: float) -> None:
        """Move the time of the platform."""
        await self.post("/sandbox/clock", {"advance_seconds": seconds})

    async def ended(self, command: str = "echo hello", instances: int | str = 1, **more: Any) -> Any:
        """The object of a new task after its end."""
        uuid = await self.submit(command, instances, **more)
        await self.advance(40 * 86400)
        return await self.get(f"/tasks/{uuid}")


def caller(app: Any, key: str) -> Caller:
    """Call an app with a key."""
    transport = httpx.ASGITransport(app)
    return Caller(httpx.AsyncClient(transport=transport, base_url="http://sandbox", headers={"Authorization": key}))
