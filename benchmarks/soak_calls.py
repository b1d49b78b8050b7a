"""What the callers of the soak call: one row for each tool, and the page that an upload link leads to."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.connection import Connection
from benchmarks.requests import http_request

TASKS_KEPT = 3
FILES = 5
BUCKET = "soak-inputs"

Arguments = dict[str, Any]


@dataclass
class Caller:
    """One caller: an account of its own, and what it has made there."""

    number: int
    chance: random.Random
    tasks: list[str] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)
    pools: list[str] = field(default_factory=list)
    link: str | None = None
    """What the last upload link holds after its `#`."""
    submits: int = 0
    uploads: int = 0
    submitted: dict[str, str] = field(default_factory=dict)
    """The task of each name that a submit answered with."""

    @property
    def key(self) -> str:
        """The key of the account."""
        return f"sandbox-soak-{self.number}"

    @property
    def file(self) -> str:
        """One of the few files of the caller, which may not be there."""
        return f"notes-{self.chance.randrange(FILES)}.txt"

    def next_call(self, rows: "list[Row]") -> tuple[str, Arguments]:
        """Choose a tool, and what it is called with now."""
        if len(self.tasks) > TASKS_KEPT:
            return "delete_task", {"task_uuid": self.tasks.pop(0)}
        while True:
            (row,) = self.chance.choices(rows, [row.weight for row in rows])
            if (arguments := row.arguments(self)) is not None:
                return row.tool, arguments

    def learn(self, tool: str, asked: Arguments, result: dict[str, Any]) -> None:
        """Keep what a result tells of things that later calls are about."""
        if tool == "submit_task":
            self.tasks.append(result["uuid"])
            self.submitted[asked["name"]] = result["uuid"]
        elif tool == "create_job":
            self.jobs.append(result["uuid"])
        elif tool == "submit_pipeline":
            self.jobs.append(result["job_uuid"])
        elif tool == "create_pool":
            self.pools.append(result["uuid"])
        elif tool == "request_upload":
            self.link = result["link"].partition("#")[2] if result.get("link") else None

    async def visit_page(self, port: int) -> list[tuple[str, int, bytes]]:
        """Do on the page of the last link what a person does; return what was no answer of the page's."""
        headers = {"X-Qarnot-Files": self.link or ""}
        connection = await Connection.to(port)
        strange = []

        async def ask(method: str, path: str, body: bytes = b"") -> dict[str, Any]:
            status, answered = await connection.exchange(http_request(method, path, headers, body))
            told: dict[str, Any] = json.loads(answered) if answered.startswith(b"{") else {}
            if status in (500, 502) or (status != 200 and not {"error", "message"} <= told.keys()):
                strange.append((path.partition("?")[0], status, answered[:200]))
            return told

        page = await connection.exchange(http_request("GET", "/files", {}))
        if page[0] != 200:
            strange.append(("/files", *page))
        await ask("GET", "/files/api/place")
        await ask("GET", "/files/api/list")
        await ask("PUT", "/files/api/file?path=small.txt", b"a small file")
        size = 100_000
        begun = await ask("POST", f"/files/api/uploads?path=large.bin&size={size}")
        if upload := begun.get("upload_id"):
            self.uploads += 1
            address = f"path=large.bin&upload_id={upload}"
            await ask("PUT", f"/files/api/uploads/part?{address}&number=1", bytes(size))
            # Some people change their mind.
            if self.chance.random() < 0.5:
                await ask("POST", f"/files/api/uploads/complete?{address}&size={size}")
            await ask("DELETE", f"/files/api/uploads?{address}")
        connection.close()
        return strange


@dataclass(frozen=True)
class Row:
    """A tool, how often it is called beside the others, and with what; None where it cannot be called yet."""

    tool: str
    weight: int
    arguments: Callable[[Caller], Arguments | None]


def fixed(**arguments: Any) -> Callable[[Caller], Arguments]:
    """Return the same arguments for every call."""
    return lambda _: arguments


