"""The routes of profiles."""

from collections.abc import Mapping

from pydantic_core import to_json

from qarnot_mcp.sandbox.api.routing import RequestContext, Response, Routes
from qarnot_mcp.sandbox.platform.profiles import Profile
from qarnot_mcp.sandbox.wire.errors import api_error


def profile_routes(profiles: Mapping[str, Profile]) -> Routes:
    """Return the routes below `/profiles`."""
    names = to_json(list(profiles))
    documents = {name: to_json(profile.document()) for name, profile in profiles.items()}

    def get_profile(context: RequestContext) -> Response:
        document = documents.get(context.request.segments[1])
        if document is None:
            raise api_error(404, f"No such profile: {context.request.segments[1][:256]}")
        return Response(200, document)

    return {
        ("GET", "profiles"): lambda context: Response(200, names),
        ("GET", "profiles", "*"): get_profile,
    }
