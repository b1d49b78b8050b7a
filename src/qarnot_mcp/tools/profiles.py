"""The tools that tell which profiles there are and what they take, and the check of a profile's name."""

from collections.abc import Sequence
from typing import Self

from pydantic import Field

from qarnot_mcp.qarnot.errors import InvalidArgument, NotFound
from qarnot_mcp.qarnot.profiles import Profile
from qarnot_mcp.text.cleaning import one_line
from qarnot_mcp.tools.answers import VALUE_CHARACTERS, Result, plain_name, truncate_to_budget
from qarnot_mcp.tools.checks import Arguments, NoArguments, ProfileName, closest_matches
from qarnot_mcp.tools.context import current_client
from qarnot_mcp.tools.profile_usage import Usage, is_self_reference, usage_of

NAMES_SHOWN = 10
LICENCES_SHOWN = 20


class GetProfile(Arguments):
    """The arguments of get_profile."""

    profile_name: ProfileName = Field(description="A name from list_profiles, such as docker-batch.")


class ProfileNames(Result):
    """The profiles that this account may use."""

    profiles: list[str]
    hint: str | None = None

    @classmethod
    def of(cls, names: Sequence[str]) -> Self:
        """Shape the names, as many as fit into a result."""
        shown, hint = truncate_to_budget([plain_name(name) for name in names], "profiles")
        return cls(profiles=shown, hint=hint)


class ProfileConstantRow(Result):
    """A constant of a profile with its default."""

    name: str
    value: str | None = None
    description: str | None = None


class LicenceRow(Result):
    """A licence that a profile needs."""

    name: str
    max_instances: int | None = None
    max_cores: int | None = None


class ProfileDetails(Result):
    """A profile with its constants."""

    name: str
    constants: list[ProfileConstantRow]
    licences: list[LicenceRow] | None = None
    usage: Usage | None = Field(None, description="What the constants mean in use, where that is known.")
    hint: str | None = None

    @classmethod
    def of(cls, profile: Profile, asked_for: str) -> Self:
        """Shape one profile; the API may leave its name out."""
        rows = [
            ProfileConstantRow(
                name=plain_name(constant.name),
                value=one_line(constant.value, VALUE_CHARACTERS)
                if constant.value and not is_self_reference(constant.name, constant.value)
                else None,
                description=one_line(constant.description, VALUE_CHARACTERS) if constant.description else None,
            )
            for constant in profile.constants
        ]
        constants, hint = truncate_to_budget(rows, "constants")
        licences = [
            LicenceRow(name=plain_name(licence.name), max_instances=licence.max_instances, max_cores=licence.max_cores)
            for licence in profile.licenses[:LICENCES_SHOWN]
        ]
        name = plain_name(profile.name or asked_for)
        usage = usage_of(profile if profile.name else profile.model_copy(update={"name": asked_for}))
        return cls(name=name, constants=constants, licences=licences or None, usage=usage, hint=hint)


async def list_profiles(_: NoArguments) -> ProfileNames:
    """List the names of the profiles that this Qarnot account may use for tasks (jobs).

    A profile says how a task runs: docker-batch runs a Docker image without network, docker-network with network,
    docker-nvidia-batch on a GPU; others wrap software such as Blender or OpenFOAM.
    """
    return ProfileNames.of(await current_client().profiles.names())


async def get_profile(arguments: GetProfile) -> ProfileDetails:
    """Get one profile: the constants that configure it, with defaults and descriptions, and the licences it needs.

    Constants are what submit_task takes, such as DOCKER_REPO, DOCKER_TAG and DOCKER_CMD. Of well-known profiles usage
    says what to set, what an instance does, and where files lie.
    """
    name, client = arguments.profile_name, current_client()
    try:
        profile = await client.profiles.get(name)
    except NotFound:
        check_profile_known(name, await client.profiles.names(), "profile_name")
        raise
    return ProfileDetails.of(profile, name)


def check_profile_known(name: str, known: Sequence[str], parameter: str = "profile") -> None:
    """Raise `InvalidArgument` with the closest names if the account has no profile of this name."""
    if name in known:
        return
    near = closest_matches(name, known)
    if near:
        hint = f"Did you mean {' or '.join(near)}?"
    else:
        more = ", ..." if len(known) > NAMES_SHOWN else ""
        hint = f"There are: {', '.join(known[:NAMES_SHOWN])}{more}."
    raise InvalidArgument(parameter, name, "the name of a profile of this account", f"{hint} list_profiles shows all.")
