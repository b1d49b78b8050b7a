"""The tools that hand out links: share_file to read one file, request_upload to write one."""

import shlex
from posixpath import basename
from typing import Annotated

from fastmcp.tools.base import ToolResult
from pydantic import Field

from qarnot_mcp.tools.answers import Result, answer
from qarnot_mcp.tools.checks import Arguments, whole_number
from qarnot_mcp.tools.context import current_client
from qarnot_mcp.tools.files.parameters import BucketParameter, PathParameter

MIN_SECONDS, MAX_SECONDS = 300, 604_800
MAX_UPLOAD_SECONDS = 86_400


class ShareFile(Arguments):
    """The arguments of share_file."""

    bucket: BucketParameter
    path: PathParameter
    valid_seconds: Annotated[
        int,
        whole_number(MIN_SECONDS, MAX_SECONDS),
        Field(description="How long it works: 300 to 604800."),
    ] = 3600


class RequestUpload(Arguments):
    """The arguments of request_upload."""

    bucket: BucketParameter
    path: PathParameter
    valid_seconds: Annotated[
        int, whole_number(MIN_SECONDS, MAX_UPLOAD_SECONDS), Field(description="How long it works: 300 to 86400.")
    ] = 3600


class Shared(Result):
    """A link to one file."""

    link: str
    command: str = Field(description="Downloads the file in a shell.")
    size_bytes: int
    valid_seconds: int
    warning: str = (
        "Whoever has the link can read the file until it ends; it cannot be taken back, and it shows the account's "
        "e-mail address."
    )


class UploadOffered(Result):
    """A way to upload one file."""

    command: str = Field(description="Run where the file is; the name after -T is the local file.")
    valid_seconds: int
    warning: str = (
        "Whoever has this line can write that one file until it ends, over what is there; it shows the account's "
        "e-mail address."
    )
    large_files: str


async def share_file(arguments: ShareFile) -> ToolResult:
    """Make a link by which anyone can download one file, without a key, for 5 minutes to 7 days. Ask before sharing."""
    storage = current_client().storage
    found = await storage.file(arguments.bucket, arguments.path)
    link = await storage.link("GET", arguments.bucket, arguments.path, arguments.valid_seconds)
    name = basename(arguments.path).lstrip("-") or "file"
    command = f"curl -fo {shlex.quote(name)} {shlex.quote(link)}"
    return answer(
        Shared(link=link, command=command, size_bytes=found.size_bytes, valid_seconds=arguments.valid_seconds)
    )


async def request_upload(arguments: RequestUpload) -> ToolResult:
    """Get a curl line that uploads one file from the person's machine into a bucket that exists, up to 5 GB."""
    storage = current_client().storage
    await storage.files(arguments.bucket, limit=1)  # a bucket that is missing is told now, not by curl
    link = await storage.link("PUT", arguments.bucket, arguments.path, arguments.valid_seconds)
    name = basename(arguments.path)
    large_files = (
        "For more than 5 GB use rclone: type s3, provider Ceph, "
        f"endpoint {await storage.address()}, access key the account's e-mail address, secret key the API key."
    )
    return answer(
        UploadOffered(
            command=f"curl -fT {shlex.quote(f'./{name}')} {shlex.quote(link)}",
            valid_seconds=arguments.valid_seconds,
            large_files=large_files,
        )
    )
