"""A task that is about to start, as the checks look at it, and what they find, in two grades.

A finding may be a mistake, or can surely not be meant.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from qarnot_mcp.qarnot.errors import QarnotError
from qarnot_mcp.qarnot.profiles import Profile
from qarnot_mcp.text.cleaning import shorten
from qarnot_mcp.text.masking import masked_line
from qarnot_mcp.tools.profile_usage import Usage, usage_of

MAX_FINDINGS = 12
FINDING_CHARACTERS = 420
REFUSED_SHOWN = 3
HUB = "docker.io"
NAME_CHARACTERS = 80


def shown(text: str) -> str:
    """Return a name as a finding shows it."""
    return masked_line(text, NAME_CHARACTERS)


@dataclass(frozen=True)
class Finding:
    """One sentence about a task that is about to start; one that refuses keeps it from starting."""

    text: str
    refuses: bool = False


class MistakenTask(QarnotError):  # noqa: N818 - as the others of the tree in qarnot/errors.py
    """A task that can surely not be meant; nothing was started."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        said = " ".join(shorten(finding.text, FINDING_CHARACTERS) for finding in findings[:REFUSED_SHOWN])
        super().__init__(
            f"Nothing was started, as this can hardly be meant. {said} If it is meant, call again with "
            "accept_warnings=true."
        )


def settle(findings: Sequence[Finding], *, accept_warnings: bool = False) -> list[str]:
    """Return the findings as warnings; raise `MistakenTask` for those that refuse, unless all are accepted."""
    refusals = [finding for finding in findings if finding.refuses]
    if refusals and not accept_warnings:
        raise MistakenTask(refusals)
    return list(dict.fromkeys(shorten(finding.text, FINDING_CHARACTERS) for finding in findings))[:MAX_FINDINGS]


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
