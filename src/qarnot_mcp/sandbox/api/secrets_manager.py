"""The routes of the secrets manager."""

from qarnot_mcp.sandbox.api.routing import RequestContext, Response, Routes, json_response
from qarnot_mcp.sandbox.wire.errors import bad_body, bad_secret

_MAX_SECRETS = 1000
_MAX_SECRET_LENGTH = 20_000


def secrets_manager_routes() -> Routes:
    """Return the routes below `/secrets-manager`; the name of a secret is one segment, slashes included."""
    return {
        ("GET", "secrets-manager", "data", "*"): _get_secret,
        ("PUT", "secrets-manager", "data", "*"): _create_secret,
        ("PATCH", "secrets-manager", "data", "*"): _update_secret,
        ("DELETE", "secrets-manager", "data", "*"): _delete_secret,
        ("GET", "secrets-manager", "search"): _search_secrets,
        ("GET", "secrets-manager", "search", "*"): _search_secrets,
    }


def _known_name(context: RequestContext) -> str:
    name = context.request.segments[2]
    if name not in context.account.secrets:
        raise bad_secret(404, f"Secret {name[:256]} doesn't exist")
    return name


def _value(context: RequestContext) -> str:
    value = context.body().text("value", _MAX_SECRET_LENGTH)
    if value is None:
        raise bad_body("value", "The value of the secret is missing.")
    return value


def _get_secret(context: RequestContext) -> Response:
    return json_response({"value": context.account.secrets[_known_name(context)]})


def _create_secret(context: RequestContext) -> Response:
    name, value = context.request.segments[2], _value(context)
    if name in context.account.secrets:
        raise bad_secret(409, f"Secret {name[:256]} already exists")
    if len(context.account.secrets) >= _MAX_SECRETS or len(name) > 256:
        raise bad_secret(400, "Too many secrets, or too long a name")
    context.account.secrets[name] = value
    return Response(201)


def _update_secret(context: RequestContext) -> Response:
    context.account.secrets[_known_name(context)] = _value(context)
    return Response(204)


def _delete_secret(context: RequestContext) -> Response:
    del context.account.secrets[_known_name(context)]
    return Response(204)


def _search_secrets(context: RequestContext) -> Response:
    folder = context.request.segments[2] if len(context.request.segments) > 2 else ""
    folder = f"{folder}/" if folder else ""
    below = [name.removeprefix(folder) for name in context.account.secrets if name.startswith(folder)]
    keys = {f"{name.partition('/')[0]}/" if "/" in name else name for name in below}
    return json_response({"keys": sorted(keys)})
