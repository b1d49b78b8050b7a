"""Lists of the storage: buckets, objects (both versions of the list), versions of objects, and open uploads."""

import base64
import binascii
from collections.abc import Callable
from urllib.parse import quote

from qarnot_mcp.sandbox.api.routing import Response, xml_response
from qarnot_mcp.sandbox.api.storage_signature import StorageRequest
from qarnot_mcp.sandbox.platform.buckets import Bucket, Buckets, StoredObject
from qarnot_mcp.sandbox.wire.errors import StorageError
from qarnot_mcp.sandbox.wire.formats import Element, date_text, leading_digits

MAX_KEYS = 1000
_LAST_CHARACTER = "\U0010ffff"


def _cut_page(
    bucket: Bucket, prefix: str, delimiter: str, after: str, limit: int
) -> tuple[list[str], list[str], str | None]:
    """Return the keys after a key, those with the delimiter behind the prefix folded into folders, and the last of all.

    The last is None where no other page follows.
    """
    keys: list[str] = []
    folders: list[str] = []
    position = f"{after}{_LAST_CHARACTER}" if delimiter and after.endswith(delimiter) else after
    last = after
    while len(keys) + len(folders) < limit:
        key = next(bucket.keys(prefix, position), None)
        if key is None:
            return keys, folders, None
        head, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
        if found:
            last = f"{prefix}{head}{delimiter}"
            folders.append(last)
            position = f"{last}{_LAST_CHARACTER}"
        else:
            keys.append(key)
            last = position = key
    has_more = next(bucket.keys(prefix, position), None) is not None
    return keys, folders, last if has_more else None


def list_buckets(buckets: Buckets, email: str) -> Response:
    """Return the buckets of an account."""
    owner: Element = ("Owner", [("ID", email), ("DisplayName", email)])
    rows: list[Element] = [
        ("Bucket", [("Name", bucket.name), ("CreationDate", date_text(bucket.created))]) for bucket in buckets
    ]
    return xml_response("ListAllMyBucketsResult", [owner, ("Buckets", rows)])


def respond(request: StorageRequest, bucket: Bucket) -> Response:
    """Return a list of a bucket, or one of its few settings."""
    fields = request.fields
    if "versioning" in fields:
        return xml_response("VersioningConfiguration", [])
    if "location" in fields:
        return xml_response("LocationConstraint", [])
    if "uploads" in fields:
        uploads: list[Element] = [
            ("Upload", [("Key", upload.key), ("UploadId", upload_id)]) for upload_id, upload in bucket.uploads.items()
        ]
        return xml_response("ListMultipartUploadsResult", [("Bucket", bucket.name), ("IsTruncated", "false"), *uploads])
    if "versions" in fields:
        return _list_objects(request, bucket, "ListVersionsResult", "key-marker", "NextKeyMarker")
    if fields.get("list-type") == "2":
        return _list_objects(request, bucket, "ListBucketResult", "continuation-token", "NextContinuationToken")
    return _list_objects(request, bucket, "ListBucketResult", "marker", "NextMarker")


def _list_objects(request: StorageRequest, bucket: Bucket, root: str, marker: str, next_marker: str) -> Response:
    fields = request.fields
    prefix, delimiter = fields.get("prefix", ""), fields.get("delimiter", "")
    limit = leading_digits(fields.get("max-keys", str(MAX_KEYS)))
    if limit is None:
        raise StorageError(400, "InvalidArgument", "max-keys is a whole number")
    limit = min(limit, MAX_KEYS)
    is_second = marker == "continuation-token"
    after = fields.get(marker, "")
    if is_second:
        after = _read_token(after) if after else fields.get("start-after", "")
    keys, folders, last = _cut_page(bucket, prefix, delimiter, after, limit)
    is_encoded = fields.get("encoding-type") == "url"
    encode: Callable[[str], str] = (lambda text: quote(text, safe="/-_.~")) if is_encoded else (lambda text: text)
    elements: list[Element] = [
        ("Name", bucket.name),
        ("Prefix", encode(prefix)),
        ("MaxKeys", limit),
        ("IsTruncated", "true" if last is not None else "false"),
    ]
    if delimiter:
        elements.append(("Delimiter", encode(delimiter)))
    if is_encoded:
        elements.append(("EncodingType", "url"))
    if is_second:
        elements.append(("KeyCount", len(keys) + len(folders)))
    if last is not None:
        elements.append((next_marker, _token(last) if is_second else encode(last)))
    row = "Version" if root == "ListVersionsResult" else "Contents"
    found = [(key, bucket.get(key)) for key in keys]
    elements += [(row, _object(encode(key), stored, row)) for key, stored in found if stored is not None]
    elements += [("CommonPrefixes", [("Prefix", encode(folder))]) for folder in folders]
    return xml_response(root, elements)


def _object(shown_key: str, stored: StoredObject, row: str) -> list[Element]:
    version: list[Element] = [("VersionId", "null"), ("IsLatest", "true")] if row == "Version" else []
    return [
        ("Key", shown_key),
        *version,
        ("LastModified", date_text(stored.modified).replace("Z", ".000Z")),
        ("ETag", f'"{stored.etag}"'),
        ("Size", len(stored.content)),
        ("StorageClass", "STANDARD"),
    ]


def _token(position: str) -> str:
    return base64.urlsafe_b64encode(position.encode(errors="surrogatepass")).decode()


def _read_token(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise StorageError(400, "InvalidArgument", "The continuation token provided is incorrect") from None
