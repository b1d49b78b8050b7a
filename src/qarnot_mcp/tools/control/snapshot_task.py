"""The tool that takes snapshots of a running task."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from qarnot_mcp.qarnot.errors import Forbidden, InvalidArgument
from qarnot_mcp.qarnot.tasks.control import Snapshot, SnapshotConfig, SnapshotPlace, check_snapshot_id
from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.text.cleaning import one_line
from qarnot_mcp.tools.answers import NAME_CHARACTERS, Result, date, plain_name, plain_state
from qarnot_mcp.tools.checks import STRIPPED, Arguments, Bucket, Name, Prefix, TaskIdParameter, checked_by, whole_number
from qarnot_mcp.tools.context import current_client

MAX_SECONDS = 30 * 86_400
STATES = {"triggered": "triggered", "inprogress": "in progress", "success": "success", "failure": "failure"}


class SnapshotTask(Arguments):
    """The arguments of snapshot_task."""

    task_uuid: TaskIdParameter
    every_seconds: Annotated[int, whole_number(0, MAX_SECONDS)] | None = Field(
        None, description="One every so many seconds, such as 1800; 0 stops that. Without it: one now."
    )
    whitelist: Name | None = Field(None, description="Regular expression of files to take.")
    blacklist: Name | None = Field(None, description="Regular expression of files to leave out.")
    bucket: Bucket | None = Field(None, description="Where to; by default the task's own bucket.")
    prefix: Prefix | None = Field(None, description="Put before the paths of the files, such as at-noon/.")
    snapshot_id: Annotated[str, STRIPPED, checked_by(check_snapshot_id)] | None = Field(
        None, description="Only tell how far this one is."
    )

    @model_validator(mode="after")
    def check_together(self) -> Self:
        """Check that a question about a snapshot asks for nothing else."""
        if self.snapshot_id is not None and (self.every_seconds is not None or self.config.to_api()):
            raise InvalidArgument("snapshot_id", self.snapshot_id, "it alone, beside task_uuid")
        return self

    @property
    def config(self) -> SnapshotConfig:
        """Which files go where."""
        return SnapshotConfig(
            whitelist=self.whitelist, blacklist=self.blacklist, bucket=self.bucket, bucket_prefix=self.prefix
        )


class Snapshotted(Result):
    """A snapshot, or how often they are taken."""

    task_uuid: str
    snapshot_id: str | None = None
    status: str | None = Field(None, description="triggered, in progress, success or failure.")
    every_seconds: int | None = None
    bucket: str | None = None
    prefix: str | None = None
    triggered: str | None = None
    size_bytes: int | None = None
    transferred_bytes: int | None = None
    hint: str | None = None

    @classmethod
    def of(cls, task_uuid: str, snapshot: Snapshot) -> Self:
        """Shape the status of a snapshot."""
        status = snapshot.status.lower()
        place = snapshot.place or SnapshotPlace()
        hints = {
            "success": "list_files of the tool set storage shows the files of the bucket.",
            "failure": "It may have had no bucket, or the task ended first.",
        }
        return cls(
            task_uuid=task_uuid,
            snapshot_id=one_line(snapshot.id, NAME_CHARACTERS * 2),
            status=STATES.get(status) or plain_state(status),
            bucket=plain_name(place.bucket) if place.bucket else None,
            prefix=plain_name(place.bucket_prefix) if place.bucket_prefix else None,
            triggered=date(snapshot.triggered),
            size_bytes=snapshot.size_bytes,
            transferred_bytes=snapshot.transferred_bytes,
            hint=hints.get(status, "Ask again in ten seconds."),
        )


async def snapshot_task(arguments: SnapshotTask) -> Snapshotted:
    """Snapshot a running Qarnot task: copy files of its working directory into a bucket while it goes on.

    For checkpoints, and to look at results early.
    """
    client = current_client()
    task_id = arguments.task_uuid
    if arguments.snapshot_id is not None:
        return Snapshotted.of(task_id, await client.control.snapshot_status(task_id, arguments.snapshot_id))
    task = await client.tasks.get(task_id)
    bucket = bucket_of(task, arguments)
    try:
        if (seconds := arguments.every_seconds) is not None:
            await client.control.snapshot_every(task.uuid, seconds, arguments.config)
            hint = "The platform may take them less often than asked." if seconds else "No more are taken."
            return Snapshotted(task_uuid=task.uuid, every_seconds=seconds, bucket=bucket, hint=hint)
        snapshot_id = await client.control.snapshot(task.uuid, arguments.config)
    except Forbidden:
        state = plain_name(f"{task.name} is {task.state}.")
        raise InvalidArgument("task_uuid", task_id, "a task whose instances execute", state) from None
    hint = "snapshot_task with this snapshot_id tells when it is there."
    return Snapshotted(task_uuid=task.uuid, snapshot_id=snapshot_id, status="triggered", bucket=bucket, hint=hint)


def bucket_of(task: Task, arguments: SnapshotTask) -> str | None:
    """Return the bucket that snapshots go to; raises `InvalidArgument` where there is none."""
    own = task.raw.get("snapshotBucket") or task.result_bucket
    bucket = arguments.bucket or (own if isinstance(own, str) else None)
    if bucket is None and arguments.every_seconds != 0:
        hint = "The task has neither a bucket for snapshots nor one for results."
        raise InvalidArgument("bucket", None, "a bucket for the files", hint)
    return plain_name(bucket) if bucket else None
