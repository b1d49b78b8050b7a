"""The storage beside the API, as S3 in path style: signed requests to buckets, objects and uploads in parts.

Buckets and objects belong to the account of the key that signed; nobody else sees them. It does no I/O.
"""

import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import unquote

from qarnot_mcp.sandbox.api import storage_listing
from qarnot_mcp.sandbox.api.routing import Response, xml_response
from qarnot_mcp.sandbox.api.storage_signature import StorageRequest, verify
from qarnot_mcp.sandbox.platform.account import Account
from qarnot_mcp.sandbox.platform.buckets import Buckets, StoredObject, Upload
from qarnot_mcp.sandbox.platform.platform import Platform
from qarnot_mcp.sandbox.platform.results import publish_results
from qarnot_mcp.sandbox.wire.errors import StorageError
from qarnot_mcp.sandbox.wire.formats import LAST_DATE_SECONDS, XML_TYPE, Element, date_text, leading_digits

MAX_BODY_BYTES = 64 * 1024 * 1024
"""Bytes of one object or part that are read; a larger one has to come in parts."""
MAX_DELETED = 1000
MAX_METADATA_CHARACTERS = 2048
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
_KEY = re.compile(rb"<Key>([^<]*)</Key>")
_NUMBER = re.compile(rb"<PartNumber>(\d{1,5})</PartNumber>")
_ETAG = re.compile(rb"<ETag>([^<]{1,100})</ETag>")


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
                raise _not_allowed()
            return storage_listing.list_buckets(account.buckets, account.email)
        if not request.key:
            return _bucket(request, account, timestamp.now)
        return _object(request, account.buckets, timestamp.now)


def _bucket(request: StorageRequest, account: Account, now: int) -> Response:
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
            return _delete_many(request, buckets)
    raise _not_allowed()


def _object(request: StorageRequest, buckets: Buckets, now: int) -> Response:
    if "uploadId" in request.fields or "uploads" in request.fields:
        return _upload(request, buckets, now)
    match request.method:
        case "GET" | "HEAD":
            return _read(request, buckets.find_object(request.bucket, request.key))
        case "PUT" if "x-amz-copy-source" in request.headers:
            return _copy(request, buckets, now)
        case "PUT":
            _check_conditions(request, buckets.find(request.bucket).get(request.key))
            stored = buckets.put(
                request.bucket, request.key, request.body, now, _content_type(request), _metadata(request)
            )
            return Response(200, content_type=XML_TYPE, headers={"etag": f'"{stored.etag}"'})
        case "DELETE":
            buckets.remove(request.bucket, request.key)
            return Response(204, content_type=XML_TYPE)
    raise _not_allowed()


def _not_allowed() -> StorageError:
    return StorageError(405, "MethodNotAllowed", "The specified method is not allowed against this resource")


def _content_type(request: StorageRequest) -> str:
    return request.headers.get("content-type", "")[:200]


def _metadata(request: StorageRequest) -> dict[str, str]:
    metadata = {name: value for name, value in request.headers.items() if name.startswith("x-amz-meta-")}
    if sum(len(name) + len(value) for name, value in metadata.items()) > MAX_METADATA_CHARACTERS:
        raise StorageError(400, "MetadataTooLarge", f"Metadata has at most {MAX_METADATA_CHARACTERS} characters")
    return metadata


def _delete_many(request: StorageRequest, buckets: Buckets) -> Response:
    """Delete the objects that the body names; those that are not there count as deleted."""
    buckets.find(request.bucket)
    if not any(name in request.headers for name in ("content-md5", "x-amz-sdk-checksum-algorithm")):
        raise StorageError(400, "InvalidRequest", "Missing required header for this request: Content-MD5")
    keys = [html.unescape(key.decode(errors="replace")) for key in _KEY.findall(request.body)]
    if not 1 <= len(keys) <= MAX_DELETED:
        raise StorageError(400, "MalformedXML", f"1 to {MAX_DELETED} keys are possible")
    for key in keys:
        buckets.remove(request.bucket, key)
    rows: list[Element] = [("Deleted", [("Key", key)]) for key in keys]
    return xml_response("DeleteResult", rows)


