"""Snapshots: the files of a running task, put into a bucket while it goes on."""

from dataclasses import dataclass

from qarnot_mcp.sandbox.platform.buckets import Buckets
from qarnot_mcp.sandbox.platform.instance_states import instance_states_at
from qarnot_mcp.sandbox.platform.results import Filter, fill_in_constants
from qarnot_mcp.sandbox.platform.task import Task
from qarnot_mcp.sandbox.wire.bodies import Body
from qarnot_mcp.sandbox.wire.errors import api_error
from qarnot_mcp.sandbox.wire.formats import JsonObject
from qarnot_mcp.sandbox.wire.storage_xml import StorageError

MAX_SNAPSHOTS = 100
"""Snapshots that a task keeps; the oldest makes room."""
STARTS_AFTER_SECONDS = 3
LASTS_SECONDS = 12
_MAX_TEXT_LENGTH = 2047


@dataclass(frozen=True, slots=True)
class SnapshotConfig:
    """Which files go where; what a request leaves out is as the task says it."""

    whitelist: str | None
    blacklist: str | None
    bucket: str | None
    prefix: str | None

    @classmethod
    def read(cls, body: Body, task: Task) -> "SnapshotConfig":
        """Read the configuration in a request's body."""
        fields = task.fields
        given = {
            name: body.text(name, _MAX_TEXT_LENGTH) for name in ("whitelist", "blacklist", "bucket", "bucketPrefix")
        }
        return cls(
            given["whitelist"] or fields.get("snapshotWhitelist"),
            given["blacklist"] or fields.get("snapshotBlacklist"),
            given["bucket"] or fields.get("snapshotBucket") or fields["resultBucket"],
            given["bucketPrefix"] or fields.get("snapshotBucketPrefix"),
        )

    @property
    def document(self) -> JsonObject:
        """The configuration as the API shows it."""
        return {
            "whitelist": self.whitelist,
            "blacklist": self.blacklist,
            "bucket": self.bucket,
            "bucketPrefix": self.prefix,
        }


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One snapshot: the files that it takes, and whether they could be put into its bucket."""

    id: str
    triggered: int
    config: SnapshotConfig
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
        config = SnapshotConfig.read(body, task)
        wanted, unwanted = _filter(task, config.whitelist), _filter(task, config.blacklist)
        files = {
            f"{(config.prefix or '').lstrip('/')}{path}": content
            for instance in executing
            for path, content in task.work.run_instance(instance.plan.instance_id).files.items()
            if (wanted is None or wanted(path)) and not (unwanted is not None and unwanted(path))
        }
        kept = self._of_task.setdefault(task.uuid, {})
        identifier = f"snap_{task.uuid}_{now}{len(kept):04}"
        snapshot = Snapshot(identifier, now, config, sum(map(len, files.values())), self._put(config, files, now))
        kept[identifier] = snapshot
        if len(kept) > MAX_SNAPSHOTS:
            del kept[next(iter(kept))]
        return snapshot

    def _put(self, config: SnapshotConfig, files: dict[str, bytes], now: int) -> bool:
        """Put files into the bucket of a configuration; False where there is none, or they do not fit."""
        if config.bucket is None:
            return False
        try:
            self._buckets.create(config.bucket, now)
            for key, content in files.items():
                self._buckets.put(config.bucket, key, content, now, "")
        except StorageError:
            return False
        return True


def _filter(task: Task, pattern: str | None) -> Filter | None:
    return Filter(fill_in_constants(pattern, task)) if pattern else None
