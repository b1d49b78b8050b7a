"""Uploads in parts: begun, filled, completed or aborted."""

import html
import re

from qarnot_mcp.sandbox.api.routing import Response
from qarnot_mcp.sandbox.api.storage_objects import content_type_of, metadata_of
from qarnot_mcp.sandbox.api.storage_signature import StorageRequest
from qarnot_mcp.sandbox.platform.buckets import Buckets, Upload
from qarnot_mcp.sandbox.wire.storage_xml import XML_TYPE, Element, StorageError, xml_document

_NUMBER = re.compile(rb"<PartNumber>(\d{1,5})</PartNumber>")
_ETAG = re.compile(rb"<ETag>([^<]{1,100})</ETag>")


def respond(request: StorageRequest, buckets: Buckets, now: int) -> Response:
    """Return the response of one upload in parts."""
    upload_id = request.fields.get("uploadId", "")
    match request.method:
        case "POST" if "uploads" in request.fields:
            upload = Upload(request.key, content_type_of(request) or "binary/octet-stream", metadata_of(request))
            begun = buckets.begin(request.bucket, upload)
            elements: list[Element] = [("Bucket", request.bucket), ("Key", request.key), ("UploadId", begun)]
            return Response(200, xml_document("InitiateMultipartUploadResult", elements), XML_TYPE)
        case "PUT":
            number = request.fields.get("partNumber", "")
            is_number = number.isascii() and number.isdigit()
            etag = buckets.put_part(request.bucket, upload_id, int(number[:9]) if is_number else 0, request.body)
            return Response(200, content_type=XML_TYPE, headers={"etag": f'"{etag}"'})
        case "GET":
            return _list_parts(request, buckets, upload_id)
        case "POST":
            stored = buckets.complete(request.bucket, upload_id, _read_parts(request.body), now)
            elements = [("Bucket", request.bucket), ("Key", request.key), ("ETag", f'"{stored.etag}"')]
            return Response(200, xml_document("CompleteMultipartUploadResult", elements), XML_TYPE)
        case "DELETE":
            buckets.abort(request.bucket, upload_id)
            return Response(204, content_type=XML_TYPE)
    raise StorageError(405, "MethodNotAllowed", "The specified method is not allowed against this resource")


def _list_parts(request: StorageRequest, buckets: Buckets, upload_id: str) -> Response:
    upload = buckets.find_upload(request.bucket, upload_id)
    rows: list[Element] = [
        ("Part", [("PartNumber", number), ("Size", len(part)), ("ETag", f'"{upload.etags[number]}"')])
        for number, part in sorted(upload.parts.items())
    ]
    head: list[Element] = [("Bucket", request.bucket), ("Key", upload.key), ("UploadId", upload_id)]
    return Response(200, xml_document("ListPartsResult", [*head, ("IsTruncated", "false"), *rows]), XML_TYPE)


def _read_parts(body: bytes) -> list[tuple[int, str]]:
    parts = []
    for part in body.split(b"<Part>")[1:]:
        number, etag = _NUMBER.search(part), _ETAG.search(part)
        if number is None or etag is None:
            raise StorageError(400, "MalformedXML", "A part needs a number and an ETag")
        parts.append((int(number[1]), html.unescape(etag[1].decode(errors="replace")).strip('"')))
    return parts
