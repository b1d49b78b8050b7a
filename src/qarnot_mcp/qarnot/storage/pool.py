"""The connections to the storage, one pool for all callers; the S3 library is loaded when a file is first asked for."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from qarnot_mcp.qarnot import errors
from qarnot_mcp.qarnot.http.callers import Places

if TYPE_CHECKING:
    from aiobotocore.session import AioSession

CALLS_IN_FLIGHT = 32
TRANSFERS_IN_FLIGHT = 48
QUEUE_SECONDS = 10.0
CALL_SECONDS = 45.0
SILENCE_SECONDS = 30
ATTEMPTS = 3
_BY_STATUS = {"404": "NoSuchKey", "403": "AccessDenied", "301": "NoSuchBucket"}
"""What a status means where there is no body that says it, as with HEAD."""


@dataclass(frozen=True)
class StorageCredentials:
    """Who a call is from: the account's e-mail address and the caller's key."""

    email: str
    key: SecretStr


_calling: ContextVar[StorageCredentials] = ContextVar("storage_credentials")
"""Whose call it is. There is no default: a request that nobody made is not signed."""


class StoragePool:
    """The S3 clients of each address of a storage (there is one), shared by all callers and signed for each call.

    One is for calls of bounded time. The other is for transfers: they take as long as the file is large, have places of
    their own, are sent as they come and therefore once, and their bodies are not signed.
    """

    def __init__(self, *, is_retrying: bool = True) -> None:
        self._attempts = ATTEMPTS if is_retrying else 1
        self._stack = AsyncExitStack()
        self._clients: dict[tuple[str, bool], Any] = {}
        self._opening = asyncio.Lock()
        self._places = Places(CALLS_IN_FLIGHT, QUEUE_SECONDS)
        self._transfers = Places(TRANSFERS_IN_FLIGHT, QUEUE_SECONDS)

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
        async with self._places.hold(credentials.email), _errors_about(bucket, path):
            try:
                async with asyncio.timeout(CALL_SECONDS):
                    s3 = await self._client(address, is_for_transfers=False)
                    with _signed_by(credentials):
                        yield s3
            except TimeoutError:
                raise errors.StorageUnavailable(f"it did not answer within {CALL_SECONDS:g} s") from None

    @asynccontextmanager
    async def transfer(
        self, address: str, credentials: StorageCredentials, bucket: str, path: str
    ) -> AsyncIterator[Callable[..., Awaitable[Any]]]:
        """Open one transfer and yield what calls an operation of S3 by its name, as `call` does but for the time.

        Only a silence of the storage ends it. What is read of a response afterwards belongs into this context.
        """

        async def send(operation: str, **arguments: Any) -> Any:
            s3 = await self._client(address, is_for_transfers=True)
            with _signed_by(credentials):
                return await getattr(s3, operation)(**arguments)

        async with self._transfers.hold(credentials.email), _errors_about(bucket, path):
            yield send

    async def _client(self, address: str, *, is_for_transfers: bool) -> Any:
        async with self._opening:
            if (known := (address, is_for_transfers)) not in self._clients:
                session = await asyncio.to_thread(_load_session)
                from aiobotocore.config import AioConfig

                from qarnot_mcp.qarnot.storage.bounded import BoundedSession

                config = AioConfig(
                    signature_version="s3v4",
                    s3={
                        "addressing_style": "path",
                        # A body that is sent as it comes has no hash yet.
                        **({"payload_signing_enabled": False} if is_for_transfers else {}),
                    },
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                    connect_timeout=5,
                    read_timeout=SILENCE_SECONDS,
                    max_pool_connections=TRANSFERS_IN_FLIGHT if is_for_transfers else CALLS_IN_FLIGHT,
                    http_session_cls=BoundedSession,
                    retries={"total_max_attempts": 1 if is_for_transfers else self._attempts, "mode": "standard"},
                )
                opened = session.create_client("s3", region_name="us-east-1", endpoint_url=address, config=config)
                self._clients[known] = await self._stack.enter_async_context(opened)
            return self._clients[known]


@contextmanager
def _signed_by(credentials: StorageCredentials) -> Iterator[None]:
    token = _calling.set(credentials)
    try:
        yield
    finally:
        _calling.reset(token)


@asynccontextmanager
async def _errors_about(bucket: str, path: str) -> AsyncIterator[None]:
    try:
        yield
    except Exception as error:
        if (known := _error_for(error, bucket, path)) is not None:
            raise known from None
        raise


def _error_for(error: Exception, bucket: str, path: str) -> errors.QarnotError | None:
    """Return the error that an exception of the S3 library stands for; None where it is another kind of exception."""
    module = type(error).__module__
    if module.startswith("aiohttp") or isinstance(error, ConnectionError):
        return errors.StorageUnavailable("the connection broke")
    if isinstance(error, ValueError | OverflowError) and not isinstance(error, errors.QarnotError):
        return errors.UnreadableResponse("the storage sent a number or a date that is none")
    if not module.startswith(("botocore", "aiobotocore")):
        return None
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return errors.StorageUnavailable("it cannot be reached, or the connection broke")
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)
    said = response.get("Error", {})
    code = _BY_STATUS.get(str(said.get("Code")), str(said.get("Code")))
    if status >= 500 or code in ("SlowDown", "RequestTimeout"):
        return errors.StorageUnavailable(f"it failed with status {status}")
    if code == "NoSuchBucket" or (code == "NoSuchKey" and not path):
        return errors.NotFound("bucket", bucket)
    if code == "NoSuchUpload":
        return errors.NotFound("upload", path)
    if code == "NoSuchKey":
        return errors.NotFound("file", f"{bucket}/{path}")
    return errors.StorageRefused(code, bucket, str(said.get("Message") or ""))


def _load_session() -> "AioSession":
    """Load the library and its model of S3, in a thread as this takes a good part of a second."""
    try:
        from aiobotocore.credentials import AioCredentials
        from aiobotocore.session import AioSession
        from botocore.credentials import ReadOnlyCredentials
    except ImportError:
        raise errors.NoStorage("the package for it is not installed on this server: qarnot-mcp[storage]") from None
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
    session.register_component("data_loader", _load_models())
    return session


@cache
def _load_models() -> Any:
    """Return what the library knows of S3, which all sessions of this process share."""
    from botocore.loaders import create_loader

    loader = create_loader()
    loader.load_service_model("s3", "service-2")
    return loader
