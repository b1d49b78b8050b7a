"""The tasks that an account starts with: a dozen from a believable week, and the buckets that they use."""

from dataclasses import dataclass, field

from qarnot_mcp.sandbox.platform.account import Account
from qarnot_mcp.sandbox.platform.registry import Timestamp
from qarnot_mcp.sandbox.platform.seed_files import seed_files
from qarnot_mcp.sandbox.wire.bodies import Body
from qarnot_mcp.sandbox.wire.formats import JsonObject

_HOUR = 3600
_DAY = 86400


@dataclass(frozen=True, slots=True)
class SeedTask:
    """A task of the past; `constants` are those other than the command."""

    name: str
    project: str
    seconds_ago: int
    command: str = ""
    profile: str = "docker-batch"
    instance_count: int = 1
    tags: tuple[str, ...] = ()
    image: str = "library/python:3.12"
    constants: dict[str, str] = field(default_factory=dict)
    resource_bucket: str | None = None
    result_bucket: str | None = None
    scheduling: str = "onDemand"
    aborted_after_seconds: int | None = None
    machine: str | None = None


SEED_TASKS = (
    SeedTask("hello", "demo", 6 * _DAY + _HOUR, "echo hello from ${INSTANCE_ID}", image="library/ubuntu:24.04"),
    SeedTask(
        "seawall mesh coarse",
        "seawall",
        6 * _DAY,
        profile="openfoam",
        instance_count=4,
        tags=("mesh",),
        constants={"RUN_SCRIPT": "coarse.sh"},
        resource_bucket="seawall-meshes",
        result_bucket="seawall-results",
    ),
    SeedTask(
        "orchard ingest",
        "orchard",
        5 * _DAY,
        "python3 ingest.py events.parquet",
        tags=("ingest",),
        resource_bucket="orchard-images",
        result_bucket="orchard-models",
        machine="8c-32g-amd-rz3700x",
    ),
    SeedTask(
        "orchard ingest in chunks",
        "orchard",
        5 * _DAY - 3 * _HOUR,
        "python3 ingest.py --chunks events.parquet",
        tags=("ingest",),
        constants={"QARNOT_SECRET__DATABASE": "known to the task only"},
        resource_bucket="orchard-images",
        result_bucket="orchard-models",
    ),
    SeedTask(
        "seawall mesh fine",
        "seawall",
        4 * _DAY,
        profile="openfoam",
        instance_count=8,
        tags=("mesh",),
        constants={"RUN_SCRIPT": "fine.sh", "SANDBOX_PREEMPTIONS": "1"},
        resource_bucket="seawall-meshes",
        result_bucket="seawall-results",
        scheduling="flex",
    ),
    SeedTask(
        "orchard calibration",
        "orchard",
        3 * _DAY,
        "python3 calibrate.py --part ${INSTANCE_ID}",
        instance_count=4,
        tags=("calibration",),
        resource_bucket="orchard-images",
        result_bucket="orchard-models",
    ),
    SeedTask(
        "seawall postprocessing",
        "seawall",
        2 * _DAY + 2 * _HOUR,
        "./post.sh",
        instance_count=2,
        image="qarnot-demo/does-not-exist:1.4",
        result_bucket="seawall-results",
    ),
    SeedTask(
        "seawall teaser",
        "seawall",
        2 * _DAY,
        profile="blender",
        instance_count=12,
        tags=("video",),
        constants={"BLEND_FILE": "teaser.blend"},
        resource_bucket="scenes",
        result_bucket="scenes",
    ),
    SeedTask(
        "orchard training baseline",
        "orchard",
        30 * _HOUR,
        "python3 train.py --model baseline",
        instance_count=2,
        tags=("training",),
        result_bucket="orchard-models",
        aborted_after_seconds=5 * _HOUR,
    ),
    SeedTask(
        "seawall report",
        "seawall",
        9 * _HOUR,
        "python3 report.py",
        tags=("report",),
        result_bucket="seawall-results",
    ),
    SeedTask(
        "orchard training",
        "orchard",
        2 * _HOUR,
        "python3 train.py --model large",
        instance_count=3,
        tags=("training",),
        result_bucket="orchard-models",
    ),
    SeedTask(
        "seawall flow",
        "seawall",
        900,
        "sh -c 'echo part ${INSTANCE_ID} of ${INSTANCE_COUNT}; sleep 6h; echo done'",
        instance_count=6,
        tags=("flow",),
        image="library/debian:12",
        resource_bucket="seawall-meshes",
        result_bucket="seawall-results",
    ),
    SeedTask(
        "orchard training next",
        "orchard",
        240,
        "python3 train.py --model huge",
        tags=("training",),
        constants={"SANDBOX_QUEUE_SECONDS": "86400"},
        result_bucket="orchard-models",
    ),
)


def seed_account(account: Account, timestamp: Timestamp) -> None:
    """Create the buckets and past tasks of an account."""
    seed_files(account.buckets, timestamp.now - 7 * _DAY)
    for seed in SEED_TASKS:
        created = timestamp.now - seed.seconds_ago
        task = account.submit(Body(_creation(seed)), Timestamp(created, timestamp.clock_seconds))
        if seed.aborted_after_seconds is not None:
            task.cancelled = task.modified = created + seed.aborted_after_seconds


def _creation(seed: SeedTask) -> JsonObject:
    constants = dict(seed.constants)
    if seed.command:
        repository, _, tag = seed.image.partition(":")
        constants = {"DOCKER_REPO": repository, "DOCKER_TAG": tag, "DOCKER_CMD": seed.command, **constants}
    return {
        "name": seed.name,
        "profile": seed.profile,
        "instanceCount": seed.instance_count,
        "tags": [seed.project, *seed.tags],
        "labels": {"project": seed.project},
        "constants": [{"key": key, "value": value} for key, value in constants.items()],
        "resourceBuckets": [seed.resource_bucket] if seed.resource_bucket else [],
        "resultBucket": seed.result_bucket,
        "schedulingType": seed.scheduling,
        "hardwareConstraints": [{"discriminator": "SpecificHardwareConstraint", "specificationKey": seed.machine}]
        if seed.machine
        else [],
    }
