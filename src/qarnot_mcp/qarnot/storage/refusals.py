"""What the storage refuses, as the errors of `qarnot.errors`."""

from qarnot_mcp.qarnot.errors import NotFound, QarnotError, StorageRefused, StorageUnavailable, UnreadableResponse

_BY_STATUS = {"404": "NoSuchKey", "403": "AccessDenied", "301": "NoSuchBucket"}
"""What a status means where there is no body that says it, as with HEAD."""


def error_for(error: Exception, bucket: str, path: str) -> QarnotError | None:
    """Return the error that an exception of the S3 library stands for; None where it is another kind of exception."""
    module = type(error).__module__
    if module.startswith("aiohttp") or isinstance(error, ConnectionError):
        return StorageUnavailable("the connection broke")
    if isinstance(error, ValueError | OverflowError) and not isinstance(error, QarnotError):
        return UnreadableResponse("the storage sent a number or a date that is none")
    if not module.startswith(("botocore", "aiobotocore")):
        return None
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return StorageUnavailable("it cannot be reached, or the connection broke")
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)
    said = response.get("Error", {})
    code = _BY_STATUS.get(str(said.get("Code")), str(said.get("Code")))
    if status >= 500 or code in ("SlowDown", "RequestTimeout"):
        return StorageUnavailable(f"it failed with status {status}")
    if code == "NoSuchBucket" or (code == "NoSuchKey" and not path):
        return NotFound("bucket", bucket)
    if code == "NoSuchUpload":
        return NotFound("upload", path)
    if code == "NoSuchKey":
        return NotFound("file", f"{bucket}/{path}")
    return StorageRefused(code, bucket, str(said.get("Message") or ""))
