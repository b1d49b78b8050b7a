"""The call being served: its client, its key and its id; and where this connection finds jobs and pools."""

import secrets
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Protocol

from fastmcp.server.dependencies import get_context
from pydantic import SecretStr

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import NotFound, QarnotError
from qarnot_mcp.qarnot.http.transport import Transport
from qarnot_mcp.qarnot.platform import CONSOLE
from qarnot_mcp.qarnot.storage.pool import StoragePool
from qarnot_mcp.text.known_secrets import known_secrets
from qarnot_mcp.tools.limits import NO_LIMITS, SubmitLimits
from qarnot_mcp.tools.polls import Polls


class FilesLink(Protocol):
    """Makes a link to the files page, for the files of a bucket whose paths begin with a prefix."""

    async def __call__(self, key: SecretStr, bucket: str, prefix: str, seconds: int, *, may_write: bool) -> str:
        """Return the link, which works for `seconds` and with the rights of the key."""


@dataclass(frozen=True)
class ServerContext:
    """What lives as long as the server: the transport, whose key a call uses, whether it may not write, its waits.

    `files_link` is None where the server has no files page; `shows` tells whether the connection being served shows a
    tool.
    """

    transport: Transport
    resolve_key: Callable[[], SecretStr]
    read_only: Callable[[], bool]
    max_wait_seconds: float
    storage: StoragePool = field(default_factory=StoragePool)
    polls: Polls = field(default_factory=Polls)
    limits: SubmitLimits = NO_LIMITS
    files_link: FilesLink | None = None
    shows: Callable[[str], bool] = field(default=lambda tool: False)


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


def current_client() -> QarnotClient:
    """Return a client that runs with the key of the call being served.

    Raises `KeyProblem` if the call has no usable key.
    """
    context = current_context()
    record = current_call.get(None) or CallRecord()
    client = QarnotClient(
        context.transport,
        current_key(),
        read_only=context.read_only(),
        request_id=record.request_id,
        storage=context.storage,
    )
    record.clients.append(client)
    return client


def current_key() -> SecretStr:
    """Return the key of the call being served; raises `KeyProblem` as `current_client` does."""
    key = current_context().resolve_key()
    known_secrets().learn([key.get_secret_value()])
    return key


def current_context() -> ServerContext:
    """Return what the server that serves this call keeps."""
    context: ServerContext = get_context().lifespan_context["context"]
    return context


def where_listed(noun: str) -> str:
    """Say where jobs or pools are found; `noun` is `job` or `pool`."""
    tool = f"list_{noun}s"
    return f"{tool} shows the {noun}s." if current_context().shows(tool) else f"{_in_console(noun)}."


def message_here(error: QarnotError) -> str:
    """Return the message of an error, with the tool that lists what was not found where this connection shows it.

    The errors of the API's client know of no connection, and name the console.
    """
    message = str(error)
    if isinstance(error, NotFound) and (elsewhere := _in_console(error.kind)) in message:
        return message.replace(elsewhere, where_listed(error.kind).rstrip("."))
    return message


def _in_console(noun: str) -> str:
    return f"People find the {noun}s at {CONSOLE}"
