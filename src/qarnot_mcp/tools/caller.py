"""The caller of a tool: the API client that runs with the caller's own key."""

from collections.abc import Callable
from dataclasses import dataclass

from fastmcp.server.dependencies import get_context
from pydantic import SecretStr

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.transport import Transport


@dataclass(frozen=True)
class House:
    """What lives as long as the server: the way to the API, and whose key a call uses."""

    transport: Transport
    key_of_call: Callable[[], SecretStr]
    read_only: bool


def calling_client() -> QarnotClient:
    """Answers a client that runs with the key of the call that is being served.

    Raises `KeyProblem` where the call has no usable key.
    """
    context = get_context()
    house: House = context.lifespan_context["house"]
    return QarnotClient(house.transport, house.key_of_call(), read_only=house.read_only, request_id=context.request_id)
