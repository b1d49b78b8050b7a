"""Likely mistakes in a new task, found before the platform would report them minutes after the submit."""

from collections.abc import Sequence

from qarnot_mcp.qarnot.account import User
from qarnot_mcp.qarnot.profiles import Profile
from qarnot_mcp.text.cleaning import shorten
from qarnot_mcp.text.masking import SECRET_PREFIX, mask_text, masked_line
from qarnot_mcp.tools.checks import closest_matches
from qarnot_mcp.tools.docker_commands import in_shell, shell_syntax
from qarnot_mcp.tools.tasks.new_task import NewTask

NAMES_SHOWN = 10
NAME_CHARACTERS = 80
COMMAND_CHARACTERS = 300


def advise(new_task: NewTask, profile: Profile | None, user: User | None) -> list[str]:
    """Return warnings about likely mistakes in a new task.

    `profile` is the one that the task names (None in a pool) and `user` the account, if they could be read.
    """
    constants = {constant.key: constant.value for constant in new_task.constants or ()}
    defaults = {constant.name: constant.value or "" for constant in profile.constants} if profile else {}
    return [
        *(_about_unknown_constants(list(constants), list(defaults), new_task.profile or "") if defaults else ()),
        *_about_command(constants.get("DOCKER_CMD", "")),
        *_about_image(constants, defaults),
        *_about_login(constants),
        *(_about_quotas(new_task, user) if user else ()),
    ]


def _about_unknown_constants(keys: Sequence[str], known: Sequence[str], profile: str) -> list[str]:
    unknown = [key for key in keys if key not in known and not key.upper().startswith(SECRET_PREFIX)]
    near = {key: found[0] for key in unknown if (found := closest_matches(key, known, most=1, cutoff=0.8))}
    warnings = [f"{_name(key)} is no constant of {profile}; did you mean {name}?" for key, name in near.items()]
    others = [_name(key) for key in unknown if key not in near]
    if others:
        more = f" and {len(others) - NAMES_SHOWN} more" if len(others) > NAMES_SHOWN else ""
        names = ", ".join(others[:NAMES_SHOWN]) + more
        warnings.append(f"{profile} does not use {names}: the task only sees environment variables of that name.")
    return warnings


def _about_command(command: str) -> list[str]:
    syntax = shell_syntax(command)
    if not syntax:
        return []
    better = shorten(mask_text(in_shell(command)), COMMAND_CHARACTERS)
    return [f"DOCKER_CMD has {syntax} outside a shell, where it means nothing; if a shell is meant: {better}"]


def _about_image(constants: dict[str, str], defaults: dict[str, str]) -> list[str]:
    image = constants.get("DOCKER_REPO", "").strip()
    tag = constants.get("DOCKER_TAG", defaults.get("DOCKER_TAG", "latest")).strip()
    registry = constants.get("DOCKER_SRV", defaults.get("DOCKER_SRV", "")).strip()
    warnings = []
    host, slash, path = image.partition("/")
    if slash and ("." in host or ":" in host):
        image = path
        warnings.append(f"DOCKER_REPO names a registry: set DOCKER_SRV to https://{_name(host)} and keep the rest.")
        registry = host
    image, colon, tag_in_image = image.partition(":")
    if colon:
        warnings.append(f"DOCKER_REPO holds a tag: set DOCKER_TAG to {_name(tag_in_image)} and keep the rest.")
        tag = tag_in_image
    if image and "/" not in image and (not registry or "docker.io" in registry):
        warnings.append(f"Official images need library/ before the name: DOCKER_REPO library/{_name(image)}.")
    if image and tag in ("", "latest"):
        warnings.append(f"The tag of {_name(image)} is latest, which changes with time: a DOCKER_TAG pins it.")
    return warnings


def _about_login(constants: dict[str, str]) -> list[str]:
    has_login = bool(constants.get("DOCKER_REGISTRY_LOGIN"))
    has_password = bool(constants.get("DOCKER_REGISTRY_PASSWORD"))
    if has_login == has_password:
        return []
    missing = "DOCKER_REGISTRY_PASSWORD" if has_login else "DOCKER_REGISTRY_LOGIN"
    return [f"{missing} is missing: the registry needs both, login and password."]


def _about_quotas(new_task: NewTask, user: User) -> list[str]:
    warnings = []
    quota = user.max_instances
    if quota and new_task.wanted_instances > quota:
        warnings.append(
            f"{new_task.wanted_instances:,} instances are more than the {quota:,} that this account may run at a time: "
            "the others wait."
        )
    if user.max_task is not None and user.task_count is not None and user.task_count >= user.max_task > 0:
        warnings.append(
            f"The account holds {user.task_count:,} of {user.max_task:,} tasks, so Qarnot will refuse this one: "
            "delete finished tasks with delete_task first."
        )
    return warnings


def _name(text: str) -> str:
    return masked_line(text, NAME_CHARACTERS)
