"""Who calls: the Qarnot API key of the MCP request that is being served."""

from fastmcp.server.auth import AccessToken
from fastmcp.server.dependencies import get_access_token, get_http_request
from pydantic import SecretStr

from qarnot_mcp.auth.headers import key_of_request
from qarnot_mcp.auth.mode import Mode
from qarnot_mcp.qarnot.errors import NoKey

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


def _headers() -> list[tuple[str, str]]:
    """Return the headers with all repetitions; an empty list outside HTTP."""
    try:
        return get_http_request().headers.items()
    except RuntimeError:
        return []
