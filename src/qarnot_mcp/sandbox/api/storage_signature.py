"""Who signed a request to the storage: AWS Signature Version 4 in a header or a query, or Version 2 in a query."""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from urllib.parse import quote, unquote

from qarnot_mcp.sandbox.wire.errors import StorageError
from qarnot_mcp.sandbox.wire.formats import leading_digits

MAX_SKEW_SECONDS = 900
MAX_EXPIRY_SECONDS = 604_800
MAX_HEADER_CHARACTERS = 8192
MAX_QUERY_FIELDS = 100
UNSIGNED = "UNSIGNED-PAYLOAD"
_ALGORITHM = "AWS4-HMAC-SHA256"
_CREDENTIAL = re.compile(r"([^/\s]{1,200})/(\d{8})/([a-z0-9-]{1,40})/s3/aws4_request")
_SUB_RESOURCES = frozenset({"uploads", "uploadId", "partNumber", "versions", "versioning", "delete", "location"})
"""The fields of a query that Version 2 signs."""


@dataclass(frozen=True)
class StorageRequest:
    """One request to the storage; `path` and `query` are as they were sent, `headers` have names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @cached_property
    def fields(self) -> Mapping[str, str]:
        """The query, decoded."""
        pairs = [pair.partition("=") for pair in self.query.split("&") if pair][:MAX_QUERY_FIELDS]
        return {_decoded(name): _decoded(value) for name, _, value in pairs}

    @property
    def bucket(self) -> str:
        """The bucket in the path; empty for the account as a whole."""
        return unquote(self.path.lstrip("/").partition("/")[0])

    @property
    def key(self) -> str:
        """The key in the path; empty for the bucket as a whole."""
        return unquote(self.path[1:].partition("/")[2])


SecretOf = Callable[[str], str | None]
"""Finds the secret of an access key id, or None."""


def is_for_storage(headers: Mapping[str, str], query: bytes) -> bool:
    """Return whether a request is signed as those to S3 are; keys of the API never have that form."""
    return (
        headers.get("authorization", "").startswith(("AWS4-", "AWS "))
        or b"X-Amz-Signature=" in query
        or b"AWSAccessKeyId=" in query
    )


def verify(request: StorageRequest, secret_of: SecretOf, now: float) -> str:
    """Return the access key id that signed a request; `now` is in seconds since 1970.

    Raises a StorageError for a signature that is wrong, expired or not understood.
    """
    if "X-Amz-Signature" in request.fields:
        return _verify_query(request, secret_of, now)
    if "AWSAccessKeyId" in request.fields:
        return _verify_version_2(request, secret_of, now)
    return _verify_header(request, secret_of, now)


def _verify_header(request: StorageRequest, secret_of: SecretOf, now: float) -> str:
    given = request.headers.get("authorization", "")
    algorithm, _, rest = given[:MAX_HEADER_CHARACTERS].partition(" ")
    if algorithm != _ALGORITHM:
        raise StorageError(400, "InvalidRequest", "Sign with AWS4-HMAC-SHA256")
    pairs = (part.strip().partition("=") for part in rest.split(","))
    claim = {name: value for name, _, value in pairs}
    date = request.headers.get("x-amz-date", "")
    if abs(_seconds(date) - now) > MAX_SKEW_SECONDS:
        raise StorageError(403, "RequestTimeTooSkewed", "The difference between the request time and now is too large")
    payload = request.headers.get("x-amz-content-sha256", "")
    if payload.startswith("STREAMING-"):
        raise StorageError(501, "NotImplemented", "Bodies in signed chunks are not taken: send a plain body")
    if payload != UNSIGNED and payload != hashlib.sha256(request.body).hexdigest():
        raise StorageError(400, "XAmzContentSHA256Mismatch", "The body has another hash than x-amz-content-sha256")
    return _check(request, secret_of, claim, date, payload)


def _verify_query(request: StorageRequest, secret_of: SecretOf, now: float) -> str:
    fields = request.fields
    date, expires = fields.get("X-Amz-Date", ""), fields.get("X-Amz-Expires", "")
    if not re.fullmatch("[0-9]{1,9}", expires) or not 1 <= int(expires) <= MAX_EXPIRY_SECONDS:
        raise StorageError(400, "AuthorizationQueryParametersError", "X-Amz-Expires is 1 to 604800 seconds")
    signed_at = _seconds(date)
    if signed_at - now > MAX_SKEW_SECONDS or now > signed_at + int(expires):
        raise StorageError(403, "AccessDenied", "Request has expired")
    claim = {name: fields.get(f"X-Amz-{name}", "") for name in ("Credential", "SignedHeaders", "Signature")}
    return _check(request, secret_of, claim, date, fields.get("X-Amz-Content-Sha256", UNSIGNED))


def _check(request: StorageRequest, secret_of: SecretOf, claim: Mapping[str, str], date: str, payload: str) -> str:
    """Return the access key id of a claim: its credential, signed headers and signature."""
    signed_headers = claim.get("SignedHeaders", "")
    found = _CREDENTIAL.fullmatch(claim.get("Credential", ""))
    if found is None or not date.startswith(found[2]) or "host" not in signed_headers.split(";"):
        raise StorageError(400, "AuthorizationHeaderMalformed", "The authorization is malformed")
    access_key, day, region = found.groups()
    secret = _secret(secret_of, access_key)
    query = "&".join(
        f"{name}={value}"
        for name, value in sorted(
            (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
            for name, value in request.fields.items()
            if name != "X-Amz-Signature"
        )
    )
    headers = "".join(
        f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in signed_headers.split(";")
    )
    path = quote(unquote(request.path), safe="/-_.~")
    canonical = "\n".join((request.method, path, query, headers, signed_headers, payload))
    scope = f"{day}/{region}/s3/aws4_request"
    to_sign = "\n".join((_ALGORITHM, date, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = f"AWS4{secret}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return _same(hmac.digest(key, to_sign.encode(), "sha256").hex(), claim.get("Signature", ""), access_key)


def _verify_version_2(request: StorageRequest, secret_of: SecretOf, now: float) -> str:
    fields, headers = request.fields, request.headers
    access_key, expires = fields["AWSAccessKeyId"], fields.get("Expires", "")
    secret = _secret(secret_of, access_key)
    if now > (leading_digits(expires, 12) or 0):
        raise StorageError(403, "AccessDenied", "Request has expired")
    amazon = sorted(f"{name}:{value}\n" for name, value in {**headers, **fields}.items() if name.startswith("x-amz-"))
    resources = "&".join(
        f"{name}={fields[name]}" if fields[name] else name for name in sorted(_SUB_RESOURCES & fields.keys())
    )
    resource = request.path + (f"?{resources}" if resources else "")
    to_sign = (
        f"{request.method}\n{headers.get('content-md5', '')}\n{headers.get('content-type', '')}\n{expires}\n"
        f"{''.join(amazon)}{resource}"
    )
    digest = hmac.digest(secret.encode(), to_sign.encode(), "sha1")
    return _same(base64.b64encode(digest).decode(), fields.get("Signature", ""), access_key)


def _secret(secret_of: SecretOf, access_key: str) -> str:
    secret = secret_of(access_key)
    if secret is None:
        raise StorageError(403, "InvalidAccessKeyId", "The access key id you provided does not exist in our records")
    return secret


def _same(expected: str, given: str, access_key: str) -> str:
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise StorageError(403, "SignatureDoesNotMatch", "The signature we calculated does not match")
    return access_key


def _decoded(text: str) -> str:
    return unquote(text.replace("+", " "))


def _seconds(date: str) -> float:
    try:
        return datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise StorageError(403, "AccessDenied", "A signed request needs a valid date") from None
