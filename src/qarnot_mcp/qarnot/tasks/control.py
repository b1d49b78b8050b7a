"""The calls that change a task while it goes on: its snapshots, its constants and tags, its input files."""

import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from qarnot_mcp.qarnot.errors import InvalidArgument, UnreadableResponse
from qarnot_mcp.qarnot.fields import Date, OptionalCount, OptionalText, Record, Text
from qarnot_mcp.qarnot.http.responses import Resource
from qarnot_mcp.qarnot.http.session import MutationOutcome, NounClient
from qarnot_mcp.qarnot.http.transport import Request
from qarnot_mcp.qarnot.identifiers import check_task_id

_SNAPSHOT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,199}", re.ASCII)


def check_snapshot_id(given: str, parameter: str = "snapshot_id") -> str:
    """Check the id of a snapshot, which becomes part of an address."""
    if _SNAPSHOT_ID.fullmatch(given) is None:
        raise InvalidArgument(parameter, given, "the snapshot_id of an earlier answer, unchanged")
    return given


class SnapshotConfig(BaseModel):
    """Which files a snapshot takes, and where they go; what is not set is as the task says it."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    whitelist: str | None = None
    blacklist: str | None = None
    bucket: str | None = None
    bucket_prefix: str | None = None

    def to_api(self) -> dict[str, Any]:
        """Return the body of a snapshot."""
        return self.model_dump(by_alias=True, exclude_none=True)


class SnapshotPlace(Record):
    """Where the files of a snapshot go."""

    bucket: OptionalText = None
    bucket_prefix: OptionalText = None


class Snapshot(Record):
    """A snapshot and how far it is; sizes in bytes."""

    id: Text = ""
    status: Text = ""
    triggered: Date = Field(None, alias="triggerDate")
    place: SnapshotPlace | None = Field(None, alias="snapshotConfig")
    size_bytes: OptionalCount = Field(None, alias="sizeToUpload")
    transferred_bytes: OptionalCount = Field(None, alias="transferredSize")


class ControlClient(NounClient):
    """Calls that change a task. All of them can be repeated: a second one changes no more than the first."""

    async def snapshot(self, task_id: str, config: SnapshotConfig) -> str:
        """Take a snapshot now, and return its id (`POST /tasks/{id}/snapshot`)."""
        answer = await self._change(task_id, "POST", "/snapshot", config.to_api(), reads_json=True)
        identifier = answer.get("id") if isinstance(answer, dict) else None
        if not isinstance(identifier, str) or _SNAPSHOT_ID.fullmatch(identifier) is None:
            raise UnreadableResponse("the new snapshot has no id; it was probably taken")
        return identifier

    async def snapshot_every(self, task_id: str, seconds: int, config: SnapshotConfig) -> None:
        """Take a snapshot every so many seconds, 0 to stop (`POST /tasks/{id}/snapshot/periodic`)."""
        await self._change(task_id, "POST", "/snapshot/periodic", {"interval": seconds, **config.to_api()})

    async def snapshot_status(self, task_id: str, snapshot_id: str) -> Snapshot:
        """Return how far a snapshot is (`GET /tasks/{id}/snapshot/{snapshot_id}`)."""
        path = f"/tasks/{check_task_id(task_id)}/snapshot/{check_snapshot_id(snapshot_id)}"
        return await self._session.get(path, Resource("snapshot", snapshot_id), "the snapshot", Snapshot.read)

    async def update(self, task_id: str, changes: dict[str, Any]) -> None:
        """Replace constants and tags, each as a whole (`PUT /tasks/{id}`)."""
        await self._change(task_id, "PUT", "", changes)

    async def refresh_inputs(self, task_id: str) -> None:
        """Push new and changed files of the resource buckets to the running instances (`PATCH /tasks/{id}`)."""
        await self._change(task_id, "PATCH", "", None)

    async def _change(
        self, task_id: str, method: str, suffix: str, body: dict[str, Any] | None, *, reads_json: bool = False
    ) -> Any:
        self._session.check_may_write("change tasks")
        request = Request(method, f"/tasks/{check_task_id(task_id)}{suffix}", Resource("task", task_id))
        outcome = MutationOutcome()
        with outcome.explained("changed"):
            async with self._session.call() as call:
                outcome.call = call
                response = await call.send(request if body is None else request.with_json(body))
                return response.json("the answer to the change") if reads_json else None
