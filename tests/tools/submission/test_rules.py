"""The checks of a task before it starts: what each says, and whether it keeps the task from starting."""

from collections.abc import Mapping
from typing import Any

import pytest

from qarnot_mcp.qarnot.account import User
from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.qarnot.profiles import Profile
from qarnot_mcp.tools.profiles import check_profile_known
from qarnot_mcp.tools.submission.account_checks import check_quotas
from qarnot_mcp.tools.submission.images import is_one_letter_off, misspelt_image
from qarnot_mcp.tools.submission.request import Finding, MistakenTask, TaskRequest, settle
from qarnot_mcp.tools.submission.rules import check_task

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
BLENDER = Profile.read({"name": "blender", "constants": [{"name": "BLEND_FILE", "value": "undefined.blend"}]})
PINNED = {"DOCKER_TAG": "22.04"}
COMMAND = {"DOCKER_CMD": "echo hi"}


def request(constants: Mapping[str, str], profile: Profile | None = PROFILE, **more: Any) -> TaskRequest:
    return TaskRequest(profile.name if profile else None, profile, constants, **more)


def found(constants: Mapping[str, str], profile: Profile | None = PROFILE, **more: Any) -> list[Finding]:
    return check_task(request(constants, profile, **more))


def advice(constants: Mapping[str, str], profile: Profile | None = PROFILE, **more: Any) -> str:
    return "\n".join(finding.text for finding in found({**COMMAND, **constants}, profile, **more))


def quotas(user: User, **more: Any) -> str:
    return "\n".join(finding.text for finding in check_quotas(request({}, **more), user))


def user(**fields: Any) -> User:
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
        COMMAND,
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


@pytest.mark.parametrize(
    ("constants", "profile", "words"),
    [
        ({"DOCKER_CMD": "echo a && echo b"}, PROFILE, "has && outside a shell"),
        ({"DOCKER_CMDD": "echo a"}, PROFILE, "did you mean DOCKER_CMD?"),
        ({}, PROFILE, "DOCKER_CMD is not set, so library/ubuntu runs its own command: a shell"),
        (
            {"DOCKER_REPO": "library/python", **PINNED},
            PROFILE,
            "library/python runs its own command: a shell or interp",
        ),
        ({"DOCKER_CMD": "python -c 'print(1)"}, PROFILE, "has a quote ' that nothing closes"),
        ({"DOCKER_CMD": 'echo "hi'}, PROFILE, 'has a quote " that nothing closes'),
        ({}, BLENDER, "BLEND_FILE is not set (the scene"),
    ],
)
def test_what_can_surely_not_be_meant_refuses(constants: dict[str, str], profile: Profile, words: str) -> None:
    findings = found(constants, profile)
    assert [words in finding.text for finding in findings if finding.refuses] == [True]
    with pytest.raises(MistakenTask, match=r"^Nothing was started") as raised:
        settle(findings)
    assert "accept_warnings=true" in str(raised.value)
    assert findings[0].text in settle(findings, accept_warnings=True)


@pytest.mark.parametrize(
    ("constants", "more", "words"),
    [
        ({"DOCKER_REPO": "me/tool", **PINNED}, {}, "me/tool runs its own command."),
        ({"DOCKER_CMDD": "x", **COMMAND}, {}, "did you mean DOCKER_CMD?"),
        ({"DOCKER_CMD": "sh -c 'apt-get update && apt-get install -y git'"}, {}, "uses apt-get or apt"),
        ({"DOCKER_CMD": "pip install numpy"}, {}, "has no network, and DOCKER_CMD uses pip"),
        ({"DOCKER_CMD": "sh -c 'python3 -m pip install x'"}, {}, "uses pip"),
        ({"DOCKER_CMD": "curl -O https://example.org/x"}, {}, "uses curl or wget: put the files into"),
        ({"DOCKER_CMD": "git clone https://example.org/x"}, {}, "uses git"),
        ({"DOCKER_CMD": "sh -c 'cd /x; npm ci'"}, {}, "uses npm"),
        ({"DOCKER_CMD": "/usr/bin/apk add --no-cache git"}, {}, "uses a package manager"),
        ({"DOCKER_REPO": "library/pyhton", **PINNED, **COMMAND}, {}, "did you mean DOCKER_REPO library/python?"),
        ({"DOCKER_REPO": "ubunt", **PINNED, **COMMAND}, {}, "did you mean DOCKER_REPO library/ubuntu?"),
        ({"HF_TOKEN": "abcdefgh", **COMMAND}, {}, "QARNOT_SECRET__HF_TOKEN"),
        ({"DOCKER_CMD": "run --token abcdefgh"}, {}, "QARNOT_SECRET__NAME"),
        ({"DOCKER_CMD": "sh -c 'DB_PASSWORD=hunter22 run'"}, {}, "QARNOT_SECRET__NAME"),
        (COMMAND, {"results_whitelist": "out*.csv", "result_bucket": "out"}, r"out.*\.csv"),
        (COMMAND, {"results_whitelist": "a.*"}, "No result_bucket is given"),
        (COMMAND, {"result_bucket": "My_Results"}, "my-results would do"),
        (COMMAND, {"resource_buckets": ["a", "b", "a"]}, "names a twice"),
        ({"DOCKER_CMD": "sh -c 'date > out.txt'"}, {"instance_count": 3}, "All 3 instances write out.txt"),
    ],
)
def test_what_is_probably_a_mistake_warns_and_starts(
    constants: dict[str, str], more: dict[str, Any], words: str
) -> None:
    findings = found(constants, **more)
    assert any(words in finding.text for finding in findings), findings
    assert settle(findings)


