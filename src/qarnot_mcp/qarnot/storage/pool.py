"""The connections to the storage, one pool for all callers; the S3 library is loaded when a file is first asked for."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from qarnot_mcp.qarnot.errors import Busy, NoStorage, StorageUnavailable
from qarnot_mcp.qarnot.storage.refusals import error_for

if TYPE_CHECKING:
    from aiobotocore.session import AioSession

CALLS_IN_FLIGHT = 32
QUEUE_SECONDS = 10.0
CALL_SECONDS = 45.0
ATTEMPTS = 3


@dataclass(frozen=True)
class StorageCredentials:
    """Who a call is from: the account's e-mail address and the caller's key."""

    email: str
    key: SecretStr


_calling: ContextVar[StorageCredentials] = ContextVar("storage_credentials")
"""Whose call it is. There is no default: a request that nobody made is not signed."""


class StoragePool:
    """One S3 client for each address of a storage (there is one), shared by all callers and signed for each call."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._clients: dict[str, Any] = {}
        self._opening = asyncio.Lock()
        self._places = asyncio.Semaphore(CALLS_IN_FLIGHT)

    async def close(self) -> None:
        """Close all connections."""
        await self._stack.aclose()

    @asynccontextmanager
    async def call(
        self, address: str, credentials: StorageCredentials, bucket: str = "", path: str = ""
    ) -> AsyncIterator[Any]:
        """Open one call of bounded time and yield the S3 client, which signs with these credentials.

        Errors of the storage leave as those of `qarnot.errors`; `bucket` and `path` name what they are about.
        """
        try:
            async with asyncio.timeout(QUEUE_SECONDS):
                await self._places.acquire()
        except TimeoutError:
            raise Busy(CALLS_IN_FLIGHT, QUEUE_SECONDS) from None
        token = _calling.set(credentials)
        try:
            async with asyncio.timeout(CALL_SECONDS):
                yield await self._client(address)
        except TimeoutError:
            raise StorageUnavailable(f"it did not answer within {CALL_SECONDS:g} s") from None
        except Exception as error:
            if (known := error_for(error, bucket, path)) is not None:
                raise known from None
            raise
        finally:
            _calling.reset(token)
            self._places.release()

    async def _client(self, address: str) -> Any:
        async with self._opening:
            if address not in self._clients:
                session = await asyncio.to_thread(_load_session)
                from aiobotocore.config import AioConfig

                config = AioConfig(
                    signature_version="s3v4",
                    s3={"addressing_style": "path"},
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                    connect_timeout=5,
                    read_timeout=30,
                    max_pool_connections=CALLS_IN_FLIGHT,
                    retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
                )
                opened = session.create_client("s3", region_name="us-east-1", endpoint_url=address, config=config)
                self._clients[address] = await self._stack.enter_async_context(opened)
            return self._clients[address]


def _load_session() -> "AioSession":
    """Load the library and its model of S3, in a thread as this takes a good part of a second."""
    try:
        from aiobotocore.credentials import AioCredentials
        from aiobotocore.session import AioSession
        from botocore.credentials import ReadOnlyCredentials
    except ImportError:
        raise NoStorage("the package for it is not installed on this server: qarnot-mcp[storage]") from None
    for name in ("botocore", "aiobotocore"):
        logging.getLogger(name).setLevel(logging.WARNING)  # below that they log signed requests

    class CallingCredentials(AioCredentials):  # type: ignore[misc]
        """The credentials of whoever makes the call that is being signed."""

        async def get_frozen_credentials(self) -> ReadOnlyCredentials:
            calling = _calling.get()
            return ReadOnlyCredentials(calling.email, calling.key.get_secret_value(), None)

    class Session(AioSession):  # type: ignore[misc]
        """A session that looks for credentials nowhere else."""

        async def get_credentials(self) -> CallingCredentials:
            return CallingCredentials("per-call", "per-call")

    session = Session()
    session.set_config_variable("config_file", "/dev/null")
    session.set_config_variable("credentials_file", "/dev/null")
    loader = session.get_component("data_loader")
    loader.load_service_model("s3", "service-2")
    return session
