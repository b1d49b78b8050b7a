"""Profiles: how tasks run, with which constants and under which licences."""

from pydantic import ConfigDict, Field

from qarnot_mcp.qarnot.errors import UnreadableResponse
from qarnot_mcp.qarnot.fields import MAX_ENTRIES, OptionalCount, OptionalText, Record, Records, Text
from qarnot_mcp.qarnot.http.responses import Resource
from qarnot_mcp.qarnot.http.session import NounClient
from qarnot_mcp.qarnot.identifiers import profile_path


class ProfileConstant(Record):
    """A constant that a profile takes, with its default."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    name: Text = ""
    value: OptionalText = None
    description: OptionalText = None


class License(Record):
    """A software licence of a profile, and how much may run with it at a time."""

    name: Text = ""
    max_instances: OptionalCount = None
    max_cores: OptionalCount = None


class Profile(Record):
    """How tasks run: a name and the constants that configure it."""

    name: Text = ""
    constants: Records[ProfileConstant]
    licenses: Records[License] = Field(default_factory=list)


class ProfilesClient(NounClient):
    """Calls about the profiles that the caller's key may use."""

    async def names(self) -> list[str]:
        """Return the names of the profiles (`GET /profiles`)."""
        return await self._session.get(
            "/profiles", Resource("endpoint", "profiles"), "the list of profiles", _read_names
        )

    async def get(self, name: str, *, cached: bool = False) -> Profile:
        """Return one profile (`GET /profiles/{name}`); with `cached` it may be up to a minute old.

        Raises `NotFound` where the key may not use a profile of that name.
        """
        path = profile_path(name)
        if cached and (kept := self._session.cached(path, Profile)):
            return kept
        profile = await self._session.get(path, Resource("profile", name), "the profile", Profile.read)
        # The API may leave the name out.
        profile = profile if profile.name else profile.model_copy(update={"name": name})
        return self._session.cache(path, profile)


def _read_names(document: object) -> list[str]:
    if not isinstance(document, list) or not all(isinstance(name, str) for name in document):
        raise UnreadableResponse("the list of profiles is not a list of names")
    return document[:MAX_ENTRIES]
