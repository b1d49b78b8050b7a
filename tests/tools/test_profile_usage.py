"""What get_profile says of using a profile: rows of data, marked as this server's own."""

import re

import pytest

from qarnot_mcp.qarnot.profiles import Profile
from qarnot_mcp.tools.profile_usage import ROWS, SOURCE, usage_of
from qarnot_mcp.tools.profiles import ProfileDetails

# Every profile of the reference's table, with a constant that must be set.
KNOWN = {
    "docker-batch": "DOCKER_CMD",
    "docker-network": "DOCKER_CMD",
    "docker-network-ssh": "DOCKER_CMD",
    "docker-nvidia-batch": "DOCKER_CMD",
    "docker-cluster-network-ssh": "DOCKER_CMD",
    "openfoam": "RUN_SCRIPT",
    "openfoam-ssh": "RUN_SCRIPT",
    "openfoam-foundation-ssh": "RUN_SCRIPT",
    "starccm-acme-ssh": "STARCCM_CMD",
    "ansys-fluent-acme-vnc": "FLUENT_CMD",
    "ansys-mechanical-acme": "MECHANICAL_CMD",
    "ls-dyna-acme-vnc-wan": "LSDYNA_CMD",
    "code-aster-ssh": "CA_EXPORT_FILE",
    "fds": "FDS_CMD",
    "fds-vnc": "FDS_CMD",
    "fds-non-cluster-vnc-ssh": "FDS_CMD",
    "altair-hyperworks-acme": "ALM_HHWU_TOKEN",
    "houdini": "RENDER_TYPE",
    "blender-4.2.2": "BLEND_FILE",
    "meshroom": "INPUT_FOLDER",
    "jupyterlab": "DOCKER_SSH",
}


@pytest.mark.parametrize(("name", "constant"), KNOWN.items())
def test_a_known_profile_says_what_must_be_set_and_where_files_lie(name: str, constant: str) -> None:
    usage = usage_of(Profile(name=name, constants=[]))
    assert usage is not None
    assert constant in usage.must_set
    assert usage.files
    assert usage.instances
    assert usage.source == SOURCE


def test_no_row_hides_another() -> None:
    for row in ROWS:
        usage = usage_of(Profile(name=row.prefix, constants=[]))
        assert usage is not None
        assert usage.must_set == row.must_set


@pytest.mark.parametrize("name", ["blenders", "acme-solver", "", "dockerish"])
def test_of_other_software_nothing_is_said(name: str) -> None:
    assert usage_of(Profile(name=name, constants=[])) is None


def test_frames_scripts_and_licences_are_told() -> None:
    def told(name: str) -> str:
        return str(usage_of(Profile(name=name, constants=[])))

    assert "advanced_ranges 1-240" in told("blender")
    assert "OPENFOAM_INPUT_DIRECTORY_NAME" in told("openfoam")
    assert "LICENSE_SERVER_IP" in told("houdini")
    assert "authorized_keys" in told("docker-network-ssh")
    assert "until it is aborted" in told("fds-vnc")
    assert "authorized_keys" not in told("openfoam-ssh")


def test_a_default_that_names_itself_is_no_value() -> None:
    constants = [
        {"name": "DOCKER_WORKDIR", "value": "${DOCKER_WORKDIR}"},
        {"name": "DOCKER_TAG", "value": "latest"},
        {"name": "DOCKER_CMD", "value": "echo ${INSTANCE_ID}"},
    ]
    details = ProfileDetails.of(Profile.read({"name": "docker-batch", "constants": constants}), "docker-batch")
    assert [row.value for row in details.constants] == [None, "latest", "echo ${INSTANCE_ID}"]


def test_the_notes_are_short() -> None:
    for row in ROWS:
        usage = usage_of(Profile(name=row.prefix, constants=[]))
        assert usage is not None
        assert len(usage.model_dump_json(exclude_none=True)) < 1_000
        assert re.search(r"\s{2}", str(usage)) is None
