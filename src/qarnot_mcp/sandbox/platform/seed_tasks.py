"""What an account starts with: a dozen tasks of a believable week, and the buckets and files that they use."""

from dataclasses import dataclass, field
from functools import lru_cache

from qarnot_mcp.sandbox.commands.pictures import draw_frame
from qarnot_mcp.sandbox.platform.account import Account
from qarnot_mcp.sandbox.platform.fields import constant_list
from qarnot_mcp.sandbox.platform.registry import Timestamp
from qarnot_mcp.sandbox.wire.bodies import Body
from qarnot_mcp.sandbox.wire.formats import JsonObject

BUCKETS = ("seawall-meshes", "seawall-results", "orchard-images", "orchard-models", "scenes")
_SEAWALL, _SEAWALL_RESULTS = ("seawall-meshes", "seawall-results"), (None, "seawall-results")
_ORCHARD, _ORCHARD_RESULTS = ("orchard-images", "orchard-models"), (None, "orchard-models")
_HOUR = 3600
_DAY = 86400


@dataclass(frozen=True, slots=True)
class SeedTask:
    """A task of the past; the first tag is its project, `constants` are those other than the command."""

    name: str
    seconds_ago: int
    tags: tuple[str, ...]
    buckets: tuple[str | None, str | None] = (None, None)
    """Those of resources and results."""
    command: str = ""
    instance_count: int = 1
    profile: str = "docker-batch"
    image: str = "library/python:3.12"
    constants: dict[str, str] = field(default_factory=dict)
    scheduling: str = "onDemand"
    aborted_after_seconds: int | None = None
    machine: str | None = None


SEED_TASKS = (
    SeedTask(
        "hello", 6 * _DAY + _HOUR, ("demo",), command="echo hello from ${INSTANCE_ID}", image="library/ubuntu:24.04"
    ),
    SeedTask(
        "seawall mesh coarse",
        6 * _DAY,
        ("seawall", "mesh"),
        _SEAWALL,
        instance_count=4,
        profile="openfoam",
        constants={"RUN_SCRIPT": "coarse.sh"},
    ),
    SeedTask(
        "orchard ingest",
        5 * _DAY,
        ("orchard", "ingest"),
        _ORCHARD,
        command="python3 ingest.py events.parquet",
        machine="8c-32g-amd-rz3700x",
    ),
    SeedTask(
        "orchard ingest in chunks",
        5 * _DAY - 3 * _HOUR,
        ("orchard", "ingest"),
        _ORCHARD,
        command="python3 ingest.py --chunks events.parquet",
        constants={"QARNOT_SECRET__DATABASE": "known to the task only"},
    ),
    SeedTask(
        "seawall mesh fine",
        4 * _DAY,
        ("seawall", "mesh"),
        _SEAWALL,
        instance_count=8,
        profile="openfoam",
        constants={"RUN_SCRIPT": "fine.sh", "SANDBOX_PREEMPTIONS": "1"},
        scheduling="flex",
    ),
    SeedTask(
        "orchard calibration",
        3 * _DAY,
        ("orchard", "calibration"),
        _ORCHARD,
        command="python3 calibrate.py --part ${INSTANCE_ID}",
        instance_count=4,
    ),
    SeedTask(
        "seawall postprocessing",
        2 * _DAY + 2 * _HOUR,
        ("seawall",),
        _SEAWALL_RESULTS,
        command="./post.sh",
        instance_count=2,
        image="qarnot-demo/does-not-exist:1.4",
    ),
    SeedTask(
        "seawall teaser",
        2 * _DAY,
        ("seawall", "video"),
        ("scenes", "scenes"),
        instance_count=12,
        profile="blender",
        constants={"BLEND_FILE": "teaser.blend"},
    ),
    SeedTask(
        "orchard training baseline",
        30 * _HOUR,
        ("orchard", "training"),
        _ORCHARD_RESULTS,
        command="python3 train.py --model baseline",
        instance_count=2,
        aborted_after_seconds=5 * _HOUR,
    ),
    SeedTask("seawall report", 9 * _HOUR, ("seawall", "report"), _SEAWALL_RESULTS, command="python3 report.py"),
    SeedTask(
        "orchard training",
        2 * _HOUR,
        ("orchard", "training"),
        _ORCHARD_RESULTS,
        command="python3 train.py --model large",
        instance_count=3,
    ),
    SeedTask(
        "seawall flow",
        900,
        ("seawall", "flow"),
        _SEAWALL,
        command="sh -c 'echo part ${INSTANCE_ID} of ${INSTANCE_COUNT}; sleep 6h; echo done'",
        instance_count=6,
        image="library/debian:12",
    ),
    SeedTask(
        "orchard training next",
        240,
        ("orchard", "training"),
        _ORCHARD_RESULTS,
        command="python3 train.py --model huge",
        constants={"SANDBOX_QUEUE_SECONDS": "86400"},
    ),
)


