"""An S3 that keeps nothing, for uploads, long lists and large files: `python -m benchmarks.storage PORT`.

It computes the digest of what it is sent, as every S3 does, and verifies no signature. Beside it the little of
Qarnot's API that names a storage.
"""

import hashlib
import sys
from collections.abc import AsyncIterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

FILES = 100_000
LARGE_BYTES = 1024**3
LINE = b"1234567.890,abcdefgh,0.1234567,a row of a large table\n"

parts: dict[str, dict[int, tuple[int, str]]] = {}
sent_bytes = 0


async def settings(request: Request) -> Response:
    """Name this server as the storage."""
    return JSONResponse({"storage": f"http://{request.headers['host']}"})


async def info(_: Request) -> Response:
    """Say whose key it is."""
    return JSONResponse({"email": "benchmark@example.org", "quotaBytesBucket": 0, "usedQuotaBytesBucket": 0})


async def told(_: Request) -> Response:
    """Say how many bytes of files were sent."""
    return JSONResponse({"sent_bytes": sent_bytes})


async def bucket(request: Request) -> Response:
    """List files: there are 100,000."""
    query = request.query_params
    marker, most = query.get("marker", ""), int(query.get("max-keys", "1000"))
    start = int(marker.removeprefix("run/").removesuffix(".csv") or -1) + 1 if marker else 0
    names = [f"run/{number:06}.csv" for number in range(start, min(FILES, start + most))]
    rows = "".join(
        f"<Contents><Key>{name}</Key><LastModified>2026-11-26T12:00:00.000Z</LastModified><ETag>x</ETag>"
        f"<Size>1000</Size></Contents>"
        for name in names
    )
    is_cut = "true" if start + most < FILES else "false"
    return xml(f"<ListBucketResult><Name>b</Name><IsTruncated>{is_cut}</IsTruncated>{rows}</ListBucketResult>")


async def file(request: Request) -> Response:
    """Take a part, begin and complete uploads, and give ranges of a file of 1 GiB."""
    query, upload_id = request.query_params, request.query_params.get("uploadId", "")
    match request.method:
        case "POST" if "uploads" in query:
            parts[begun := f"upload-{len(parts)}"] = {}
            return xml(f"<InitiateMultipartUploadResult><UploadId>{begun}</UploadId></InitiateMultipartUploadResult>")
        case "PUT":
            digest, size = hashlib.md5(usedforsecurity=False), 0
            async for piece in request.stream():
                digest.update(piece)
                size += len(piece)
            parts.setdefault(upload_id, {})[int(query.get("partNumber", "1"))] = (size, digest.hexdigest())
            return Response(headers={"etag": f'"{digest.hexdigest()}"'})
        case "GET" if upload_id:
            rows = "".join(
                f"<Part><PartNumber>{number}</PartNumber><Size>{size}</Size><ETag>{tag}</ETag></Part>"
                for number, (size, tag) in sorted(parts[upload_id].items())
            )
            return xml(f"<ListPartsResult><IsTruncated>false</IsTruncated>{rows}</ListPartsResult>")
        case "POST":
            return xml("<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>")
        case "HEAD":
            return Response(headers={"content-length": str(LARGE_BYTES), "content-type": "text/csv"})
    start, _, end = request.headers.get("range", "bytes=0-").removeprefix("bytes=").partition("-")
    size = (min(int(end), LARGE_BYTES - 1) if end else LARGE_BYTES - 1) - int(start) + 1
    headers = {"content-length": str(size), "content-range": f"bytes {start}-{int(start) + size - 1}/{LARGE_BYTES}"}
    return StreamingResponse(content(size), 206, headers)


async def content(size: int) -> AsyncIterator[bytes]:
    """Yield lines of a table, and count them."""
    global sent_bytes
    block = LINE * (65536 // len(LINE))
    while size > 0:
        piece = block[:size]
        size -= len(piece)
        sent_bytes += len(piece)
        yield piece


def xml(body: str) -> Response:
    """Return a document as S3 writes it."""
    return Response(f'<?xml version="1.0"?>{body}', media_type="application/xml")


if __name__ == "__main__":
    routes = [
        Route("/settings", settings),
        Route("/v1/settings", settings),
        Route("/v1/info", info),
        Route("/info", info),
        Route("/told", told),
        Route("/{bucket}", bucket),
        Route("/{bucket}/{path:path}", file, methods=["GET", "PUT", "POST"]),
    ]
    uvicorn.run(Starlette(routes=routes), port=int(sys.argv[1]), log_level="critical")
