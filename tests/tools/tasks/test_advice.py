from typing import Any

import pytest

from qarnot_mcp.qarnot.account import User
from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.qarnot.profiles import Profile
from qarnot_mcp.tools.profiles import check_profile_known
from qarnot_mcp.tools.tasks.advice import advise
from qarnot_mcp.tools.tasks.new_task import NewTask

PROFILE = Profile.read(
    {
        "name": "docker-batch",
        "constants": [
            {"name": "DOCKER_SRV", "value": "https://registry-1.docker.io"},
            {"name": "DOCKER_REPO", "value": "library/ubuntu"},
            {"name": "DOCKER_TAG", "value": "latest"},
            {"name": "DOCKER_CMD", "value": ""},
            {"name": "DOCKER_REGISTRY_LOGIN", "value": ""},
            {"name": "DOCKER_REGISTRY_PASSWORD", "value": ""},
        ],
    }
)
PINNED = {"DOCKER_TAG": "22.04"}


def advice(constants: dict[str, str], user: User | None = None, profile: Profile | None = PROFILE, **more: Any) -> str:
    new_task = NewTask(name="t", profile="docker-batch", constants=constants, **more)
    return "\n".join(advise(new_task, profile, user))


def user(**fields: int) -> User:
    return User.read({"email": "me@example.org"} | fields)


def test_a_known_profile_passes() -> None:
    check_profile_known("docker-batch", ["docker-batch"])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("docker_batch", "Did you mean docker-batch?"),
        ("Docker-Network", "Did you mean docker-network"),
        ("zzz", "There are: docker-batch, docker-network, blender."),
    ],
)
def test_an_unknown_profile_is_answered_with_the_nearest(name: str, words: str) -> None:
    with pytest.raises(InvalidArgument) as raised:
        check_profile_known(name, ["docker-batch", "docker-network", "blender"])
    assert words in str(raised.value)
    assert "list_profiles" in str(raised.value)


def test_of_many_profiles_only_some_are_named() -> None:
    with pytest.raises(InvalidArgument, match="p9, \\.\\.\\."):
        check_profile_known("zzz", [f"p{number}" for number in range(50)])


@pytest.mark.parametrize(
    "constants",
    [
        {},
        {"DOCKER_REPO": "library/ubuntu", "DOCKER_TAG": "22.04", "DOCKER_CMD": "sh -c 'a && b'"},
        {"DOCKER_REPO": "me/tool", "DOCKER_TAG": "1", "DOCKER_REGISTRY_LOGIN": "me", "DOCKER_REGISTRY_PASSWORD": "x"},
        {"DOCKER_CMD": "echo hello from ${INSTANCE_ID}"},
        {"DOCKER_SRV": "https://ghcr.io", "DOCKER_REPO": "tool", "DOCKER_TAG": "1"},
        {"QARNOT_SECRET__KEY": "x"},
    ],
)
def test_a_task_that_looks_right_gets_no_warning(constants: dict[str, str]) -> None:
    assert advice(constants) == ""


@pytest.mark.parametrize(
    ("constants", "words"),
    [
        ({"docker_cmd": "x"}, "docker_cmd is no constant of docker-batch; did you mean DOCKER_CMD?"),
        ({"DOCKER_COMD": "x"}, "did you mean DOCKER_CMD?"),
        ({"INPUT": "x", "OUTPUT": "y"}, "does not use INPUT, OUTPUT: the task only sees environment variables"),
        ({"DOCKER_CMD": "echo a && echo 'b'"}, "has && outside a shell"),
        ({"DOCKER_CMD": "a; b"}, "if a shell is meant: sh -c 'a; b'"),
        ({"DOCKER_REPO": "ubuntu", **PINNED}, "DOCKER_REPO library/ubuntu"),
        ({"DOCKER_REPO": "ubuntu:22.04"}, "set DOCKER_TAG to 22.04"),
        ({"DOCKER_REPO": "ghcr.io/me/tool", **PINNED}, "set DOCKER_SRV to https://ghcr.io"),
        ({"DOCKER_REPO": "localhost:5000/tool", **PINNED}, "set DOCKER_SRV to https://localhost:5000"),
        ({"DOCKER_REPO": "library/ubuntu"}, "The tag of library/ubuntu is latest"),
        ({"DOCKER_REPO": "library/ubuntu", "DOCKER_TAG": "latest"}, "a DOCKER_TAG pins it"),
        ({"DOCKER_REGISTRY_LOGIN": "me"}, "DOCKER_REGISTRY_PASSWORD is missing"),
        ({"DOCKER_REGISTRY_PASSWORD": "x"}, "DOCKER_REGISTRY_LOGIN is missing"),
    ],
)
def test_what_is_probably_not_meant_is_told(constants: dict[str, str], words: str) -> None:
    said = advice(constants)
    assert words in said
    assert said.count("\n") == 0 or constants == {"DOCKER_REPO": "ubuntu:22.04"}


def test_the_secrets_of_a_command_are_not_repeated() -> None:
    assert "hunter2" not in advice({"DOCKER_CMD": "DB_PASSWORD=hunter2 run; ls"})


def test_many_unknown_constants_are_told_in_one_sentence() -> None:
    said = advice({f"X{number}": "1" for number in range(15)})
    assert "X9 and 5 more" in said


def test_in_a_pool_only_what_needs_no_profile_is_told() -> None:
    assert advice({"docker_cmd": "x", "DOCKER_CMD": "a; b"}, profile=None).startswith("DOCKER_CMD has ;")


def test_more_instances_than_the_quota_are_told() -> None:
    account = user(maxInstances=64)
    assert "65 instances are more than the 64" in advice({}, account, instance_count=65)
    assert "100 instances are more than the 64" in advice({}, account, advanced_ranges="0-49,100-149")
    assert advice({}, account, instance_count=64) == ""
    assert advice({}, user(), instance_count=10_000) == ""


def test_an_account_that_is_full_of_tasks_is_told() -> None:
    assert "100 of 100 tasks" in advice({}, user(maxTask=100, taskCount=100))
    assert advice({}, user(maxTask=100, taskCount=99)) == ""
