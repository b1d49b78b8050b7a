"""The key that a request brings in its headers."""

from collections.abc import Iterable

from pydantic import SecretStr

from qarnot_mcp.qarnot.errors import MalformedKey
from qarnot_mcp.qarnot.identifiers import check_key


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
