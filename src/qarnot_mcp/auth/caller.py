"""Who calls: the Qarnot API key of the MCP request that is being served."""

from collections.abc import Iterable

from fastmcp.server.auth import AccessToken
from fastmcp.server.dependencies import get_access_token, get_http_request
from pydantic import SecretStr

from qarnot_mcp.auth.mode import Mode
from qarnot_mcp.qarnot.errors import MalformedKey, NoKey
from qarnot_mcp.qarnot.identifiers import check_key

THREE_WAYS = (
    "There are three ways to give one: the header `Authorization: Bearer <key>`, the header `X-Api-Key: <key>`, or "
    "QARNOT_API_KEY where the server runs."
)
SIGN_IN = "Sign in again: in your MCP client, disconnect and reconnect this server."


class CallerToken(AccessToken):
    """The access token of the current request, with the Qarnot API key that it stands for.

    `token` holds a digest: nothing that is printed or logged can be used to call.
    """

    key: SecretStr
    session_id: str


def resolve_key(mode: Mode, server_key: SecretStr | None) -> SecretStr:
    """Return the key of the current call.

    In mode `key` that is the request's own or else the server's; in mode `oauth` the one the caller signed in with, and
    never another. Raises `NoKey` if there is none, `MalformedKey` for a header that is there but holds no key.
    """
    if mode == "oauth":
        token = get_access_token()
        if not isinstance(token, CallerToken):
            raise NoKey(SIGN_IN)
        return token.key
    key = key_of_request(_headers()) or server_key
    if key is None:
        raise NoKey(THREE_WAYS)
    return key


def key_of_request(headers: Iterable[tuple[str, str]]) -> SecretStr | None:
    """Return the key of `Authorization: Bearer <key>`, `Authorization: <key>` or `X-Api-Key: <key>`; None without any.

    Raises `MalformedKey` for a header that is there but holds no key, and for headers that hold different keys: a
    caller who tried to bring a key must never get the server's.
    """
    keys: list[SecretStr] = []
    for name, value in headers:
        if name.lower() == "authorization":
            keys.append(_key_of_authorization(value.strip()))
        elif name.lower() == "x-api-key":
            keys.append(check_key(value.strip()))
    if any(key != keys[0] for key in keys):
        raise MalformedKey("its headers hold different keys")
    return keys[0] if keys else None


def _key_of_authorization(value: str) -> SecretStr:
    scheme, space, rest = value.partition(" ")
    if scheme.lower() == "bearer":
        return check_key(rest.strip())
    if space:
        raise MalformedKey("its Authorization header is neither `Bearer <key>` nor the key alone")
    return check_key(value)


def _headers() -> list[tuple[str, str]]:
    """Return the headers with all repetitions; an empty list outside HTTP."""
    try:
        return get_http_request().headers.items()
    except RuntimeError:
        return []
