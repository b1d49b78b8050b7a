"""Snapshots: the files of a running task, put into a bucket while it goes on."""

from dataclasses import dataclass

from qarnot_mcp.sandbox.platform.buckets import Buckets
from qarnot_mcp.sandbox.platform.instance_states import instance_states_at
from qarnot_mcp.sandbox.platform.results import matching_files
from qarnot_mcp.sandbox.platform.task import Task
from qarnot_mcp.sandbox.wire.bodies import Body
from qarnot_mcp.sandbox.wire.errors import StorageError, api_error
from qarnot_mcp.sandbox.wire.formats import JsonObject

MAX_SNAPSHOTS = 100
"""Snapshots that a task keeps; the oldest makes room."""
STARTS_AFTER_SECONDS = 3
LASTS_SECONDS = 12
_MAX_TEXT_LENGTH = 2047


def read_config(body: Body, task: Task) -> JsonObject:
    """Read which files go where; what a request leaves out is as the task says it."""
    fields = task.fields
    defaults = {
        "whitelist": fields.get("snapshotWhitelist"),
        "blacklist": fields.get("snapshotBlacklist"),
        "bucket": fields.get("snapshotBucket") or fields["resultBucket"],
        "bucketPrefix": fields.get("snapshotBucketPrefix"),
    }
    return {name: body.text(name, _MAX_TEXT_LENGTH) or default for name, default in defaults.items()}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One snapshot: the files that it takes, and whether they could be put into its bucket."""

    id: str
    triggered: int
    config: JsonObject
    size: int
    is_possible: bool

    def status_at(self, now: int, task: Task) -> tuple[str, int, int]:
        """Return the status at a time, the bytes transferred, and when that was; a task that ends too soon fails it."""
        over = self.triggered + LASTS_SECONDS
        ended = task.stopped()
        if not self.is_possible or (ended is not None and ended < over):
            return "failure", 0, min(now, over)
        if now >= over:
            return "success", self.size, over
        if now >= self.triggered + STARTS_AFTER_SECONDS:
            part = (now - self.triggered) / LASTS_SECONDS
            return "inProgress", int(self.size * part), now
        return "triggered", 0, self.triggered


class Snapshots:
    """The snapshots of the tasks of one account."""

    def __init__(self, buckets: Buckets) -> None:
        self._buckets = buckets
        self._of_task: dict[str, dict[str, Snapshot]] = {}

    def forget(self, task: Task) -> None:
        """Drop what is kept of a task; the files stay."""
        self._of_task.pop(task.uuid, None)

    def find(self, task: Task, identifier: str) -> Snapshot:
        """Return a snapshot of a task; raises a 404 when there is none."""
        snapshot = self._of_task.get(task.uuid, {}).get(identifier)
        if snapshot is None:
            raise api_error(404, f"No such snapshot: {identifier[:256]}")
        return snapshot

    def take(self, task: Task, body: Body, now: int) -> Snapshot:
        """Put the files that the instances of a task have, or will have left, into a bucket.

        Raises a 403 when no instance executes. In the sandbox commands take no time to write: the files are those of
        the end, and are there at once.
        """
        executing = instance_states_at(task, now).executing
        if not executing:
            raise api_error(403, "Can't take a snapshot: the task is not running")
        config = read_config(body, task)
        patterns = config["whitelist"], config["blacklist"]
        files: dict[str, bytes] = {}
        for instance in executing:
            files |= matching_files(task, instance.plan, *patterns, config["bucketPrefix"])
        kept = self._of_task.setdefault(task.uuid, {})
        identifier = f"snap_{task.uuid}_{now}{len(kept):04}"
        snapshot = Snapshot(
            identifier, now, config, sum(map(len, files.values())), self._put(config["bucket"], files, now)
        )
        kept[identifier] = snapshot
        if len(kept) > MAX_SNAPSHOTS:
            del kept[next(iter(kept))]
        return snapshot

    def _put(self, bucket: str | None, files: dict[str, bytes], now: int) -> bool:
        """Put files into a bucket; False where there is none, or they do not fit."""
        if bucket is None:
            return False
        try:
            self._buckets.create(bucket, now)
            for key, content in files.items():
                self._buckets.put(bucket, key, content, now)
        except StorageError:
            return False
        return True
