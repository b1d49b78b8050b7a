"""The storage beside the API, as S3 in path style: finds the operation of a signed request. It does no I/O.

Buckets and objects belong to the account of the key that signed; nobody else sees them.
"""

from qarnot_mcp.sandbox.api import storage_listing, storage_objects
from qarnot_mcp.sandbox.api.routing import Response
from qarnot_mcp.sandbox.api.storage_signature import StorageRequest, verify
from qarnot_mcp.sandbox.platform.account import Account
from qarnot_mcp.sandbox.platform.platform import Platform
from qarnot_mcp.sandbox.platform.results import publish_results
from qarnot_mcp.sandbox.wire.errors import StorageError
from qarnot_mcp.sandbox.wire.formats import XML_TYPE

MAX_BODY_BYTES = 64 * 1024 * 1024
"""Bytes of one object or part that are read; a larger one has to come in parts."""


class Storage:
    """Answers requests to the storage from the accounts of a platform."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def respond(self, request: StorageRequest | None) -> Response:
        """Return the response to a request; None stands for one whose body was too large to read."""
        try:
            if request is None:
                message = f"A body has at most {MAX_BODY_BYTES} bytes: upload in parts"
                raise StorageError(400, "EntityTooLarge", message)
            return self._respond(request)
        except StorageError as error:
            resource = "" if request is None else request.path[:1024]
            return Response(error.status, error.document(resource), XML_TYPE)

    def _respond(self, request: StorageRequest) -> Response:
        timestamp = self._platform.timestamp()
        key = verify(request, self._platform.key_of_email, timestamp.clock_seconds)
        account = self._platform.account(self._platform.key_of_email(key) or "")
        account.settle(timestamp)
        publish_results(account.buckets, account.tasks.visible(timestamp), timestamp.now)
        if not request.bucket:
            if request.method != "GET":
                raise storage_objects.not_allowed()
            return storage_listing.list_buckets(account.buckets, account.email)
        if not request.key:
            return self._bucket(request, account, timestamp.now)
        return storage_objects.respond(request, account.buckets, timestamp.now)

    def _bucket(self, request: StorageRequest, account: Account, now: int) -> Response:
        buckets = account.buckets
        match request.method:
            case "PUT":
                buckets.create(request.bucket, now)
                return Response(200, content_type=XML_TYPE, headers={"location": f"/{request.bucket}"})
            case "DELETE":
                buckets.delete(request.bucket)
                return Response(204, content_type=XML_TYPE)
            case "HEAD":
                bucket = buckets.find(request.bucket)
                statistics = {"x-rgw-object-count": str(len(bucket)), "x-rgw-bytes-used": str(bucket.used_bytes)}
                return Response(200, content_type=XML_TYPE, headers=statistics)
            case "GET":
                return storage_listing.respond(request, buckets.find(request.bucket))
            case "POST" if "delete" in request.fields:
                return storage_objects.delete_many(request, buckets)
        raise storage_objects.not_allowed()