@pytest.mark.parametrize(
    ("command", "more"),
    [
        ("sh -c 'date > out-${INSTANCE_ID}.txt'", {"instance_count": 3}),
        ("sh -c 'date > out.txt'", {}),
        ("sh -c 'ls > /dev/null 2>&1'", {"instance_count": 3}),
        ("curl http://localhost:8080/", {}),
        ("pip install --no-index ./wheels", {}),
        ("python train.py --digits 5", {}),
        ("run --token $QARNOT_SECRET__TOKEN", {}),
        ("echo 'it'\\''s'", {}),
        ('sh -c "echo \\"hi\\" && ls"', {}),
        ("./configure", {}),
    ],
)
def test_a_command_that_is_right_gets_no_warning(command: str, more: dict[str, Any]) -> None:
    assert advice({"DOCKER_CMD": command}, **more) == ""


def test_a_profile_with_network_may_use_it() -> None:
    network = PROFILE.model_copy(update={"name": "docker-network"})
    assert advice({"DOCKER_CMD": "pip install numpy"}, network) == ""


def test_the_platforms_own_secret_constants_are_not_warned_about() -> None:
    login = {"DOCKER_REGISTRY_LOGIN": "me", "DOCKER_REGISTRY_PASSWORD": "hunter22"}
    assert advice({"DOCKER_REPO": "me/tool", **PINNED, **login, "QARNOT_SECRET__TOKEN": "abcdefgh"}) == ""


def test_a_warning_about_a_secret_does_not_repeat_it() -> None:
    constants = {"HF_TOKEN": "abcdefgh-1", "DOCKER_CMD": "run --token abcdefgh-2"}
    assert "abcdefgh" not in advice(constants)


@pytest.mark.parametrize(
    ("name", "known", "is_near"),
    [
        ("ubunt", "ubuntu", True),
        ("ubuntuu", "ubuntu", True),
        ("ubunut", "ubuntu", True),
        ("ubumtu", "ubuntu", True),
        ("ubuntu", "ubuntu", False),
        ("ubu", "ubuntu", False),
        ("nutubu", "ubuntu", False),
        ("", "a", True),
    ],
)
def test_one_letter_is_left_out_put_in_exchanged_or_swapped(name: str, known: str, is_near: bool) -> None:
    assert is_one_letter_off(name, known) is is_near
    assert is_one_letter_off(known, name) is is_near


def test_images_of_other_people_are_not_misspelt_ones() -> None:
    assert misspelt_image("me/tool") is None
    assert misspelt_image("library/python") is None
    assert misspelt_image("x" * 1000) is None


def test_more_instances_than_the_quota_are_told() -> None:
    account = user(maxInstances=64)
    assert "65 instances are more than the 64" in quotas(account, instance_count=65)
    assert quotas(account, instance_count=64) == ""
    assert quotas(user(), instance_count=10_000) == ""


def test_quotas_count_by_scheduling_type() -> None:
    flex, on_demand = {"maxInstances": 64, "runningInstancesCount": 60}, {"maxInstances": 8}
    reserved = [{"reservationName": "ours", "maxInstances": 2}]
    account = user(computingQuotas={"user": {"flex": flex, "onDemand": on_demand, "reserved": reserved}})
    assert "60 of the 64 instances that may run as Flex are running" in quotas(account, instance_count=5)
    assert "more than the 8 that this account may run at a time as OnDemand" in quotas(
        account, instance_count=9, scheduling_type="OnDemand"
    )
    assert "more than the 2" in quotas(account, instance_count=3, scheduling_type="Reserved")
    assert quotas(account, instance_count=4) == ""


def test_an_account_without_a_reservation_is_told() -> None:
    account = user(computingQuotas={"user": {"flex": None, "onDemand": None, "reserved": []}})
    assert "no reservation" in quotas(account, scheduling_type="Reserved")


def test_an_account_that_is_full_of_tasks_is_told() -> None:
    assert "100 of 100 tasks" in quotas(user(maxTask=100, taskCount=100))
    assert quotas(user(maxTask=100, taskCount=99)) == ""


def test_a_result_says_each_finding_once_and_not_too_many() -> None:
    many = [Finding(f"{number} {'x' * 1000}") for number in range(50)]
    assert len(settle([*many, *many])) == 12
    assert settle([Finding("a"), Finding("a")]) == ["a"]
    assert len(str(MistakenTask(many))) <= 1500