def _read(request: StorageRequest, stored: StoredObject) -> Response:
    etag = f'"{stored.etag}"'
    modified = format_datetime(datetime.fromtimestamp(min(stored.modified, LAST_DATE_SECONDS), UTC), usegmt=True)
    headers = {"etag": etag, "last-modified": modified, "accept-ranges": "bytes", **stored.metadata}
    if request.headers.get("if-none-match") in (etag, stored.etag, "*"):
        return Response(304, b"", stored.content_type, headers)
    _check_conditions(request, stored)
    content_type = request.fields.get("response-content-type", stored.content_type)
    if disposition := request.fields.get("response-content-disposition"):
        headers["content-disposition"] = disposition[:500].replace("\r", " ").replace("\n", " ")
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    if asked is None or not (asked[1] or asked[2]):
        return Response(200, stored.content, content_type, headers)
    size = len(stored.content)
    start = int(asked[1]) if asked[1] else max(0, size - int(asked[2]))
    end = min(int(asked[2]) + 1, size) if asked[1] and asked[2] else size
    if start >= end:
        raise StorageError(416, "InvalidRange", "The requested range is not satisfiable")
    headers["content-range"] = f"bytes {start}-{end - 1}/{size}"
    return Response(206, stored.content[start:end], content_type, headers)


def _check_conditions(request: StorageRequest, stored: StoredObject | None) -> None:
    expected, unexpected = request.headers.get("if-match"), request.headers.get("if-none-match")
    is_other = stored is None or expected not in ("*", stored.etag, f'"{stored.etag}"')
    if (expected is not None and is_other) or (unexpected == "*" and stored is not None):
        raise StorageError(412, "PreconditionFailed", "At least one of the pre-conditions did not hold")


def _copy(request: StorageRequest, buckets: Buckets, now: int) -> Response:
    bucket, _, key = unquote(request.headers["x-amz-copy-source"]).lstrip("/").partition("/")
    source = buckets.find_object(bucket, key)
    is_replaced = request.headers.get("x-amz-metadata-directive") == "REPLACE"
    metadata: Mapping[str, str] = _metadata(request) if is_replaced else source.metadata
    content_type = (_content_type(request) if is_replaced else "") or source.content_type
    buckets.keep(request.bucket, request.key, StoredObject(source.content, source.etag, now, content_type, metadata))
    elements: list[Element] = [("ETag", f'"{source.etag}"'), ("LastModified", date_text(now).replace("Z", ".000Z"))]
    return xml_response("CopyObjectResult", elements)


def _upload(request: StorageRequest, buckets: Buckets, now: int) -> Response:
    upload_id = request.fields.get("uploadId", "")
    match request.method:
        case "POST" if "uploads" in request.fields:
            upload = Upload(request.key, _content_type(request) or "binary/octet-stream", _metadata(request))
            begun = buckets.begin(request.bucket, upload)
            elements: list[Element] = [("Bucket", request.bucket), ("Key", request.key), ("UploadId", begun)]
            return xml_response("InitiateMultipartUploadResult", elements)
        case "PUT":
            number = leading_digits(request.fields.get("partNumber", "")) or 0
            etag = buckets.put_part(request.bucket, upload_id, number, request.body)
            return Response(200, content_type=XML_TYPE, headers={"etag": f'"{etag}"'})
        case "GET":
            return _list_parts(request, buckets, upload_id)
        case "POST":
            stored = buckets.complete(request.bucket, upload_id, _read_parts(request.body), now)
            elements = [("Bucket", request.bucket), ("Key", request.key), ("ETag", f'"{stored.etag}"')]
            return xml_response("CompleteMultipartUploadResult", elements)
        case "DELETE":
            buckets.abort(request.bucket, upload_id)
            return Response(204, content_type=XML_TYPE)
    raise _not_allowed()


def _list_parts(request: StorageRequest, buckets: Buckets, upload_id: str) -> Response:
    upload = buckets.find_upload(request.bucket, upload_id)
    rows: list[Element] = [
        ("Part", [("PartNumber", number), ("Size", len(part)), ("ETag", f'"{upload.etags[number]}"')])
        for number, part in sorted(upload.parts.items())
    ]
    head: list[Element] = [("Bucket", request.bucket), ("Key", upload.key), ("UploadId", upload_id)]
    return xml_response("ListPartsResult", [*head, ("IsTruncated", "false"), *rows])


def _read_parts(body: bytes) -> list[tuple[int, str]]:
    parts = []
    for part in body.split(b"<Part>")[1:]:
        number, etag = _NUMBER.search(part), _ETAG.search(part)
        if number is None or etag is None:
            raise StorageError(400, "MalformedXML", "A part needs a number and an ETag")
        parts.append((int(number[1]), html.unescape(etag[1].decode(errors="replace")).strip('"')))
    return parts