def newest_of(kind: str, parameter: str, **further: Any) -> Callable[[Caller], Arguments | None]:
    """Return arguments about the newest thing of a kind that the caller made."""

    def arguments(caller: Caller) -> Arguments | None:
        made: list[str] = getattr(caller, kind)
        return {parameter: made[-1], **further} if made else None

    return arguments


def oldest_of(kind: str, parameter: str, **further: Any) -> Callable[[Caller], Arguments | None]:
    """Return arguments about the oldest thing of a kind, which the caller forgets."""

    def arguments(caller: Caller) -> Arguments | None:
        made: list[str] = getattr(caller, kind)
        return {parameter: made.pop(0), **further} if made else None

    return arguments


def new_task(caller: Caller) -> Arguments:
    """Return a task under a name that no other has, so that one that was made twice can be told."""
    caller.submits += 1
    # Some run long enough to be stopped or changed.
    seconds = 3000 if caller.chance.random() < 0.5 else 0
    command = f"sh -c 'sleep {seconds}; echo hello from ${{INSTANCE_ID}}'"
    constants = {"DOCKER_CMD": command, "DOCKER_TAG": "24.04"}
    return {
        "name": f"soak-{caller.number}-{caller.submits}",
        "profile": "docker-batch",
        "instance_count": 3,
        "constants": constants,
    }


def new_file(caller: Caller) -> Arguments:
    """Return a small file, new or written over."""
    return {
        "bucket": BUCKET,
        "path": caller.file,
        "text": "a line of notes\n" * 50,
        "overwrite": True,
        "create_bucket": True,
    }


STEP = {"profile": "docker-batch", "constants": {"DOCKER_CMD": "echo step"}}
STEPS = [{"name": "first", **STEP}, {"name": "second", "after": ["first"], **STEP}]

ROWS = [
    Row("get_profile", 2, fixed(profile_name="docker-batch")),
    Row("list_profiles", 2, fixed()),
    Row("list_tasks", 3, fixed()),
    Row("submit_task", 3, new_task),
    Row("get_task", 4, newest_of("tasks", "task_uuid")),
    Row("get_task_logs", 3, newest_of("tasks", "task_uuid")),
    Row("get_task_logs", 1, newest_of("tasks", "task_uuid", search="hello")),
    Row("abort_task", 2, newest_of("tasks", "task_uuid")),
    Row("list_buckets", 1, fixed()),
    Row("list_files", 2, fixed(bucket=BUCKET)),
    Row("read_file", 2, lambda caller: {"bucket": BUCKET, "path": caller.file}),
    Row("write_file", 2, new_file),
    Row("share_file", 1, lambda caller: {"bucket": BUCKET, "path": caller.file}),
    Row("request_upload", 1, fixed(bucket=BUCKET, prefix="in/", create_bucket=True)),
    Row("delete_files", 1, lambda caller: {"bucket": BUCKET, "paths": [caller.file]}),
    Row("snapshot_task", 1, newest_of("tasks", "task_uuid", bucket=BUCKET)),
    Row("update_task", 1, newest_of("tasks", "task_uuid", tags=["soak"])),
    Row("create_job", 1, fixed(name="soak")),
    Row("submit_pipeline", 1, fixed(name="soak", steps=STEPS)),
    Row("list_jobs", 1, fixed()),
    Row("get_job", 1, newest_of("jobs", "job_uuid")),
    Row("terminate_job", 1, newest_of("jobs", "job_uuid")),
    Row("delete_job", 2, oldest_of("jobs", "job_uuid", with_tasks=True)),
    Row("create_pool", 1, fixed(name="soak", profile="docker-batch", slots=1)),
    Row("list_pools", 1, fixed()),
    Row("get_pool", 1, newest_of("pools", "pool_uuid")),
    Row("scale_pool", 1, newest_of("pools", "pool_uuid", slots=2)),
    Row("close_pool", 2, oldest_of("pools", "pool_uuid", delete=True)),
    Row("get_account", 1, fixed()),
    Row("list_machines", 1, fixed()),
    Row("usage_report", 1, fixed()),
]
