"""The world that an account starts with: a dozen tasks of a believable week, and the buckets that they use."""

from dataclasses import dataclass
from typing import Any

from .account import Account, Moment
from .bodies import Body

JsonObject = dict[str, Any]

_HOUR = 3600
_DAY = 86400

BUCKETS = ("seawall-meshes", "seawall-results", "orchard-images", "orchard-models", "scenes")


@dataclass(frozen=True, slots=True)
class Story:
    """A task of the past: how long ago it was created, and after how many seconds it was aborted, if it was."""

    name: str
    profile: str
    seconds_ago: int
    instance_count: int
    tags: tuple[str, ...]
    constants: dict[str, str]
    result_bucket: str | None = None
    resource_bucket: str | None = None
    scheduling: str = "flex"
    aborted_after_seconds: int | None = None


def _docker(command: str, repository: str = "library/python", tag: str = "3.12", **more: str) -> dict[str, str]:
    return {"DOCKER_REPO": repository, "DOCKER_TAG": tag, "DOCKER_CMD": command, **more}


STORIES = (
    Story("hello", "docker-batch", 6 * _DAY + 4000, 1, ("demo",), _docker("echo hello from ${INSTANCE_ID}", "library/ubuntu", "24.04")),
    Story(
        "seawall mesh coarse", "openfoam", 6 * _DAY, 4, ("seawall", "mesh"), {"RUN_SCRIPT": "coarse.sh"},
        "seawall-results", "seawall-meshes", "onDemand",
    ),
    Story(
        "orchard ingest", "docker-batch", 5 * _DAY, 1, ("orchard", "ingest"), _docker("python3 ingest.py events.parquet"),
        "orchard-models", "orchard-images",
    ),
    Story(
        "orchard ingest in chunks", "docker-batch", 5 * _DAY - 3 * _HOUR, 1, ("orchard", "ingest"),
        _docker("python3 ingest.py --chunks events.parquet", QARNOT_SECRET__DB_PASSWORD="sandbox-only"),
        "orchard-models", "orchard-images",
    ),
    Story("seawall mesh fine", "openfoam", 4 * _DAY, 8, ("seawall", "mesh"), {"RUN_SCRIPT": "fine.sh"}, "seawall-results", "seawall-meshes"),
    Story(
        "orchard calibration", "docker-batch", 3 * _DAY, 4, ("orchard", "calibration"),
        _docker("python3 calibrate.py --part ${INSTANCE_ID}"), "orchard-models", "orchard-images", "onDemand",
    ),
    Story(
        "seawall postprocessing", "docker-batch", 2 * _DAY + 7000, 2, ("seawall",),
        _docker("./post.sh", "qarnot-demo/does-not-exist", "1.4"), "seawall-results",
    ),
    Story("seawall teaser", "blender", 2 * _DAY, 12, ("seawall", "video"), {"BLEND_FILE": "teaser.blend"}, "scenes", "scenes"),
    Story(
        "orchard training baseline", "docker-batch", 30 * _HOUR, 2, ("orchard", "training"),
        _docker("python3 train.py --model baseline"), "orchard-models", None, "flex", 5 * _HOUR,
    ),
    Story("seawall report", "docker-batch", 9 * _HOUR, 1, ("seawall", "report"), _docker("python3 report.py"), "seawall-results"),
    Story(
        "orchard training", "docker-batch", 2 * _HOUR, 3, ("orchard", "training"),
        _docker("python3 train.py --model large"), "orchard-models", None, "onDemand",
    ),
    Story(
        "seawall flow", "docker-batch", 900, 6, ("seawall", "flow"),
        _docker("sh -c 'echo part ${INSTANCE_ID} of ${INSTANCE_COUNT}; sleep 6h; echo done'", "library/debian", "12"),
        "seawall-results", "seawall-meshes", "onDemand",
    ),
    Story(
        "orchard training next", "docker-batch", 240, 1, ("orchard", "training"),
        _docker("python3 train.py --model huge", SANDBOX_QUEUE_SECONDS="86400"), "orchard-models",
    ),
)  # fmt: skip


def furnish(account: Account, moment: Moment) -> None:
    """Give an account its buckets and its past."""
    account.buckets.update(BUCKETS)
    for story in STORIES:
        created = moment.now - story.seconds_ago
        body: JsonObject = {
            "name": story.name,
            "profile": story.profile,
            "instanceCount": story.instance_count,
            "tags": list(story.tags),
            "labels": {"project": story.tags[0]},
            "constants": [{"key": key, "value": value} for key, value in story.constants.items()],
            "resultBucket": story.result_bucket,
            "resourceBuckets": [story.resource_bucket] if story.resource_bucket else [],
            "schedulingType": story.scheduling,
        }
        task = account.submit(Body(body), Moment(created, moment.clock_seconds))
        if story.aborted_after_seconds is not None:
            task.cancelled = task.modified = created + story.aborted_after_seconds