@lru_cache(maxsize=1)
def _seeded_files() -> tuple[tuple[str, str, bytes, str], ...]:
    """Return the bucket, key, content and content type of each file; all accounts share the contents."""
    vertices = "".join(f"v {x * 0.5:.1f} {y * 0.5:.1f} {(x * y) % 7 * 0.1:.1f}\n" for x in range(20) for y in range(20))
    events = "".join(f"{n},{n % 24:02}:00,{11.5 + n % 9 * 0.7:.1f}\n" for n in range(1, 501))
    sensors = "sensor,height,pressure\n" + "".join(f"{n},{n * 0.25:.2f},{101.3 + n * 0.4:.1f}\n" for n in range(1, 61))
    return (
        ("seawall-meshes", "coarse.sh", b"#!/bin/sh\nblockMesh && simpleFoam\n", "text/x-sh"),
        ("seawall-meshes", "fine.sh", b"#!/bin/sh\nblockMesh -dict fine && simpleFoam\n", "text/x-sh"),
        ("seawall-meshes", "meshes/coarse.obj", f"# coarse sea wall\n{vertices}".encode(), "model/obj"),
        ("seawall-meshes", "meshes/fine.obj", f"# fine sea wall\n{vertices}{vertices}".encode(), "model/obj"),
        ("seawall-results", "archive/solver.log", b"Time = 25\nTime = 50\nEnd\n", "text/plain"),
        ("orchard-images", "events.csv", f"event,hour,celsius\n{events}".encode(), "text/csv"),
        *((("orchard-images", f"parts/{n}/sensors.csv", sensors.encode(), "text/csv")) for n in range(4)),
        *((("orchard-images", f"photos/tree_{n:02}.png", draw_frame(n * 3), "image/png")) for n in range(6)),
        ("scenes", "teaser.blend", b"BLENDER-v402" + bytes(2048), "application/octet-stream"),
    )


def seed_account(account: Account, timestamp: Timestamp) -> None:
    """Create the buckets and past tasks of an account."""
    at = timestamp.now - 7 * _DAY
    for name in BUCKETS:
        account.buckets.create(name, at)
    for name, key, content, content_type in _seeded_files():
        account.buckets.put(name, key, content, at, content_type)
    for seed in SEED_TASKS:
        created = timestamp.now - seed.seconds_ago
        task = account.submit(Body(_creation(seed)), Timestamp(created, timestamp.clock_seconds))
        if seed.aborted_after_seconds is not None:
            task.cancelled = task.modified = created + seed.aborted_after_seconds


def _creation(seed: SeedTask) -> JsonObject:
    constants, (resources, results) = dict(seed.constants), seed.buckets
    if seed.command:
        repository, _, tag = seed.image.partition(":")
        constants = {"DOCKER_REPO": repository, "DOCKER_TAG": tag, "DOCKER_CMD": seed.command, **constants}
    return {
        "name": seed.name,
        "profile": seed.profile,
        "instanceCount": seed.instance_count,
        "tags": list(seed.tags),
        "labels": {"project": seed.tags[0]},
        "constants": constant_list(constants),
        "resourceBuckets": [resources] if resources else [],
        "resultBucket": results,
        "schedulingType": seed.scheduling,
        "hardwareConstraints": [{"discriminator": "SpecificHardwareConstraint", "specificationKey": seed.machine}]
        if seed.machine
        else [],
    }
