"""A task that is about to start, as the checks look at it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from qarnot_mcp.qarnot.profiles import Profile
from qarnot_mcp.tools.profile_usage import Usage, usage_of

HUB = "docker.io"


@dataclass(frozen=True)
class TaskRequest:
    """What a submit asks for, with what the account and the profile add to it.

    `profile` is the one that the task will run with, a pool's or a job's too; None where it could not be read.
    """

    profile_name: str | None = None
    profile: Profile | None = None
    constants: Mapping[str, str] = field(default_factory=dict)
    instance_count: int = 1
    scheduling_type: str = "Flex"
    hardware_constraints: Sequence[Mapping[str, Any]] = ()
    resource_buckets: Sequence[str] = ()
    result_bucket: str | None = None
    results_whitelist: str | None = None
    results_blacklist: str | None = None

    @cached_property
    def defaults(self) -> dict[str, str]:
        """The constants of the profile with their values; empty where it is not known."""
        return {constant.name: constant.value or "" for constant in self.profile.constants} if self.profile else {}

    @cached_property
    def usage(self) -> Usage | None:
        """What is known about using the profile."""
        return usage_of(self.profile) if self.profile else None

    def constant(self, key: str) -> str:
        """Return the value that the task sees, without blanks at its ends."""
        return self.constants.get(key, self.defaults.get(key, "")).strip()

    @property
    def image(self) -> str | None:
        """The image and its tag, with the registry where it is not the Docker Hub."""
        repository = self.constant("DOCKER_REPO")
        if not repository:
            return None
        registry = self.constant("DOCKER_SRV").removeprefix("https://").removeprefix("http://").rstrip("/")
        place = "" if not registry or HUB in registry else f"{registry}/"
        return f"{place}{repository}:{self.constant('DOCKER_TAG') or 'latest'}"

    @property
    def command(self) -> str | None:
        """The command, where the profile has one constant for it."""
        keys = [key for key in {**self.defaults, **self.constants} if key.endswith("_CMD") and self.constant(key)]
        if "DOCKER_CMD" in keys:
            return self.constant("DOCKER_CMD")
        return self.constant(keys[0]) if len(keys) == 1 else None
