"""The caller of a tool: the API client that runs with the caller's own key."""

import secrets
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field

from fastmcp.server.dependencies import get_context
from pydantic import SecretStr

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.http.transport import Transport


@dataclass(frozen=True)
class House:
    """What lives as long as the server: the way to the API, whose key a call uses, and whether it may not write."""

    transport: Transport
    key_of_call: Callable[[], SecretStr]
    read_only: Callable[[], bool]


@dataclass
class CallRecord:
    """One call from outside: the id that ties its log line, its errors and its requests to the API together."""

    request_id: str = field(default_factory=lambda: secrets.token_hex(6))
    clients: list[QarnotClient] = field(default_factory=list)

    @property
    def upstream_calls(self) -> int:
        """How many requests went to the API."""
        return sum(client.requests for client in self.clients)


current_call: ContextVar[CallRecord] = ContextVar("current_call")


def calling_client() -> QarnotClient:
    """Answers a client that runs with the key of the call that is being served.

    Raises `KeyProblem` where the call has no usable key.
    """
    house = current_house()
    record = current_call.get(None) or CallRecord()
    client = QarnotClient(
        house.transport, house.key_of_call(), read_only=house.read_only(), request_id=record.request_id
    )
    record.clients.append(client)
    return client


def calling_key() -> SecretStr:
    """Answers the key of the call that is being served; raises `KeyProblem` as `calling_client` does."""
    return current_house().key_of_call()


def current_house() -> House:
    """Answers what the server that serves this call keeps."""
    house: House = get_context().lifespan_context["house"]
    return house
