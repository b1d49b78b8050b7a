"""The world that an account starts with: a dozen tasks of a believable week, and the buckets that they use."""

from dataclasses import dataclass, field

from qarnot_mcp.sandbox.platform.account import Account, Moment
from qarnot_mcp.sandbox.wire.bodies import Body
from qarnot_mcp.sandbox.wire.json_objects import JsonObject

_HOUR = 3600
_DAY = 86400

BUCKETS = ("seawall-meshes", "seawall-results", "orchard-images", "orchard-models", "scenes")


@dataclass(frozen=True, slots=True)
class Story:
    """A task of the past; `constants` is what it sets beside the command, if it has one."""

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


STORIES = (
    Story("hello", "demo", 6 * _DAY + _HOUR, "echo hello from ${INSTANCE_ID}", image="library/ubuntu:24.04"),
    Story(
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
    Story(
        "orchard ingest",
        "orchard",
        5 * _DAY,
        "python3 ingest.py events.parquet",
        tags=("ingest",),
        resource_bucket="orchard-images",
        result_bucket="orchard-models",
        machine="8c-32g-amd-rz3700x",
    ),
    Story(
        "orchard ingest in chunks",
        "orchard",
        5 * _DAY - 3 * _HOUR,
        "python3 ingest.py --chunks events.parquet",
        tags=("ingest",),
        constants={"QARNOT_SECRET__DATABASE": "known to the task only"},
        resource_bucket="orchard-images",
        result_bucket="orchard-models",
    ),
    Story(
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
    Story(
        "orchard calibration",
        "orchard",
        3 * _DAY,
        "python3 calibrate.py --part ${INSTANCE_ID}",
        instance_count=4,
        tags=("calibration",),
        resource_bucket="orchard-images",
        result_bucket="orchard-models",
    ),
    Story(
        "seawall postprocessing",
        "seawall",
        2 * _DAY + 2 * _HOUR,
        "./post.sh",
        instance_count=2,
        image="qarnot-demo/does-not-exist:1.4",
        result_bucket="seawall-results",
    ),
    Story(
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
    Story(
        "orchard training baseline",
        "orchard",
        30 * _HOUR,
        "python3 train.py --model baseline",
        instance_count=2,
        tags=("training",),
        result_bucket="orchard-models",
        aborted_after_seconds=5 * _HOUR,
    ),
    Story(
        "seawall report",
        "seawall",
        9 * _HOUR,
        "python3 report.py",
        tags=("report",),
        result_bucket="seawall-results",
    ),
    Story(
        "orchard training",
        "orchard",
        2 * _HOUR,
        "python3 train.py --model large",
        instance_count=3,
        tags=("training",),
        result_bucket="orchard-models",
    ),
    Story(
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
    Story(
        "orchard training next",
        "orchard",
        240,
        "python3 train.py --model huge",
        tags=("training",),
        constants={"SANDBOX_QUEUE_SECONDS": "86400"},
        result_bucket="orchard-models",
    ),
)


def furnish(account: Account, moment: Moment) -> None:
    """Give an account its buckets and its past."""
    account.buckets.update(BUCKETS)
    for story in STORIES:
        created = moment.now - story.seconds_ago
        task = account.submit(Body(_order(story)), Moment(created, moment.clock_seconds))
        if story.aborted_after_seconds is not None:
            task.cancelled = task.modified = created + story.aborted_after_seconds


def _order(story: Story) -> JsonObject:
    constants = dict(story.constants)
    if story.command:
        repository, _, tag = story.image.partition(":")
        constants = {"DOCKER_REPO": repository, "DOCKER_TAG": tag, "DOCKER_CMD": story.command, **constants}
    return {
        "name": story.name,
        "profile": story.profile,
        "instanceCount": story.instance_count,
        "tags": [story.project, *story.tags],
        "labels": {"project": story.project},
        "constants": [{"key": key, "value": value} for key, value in constants.items()],
        "resourceBuckets": [story.resource_bucket] if story.resource_bucket else [],
        "resultBucket": story.result_bucket,
        "schedulingType": story.scheduling,
        "hardwareConstraints": [{"discriminator": "SpecificHardwareConstraint", "specificationKey": story.machine}]
        if story.machine
        else [],
    }
