"""The tools that tell which profiles there are and what they take."""

from typing import Annotated

from fastmcp.tools.base import ToolResult
from pydantic import Field

from qarnot_mcp.qarnot.errors import NotFound
from qarnot_mcp.tools.answers import ProfileDetails, ProfileNames, answer
from qarnot_mcp.tools.checks import check_profile_name
from qarnot_mcp.tools.context import calling_client
from qarnot_mcp.tools.tasks.advice import check_profile_known


async def list_profiles() -> ToolResult:
    """List the names of the profiles that this Qarnot account may use for tasks (jobs).

    A profile says how a task runs: docker-batch runs a Docker image without network, docker-network with network,
    docker-nvidia-batch on a GPU; others wrap software such as Blender or OpenFOAM.
    """
    return answer(ProfileNames.of(await calling_client().profiles.names()))


async def get_profile(
    profile_name: Annotated[str, Field(description="A name from list_profiles, such as docker-batch.")],
) -> ToolResult:
    """Get one profile: the constants that configure it, with defaults and descriptions, and the licences it needs.

    Constants are what submit_task takes, such as DOCKER_REPO, DOCKER_TAG and DOCKER_CMD.
    """
    name, client = check_profile_name(profile_name), calling_client()
    try:
        profile = await client.profiles.get(name)
    except NotFound:
        check_profile_known(name, await client.profiles.names(), "profile_name")
        raise
    return answer(ProfileDetails.of(profile, name))
