"""Thirty mistakes in a submit as rows of data: what is said, by which words it is known, and whether it starts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CLEAN = "sh -c 'echo hi'"
POOL = "52c10b2d-0687-41e1-985e-7279f6dd543a"


@dataclass(frozen=True)
class Mistake:
    """One mistake: the constants and arguments with it, words of what is said, and whether the task starts."""

    name: str
    says: str
    starts: bool
    constants: Mapping[str, Any] = field(default_factory=lambda: {"DOCKER_CMD": CLEAN})
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def call(self) -> dict[str, Any]:
        """The arguments of submit_task."""
        constants = {"DOCKER_REPO": "library/python", "DOCKER_TAG": "3.12", **self.constants}
        return {"name": "a mistake", "profile": "docker-batch", "constants": constants, **self.arguments}


def command(text: str) -> dict[str, str]:
    """Return constants with a command."""
    return {"DOCKER_CMD": text}


MISTAKES = (
    Mistake("a shell operator outside a shell", "has && outside a shell", False, command("python a.py && python b.py")),
    Mistake("a redirection outside a shell", "has > outside a shell", False, command("python run.py > out.txt")),
    Mistake("an unclosed quote", "that nothing closes", False, command("sh -c 'python run.py")),
    Mistake("a constant misspelt, the right one missing", "did you mean DOCKER_CMD?", False, {"DOCKER_CMDD": CLEAN}),
    Mistake("no command at all", "DOCKER_CMD is not set", False, {}),
    Mistake("an own image without a command", "runs its own command", True, {"DOCKER_REPO": "me/tool"}),
    Mistake(
        "a render without a scene", "BLEND_FILE is not set", False, arguments={"profile": "blender", "constants": {}}
    ),
    Mistake("a profile misspelt", "Did you mean docker-batch", False, arguments={"profile": "docker-bacth"}),
    Mistake("a constant in lower case", "did you mean DOCKER_USER?", True, {**command(CLEAN), "docker_user": "me"}),
    Mistake("a constant that nothing uses", "does not use INPUT", True, {**command(CLEAN), "INPUT": "a.csv"}),
    Mistake("an image one letter off", "library/python?", True, {**command(CLEAN), "DOCKER_REPO": "library/pyhton"}),
    Mistake("an official image without library/", "need library/", True, {**command(CLEAN), "DOCKER_REPO": "python"}),
    Mistake("a tag in the image", "set DOCKER_TAG", True, {**command(CLEAN), "DOCKER_REPO": "library/python:3.11"}),
    Mistake("a registry in the image", "set DOCKER_SRV", True, {**command(CLEAN), "DOCKER_REPO": "ghcr.io/me/tool"}),
    Mistake("the tag latest", "a DOCKER_TAG pins it", True, {**command(CLEAN), "DOCKER_TAG": "latest"}),
    Mistake("a login without a password", "is missing", True, {**command(CLEAN), "DOCKER_REGISTRY_LOGIN": "me"}),
    Mistake("pip without network", "uses pip", True, command("sh -c 'pip install numpy && python run.py'")),
    Mistake("apt-get without network", "uses apt-get", True, command("sh -c 'apt-get update'")),
    Mistake("git without network", "uses git", True, command("git clone https://example.org/x.git")),
    Mistake("a secret in the command", "QARNOT_SECRET__", True, command("run --token abcdefgh-1234")),
    Mistake("a secret in a constant", "QARNOT_SECRET__HF_TOKEN", True, {**command(CLEAN), "HF_TOKEN": "abcdefgh"}),
    Mistake("a shell's pattern", r".*\.csv", False, arguments={"results_whitelist": "*.csv", "result_bucket": "out"}),
    Mistake(
        "half a shell's pattern", "out.*", True, arguments={"results_whitelist": "out*.csv", "result_bucket": "o-1"}
    ),
    Mistake("filters without a bucket", "No result_bucket", True, arguments={"results_whitelist": ".*png"}),
    Mistake(
        "instances that write one file",
        "write out.txt",
        True,
        command("sh -c 'date > out.txt'"),
        {"instance_count": 3, "result_bucket": "out"},
    ),
    Mistake(
        "a GiB too much memory",
        "is just above the 64,000",
        True,
        arguments={
            "hardware_constraints": [{"discriminator": "MinimumRamHardwareConstraint", "minimumMemoryMB": 65536}]
        },
    ),
    Mistake("too many cores", "No machine", False, arguments={"hardware_constraints": {"min_cores": 200}}),
    Mistake("a machine misspelt", "has no machine", False, arguments={"hardware_constraints": {"machine": "96c-521g"}}),
    Mistake("more instances than the quota", "more than the", True, arguments={"instance_count": 2000}),
    Mistake("no reservation", "no reservation", True, arguments={"scheduling_type": "Reserved"}),
    Mistake("a bucket that is not there", "no-such-bucket", False, arguments={"resource_buckets": ["no-such-bucket"]}),
    Mistake(
        "a dependency by an unknown shortname",
        "dependencies is 'nobody'",
        False,
        arguments={"job_uuid": POOL, "dependencies": ["nobody"]},
    ),
)
