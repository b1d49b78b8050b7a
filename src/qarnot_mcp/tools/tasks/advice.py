"""Mistakes that the platform would tell minutes after a submit, told before it: errors where certain, else warnings."""

from collections.abc import Sequence

from qarnot_mcp.qarnot.account import User
from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.qarnot.profiles import Profile
from qarnot_mcp.qarnot.ranges import count_ranges
from qarnot_mcp.qarnot.tasks.models import TaskRequest
from qarnot_mcp.text.cleaning import one_line, shorten
from qarnot_mcp.text.masking import SECRET_PREFIX, mask_text
from qarnot_mcp.tools.checks import nearest
from qarnot_mcp.tools.docker_commands import in_shell, shell_syntax

NAMES_SHOWN = 10
NAME_CHARACTERS = 80
COMMAND_CHARACTERS = 300


def check_profile_known(name: str, known: Sequence[str], parameter: str = "profile") -> None:
    """Raise InvalidArgument where the account has no profile of this name, with the nearest names."""
    if name in known:
        return
    near = nearest(name, known)
    if near:
        hint = f"Did you mean {' or '.join(near)}?"
    else:
        more = ", ..." if len(known) > NAMES_SHOWN else ""
        hint = f"There are: {', '.join(known[:NAMES_SHOWN])}{more}."
    raise InvalidArgument(parameter, name, "the name of a profile of this account", f"{hint} list_profiles shows all.")


def advise(request: TaskRequest, profile: Profile | None, user: User | None) -> list[str]:
    """Answer what is probably not meant in a new task, as sentences; each is only a warning.

    `profile` is the one that the task names (none in a pool) and `user` the account, where they could be read.
    """
    constants = {constant.key: constant.value for constant in request.constants or ()}
    defaults = {constant.name: constant.value or "" for constant in profile.constants} if profile else {}
    return [
        *(_about_unknown_constants(list(constants), list(defaults), request.profile or "") if defaults else ()),
        *_about_command(constants.get("DOCKER_CMD", "")),
        *_about_image(constants, defaults),
        *_about_login(constants),
        *(_about_quotas(request, user) if user else ()),
    ]


def _about_unknown_constants(keys: Sequence[str], known: Sequence[str], profile: str) -> list[str]:
    unknown = [key for key in keys if key not in known and not key.upper().startswith(SECRET_PREFIX)]
    near = {key: found[0] for key in unknown if (found := nearest(key, known, most=1, likeness=0.8))}
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


def _about_quotas(request: TaskRequest, user: User) -> list[str]:
    warnings = []
    wanted = count_ranges(request.advanced_ranges) if request.advanced_ranges else request.instance_count or 1
    quota = user.max_instances
    if quota and wanted > quota:
        warnings.append(
            f"{wanted:,} instances are more than the {quota:,} that this account may run at a time: the others wait."
        )
    if user.max_task is not None and user.task_count is not None and user.task_count >= user.max_task > 0:
        warnings.append(
            f"The account holds {user.task_count:,} of {user.max_task:,} tasks, so Qarnot will refuse this one: "
            "delete finished tasks with delete_task first."
        )
    return warnings


def _name(text: str) -> str:
    return one_line(text, NAME_CHARACTERS)
