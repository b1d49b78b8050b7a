"""Objects of the storage: read whole or in part, written, copied and deleted."""

import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import unquote

from qarnot_mcp.sandbox.api.routing import Response
from qarnot_mcp.sandbox.api.storage_signature import StorageRequest
from qarnot_mcp.sandbox.platform.buckets import Buckets, StoredObject
from qarnot_mcp.sandbox.wire.formats import date_text
from qarnot_mcp.sandbox.wire.storage_xml import XML_TYPE, Element, StorageError, xml_document

MAX_DELETED = 1000
MAX_METADATA_CHARACTERS = 2048
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
_KEY = re.compile(rb"<Key>([^<]*)</Key>")
_LAST_DATE_SECONDS = 253402300799


def respond(request: StorageRequest, buckets: Buckets, now: int) -> Response:
    """Return the response of one object."""
    match request.method:
        case "GET" | "HEAD":
            return _read(request, buckets.find_object(request.bucket, request.key))
        case "PUT" if "x-amz-copy-source" in request.headers:
            return _copy(request, buckets, now)
        case "PUT":
            _check_conditions(request, _existing(request, buckets))
            stored = buckets.put(
                request.bucket, request.key, request.body, now, content_type_of(request), metadata_of(request)
            )
            return Response(200, content_type=XML_TYPE, headers={"etag": f'"{stored.etag}"'})
        case "DELETE":
            buckets.remove(request.bucket, request.key)
            return Response(204, content_type=XML_TYPE)
    raise StorageError(405, "MethodNotAllowed", "The specified method is not allowed against this resource")


def content_type_of(request: StorageRequest) -> str:
    """Return the content type that a new object is to have."""
    return request.headers.get("content-type", "")[:200]


def metadata_of(request: StorageRequest) -> dict[str, str]:
    """Return the metadata that a new object is to have, by the name of its header."""
    metadata = {name: value for name, value in request.headers.items() if name.startswith("x-amz-meta-")}
    if sum(len(name) + len(value) for name, value in metadata.items()) > MAX_METADATA_CHARACTERS:
        raise StorageError(400, "MetadataTooLarge", f"Metadata has at most {MAX_METADATA_CHARACTERS} characters")
    return metadata


def delete_many(request: StorageRequest, buckets: Buckets) -> Response:
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
    return Response(200, xml_document("DeleteResult", rows), XML_TYPE)


def _existing(request: StorageRequest, buckets: Buckets) -> StoredObject | None:
    return buckets.find(request.bucket).get(request.key)


def _read(request: StorageRequest, stored: StoredObject) -> Response:
    etag = f'"{stored.etag}"'
    modified = format_datetime(datetime.fromtimestamp(min(stored.modified, _LAST_DATE_SECONDS), UTC), usegmt=True)
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
    metadata: Mapping[str, str] = metadata_of(request) if is_replaced else source.metadata
    content_type = (content_type_of(request) if is_replaced else "") or source.content_type
    buckets.keep(request.bucket, request.key, StoredObject(source.content, source.etag, now, content_type, metadata))
    elements: list[Element] = [("ETag", f'"{source.etag}"'), ("LastModified", date_text(now).replace("Z", ".000Z"))]
    return Response(200, xml_document("CopyObjectResult", elements), XML_TYPE)
