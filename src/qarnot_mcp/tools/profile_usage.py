"""What the constants of well-known profiles mean in use, as rows of data: this server's own notes, not the API's."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import Field

from qarnot_mcp.qarnot.profiles import Profile
from qarnot_mcp.tools.answers import Result

JOB_FILES = "Input files lie in /job; files there that are new or changed at the end are the results."
DOCKER_FILES = (
    "Input files lie in DOCKER_WORKDIR, /job unless it is set; files there that are new or changed at the end are the "
    "results."
)
CLUSTER_FILES = (
    "Input files lie in /job. The simulation runs in /share, which the nodes share, and ends in /job; while it runs, "
    "only LOCAL_FILES_COPY_FEATURE=true copies files over, which snapshots need."
)
EACH_ALONE = "Each instance runs the command by itself; INSTANCE_ID tells them apart."
ONE_CLUSTER = "All instances are the nodes of one cluster; SETUP_CLUSTER_NB_SLOTS is how many processes each takes."
COMPANY_LICENCE = "The company's own licence; WAIT_FOR_LICENSE_AVAILABILITY=true waits for a free one."
WITHOUT_NETWORK = r"batch|^docker-cluster(?:-roce)?$"
"""Matches the names of the profiles without network."""
SOURCE = "Notes of this server, not of Qarnot's API."


@dataclass(frozen=True)
class Row:
    """What is known about the profiles of one software: `must_set` names constants, with what to put there."""

    prefix: str
    instances: str
    files: str
    must_set: Mapping[str, str]
    script: str | None = None
    licence: str | None = None


# The first row whose prefix fits gives the notes, so the narrow ones come before the wide ones.
ROWS = (
    Row(
        "docker-cluster",
        "All instances are the nodes of one cluster; /job/mpihosts lists them.",
        DOCKER_FILES,
        {"DOCKER_REPO": "the image", "DOCKER_CMD": "the command"},
    ),
    Row("docker", EACH_ALONE, DOCKER_FILES, {"DOCKER_REPO": "the image", "DOCKER_CMD": "the command"}),
    Row(
        "blender",
        "Each instance renders one frame, and INSTANCE_ID is its number: advanced_ranges 1-240 renders 240 frames.",
        JOB_FILES,
        {"BLEND_FILE": "the scene, by its path in the resource bucket"},
    ),
    Row(
        "houdini",
        'FRAME_RANGE says which frames are rendered, such as "1,9".',
        JOB_FILES,
        {"RENDER_TYPE": "HIP, USD or IFD", "INPUT_FILE": "the scene", "OUTPUT_FILE": "the images"},
        licence="LICENSE_SERVER_IP, LICENSE_SERVER_HOSTNAME and LICENSE_SERVER_PORT name the licence server.",
    ),
    Row(
        "openfoam",
        ONE_CLUSTER,
        CLUSTER_FILES,
        {"RUN_SCRIPT": "the script of the case, such as Allrun"},
        script="RUN_SCRIPT, in the folder that OPENFOAM_INPUT_DIRECTORY_NAME names.",
    ),
    Row(
        "starccm",
        ONE_CLUSTER,
        CLUSTER_FILES,
        {"STARCCM_CMD": "the command of the solver"},
        licence=f"{COMPANY_LICENCE} $CDLMD_LICENSE_FILE is set in the command.",
    ),
    Row(
        "ansys-fluent",
        ONE_CLUSTER,
        CLUSTER_FILES,
        {"FLUENT_CMD": "the command, such as fluent -g 3ddp -t52 -i run.jou"},
        script="The journal that FLUENT_CMD names with -i.",
        licence=COMPANY_LICENCE,
    ),
    Row(
        "ansys-mechanical",
        ONE_CLUSTER,
        CLUSTER_FILES,
        {"MECHANICAL_CMD": "the command of the solver"},
        licence=COMPANY_LICENCE,
    ),
    Row(
        "ls-dyna",
        f"{ONE_CLUSTER} In a pool with SLOTS, CORES_PER_SLOT is what an instance takes.",
        CLUSTER_FILES,
        {"LSDYNA_CMD": "the command of the solver"},
        licence=COMPANY_LICENCE,
    ),
    Row("code-aster", ONE_CLUSTER, CLUSTER_FILES, {"CA_EXPORT_FILE": "the export file of the study"}),
    Row("fds-non-cluster", "One machine of at most 16 cores.", JOB_FILES, {"FDS_CMD": "the command"}),
    Row("fds", ONE_CLUSTER, CLUSTER_FILES, {"FDS_CMD": "the command"}),
    Row(
        "altair-hyperworks",
        ONE_CLUSTER,
        CLUSTER_FILES,
        {"ALTAIR_MECHA_CMD": "the command", "ALM_HHWU_TOKEN": "the licence token, a secret"},
        licence="ALM_HHWU_TOKEN gives the licence.",
    ),
    Row(
        "meshroom",
        "One instance computes one set of images.",
        "INPUT_FOLDER, OUTPUT_FOLDER and LOGS_FOLDER name the folders.",
        {"INPUT_FOLDER": "the images", "OUTPUT_FOLDER": "where the results go"},
    ),
    Row(
        "jupyterlab",
        "One instance serves one notebook.",
        "The link with its token is in logs/qarnot.log in the result bucket, which a periodic snapshot brings there.",
        {"DOCKER_SSH": "your public SSH key, through which port 8888 is reached"},
    ),
)

SSH = "DOCKER_SSH takes a public key; once the instance executes, get_task shows the ssh line."
SSH_COMMAND = " DOCKER_CMD writes ${DOCKER_SSH} to ~/.ssh/authorized_keys and starts sshd in the foreground."
SCREEN = "VNC=true shows a screen; VNC_PASSWORD has under 8 characters; get_task shows its address."
RUNS_ON = "It runs, and costs, until it is aborted."


class Usage(Result):
    """How a profile is used."""

    source: str = Field(SOURCE, description="Whose notes these are.")
    must_set: dict[str, str]
    instances: str
    files: str
    script: str | None = None
    licence: str | None = None
    access: str | None = None


def usage_of(profile: Profile) -> Usage | None:
    """Return what is known about using a profile; None for software of which nothing is."""
    name = profile.name.lower()
    row = next((row for row in ROWS if f"{name}-".startswith(f"{row.prefix}-")), None)
    if row is None:
        return None
    return Usage.model_validate(row, from_attributes=True).model_copy(update={"access": _access(name)})


def has_no_network(profile: str) -> bool:
    """Return whether tasks of a profile, by its name, reach nothing outside."""
    return re.search(WITHOUT_NETWORK, profile) is not None


def is_self_reference(name: str, value: str | None) -> bool:
    """Return whether a default says nothing but the constant's own name, such as `${DOCKER_WORKDIR}`."""
    return value is not None and value.strip() in (f"${{{name}}}", f"${name}")


def _access(name: str) -> str | None:
    parts = name.split("-")
    ways = [
        SSH + (SSH_COMMAND if name.startswith("docker-") else "") if "ssh" in parts else "",
        SCREEN if "vnc" in parts else "",
    ]
    said = [way for way in ways if way]
    return " ".join([*said, RUNS_ON]) if said else None
