"""The tool that writes a text into a bucket."""

import mimetypes
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo

from qarnot_mcp.qarnot.errors import InvalidArgument, NotFound
from qarnot_mcp.qarnot.storage.names import check_new_bucket
from qarnot_mcp.tools.answers import Result
from qarnot_mcp.tools.checks import Arguments, BucketParameter, PathParameter, parameter_of
from qarnot_mcp.tools.context import current_client

MAX_TEXT_BYTES = 192 * 1024
"""What fits into a request to this server (256 KiB), whatever of it has to be escaped on the way."""
MAX_FILE_BYTES = 1024 * 1024


def check_text(given: str, info: ValidationInfo) -> str:
    """Check the size of a text."""
    if len(given) > MAX_TEXT_BYTES or len(given.encode(errors="replace")) > MAX_TEXT_BYTES:
        hint = "request_upload takes larger files."
        raise InvalidArgument(parameter_of(info), f"{len(given):,} characters", "at most 192 KiB of text", hint)
    return given


class WriteFile(Arguments):
    """The arguments of write_file."""

    bucket: BucketParameter
    path: PathParameter
    text: Annotated[str, AfterValidator(check_text)] = Field(description="The content, at most 192 KiB a call.")
    append: bool = Field(False, description="Add it to the end of the file, 1 MiB in all.")
    overwrite: bool = Field(False, description="Replace a file that is there.")
    create_bucket: bool = Field(False, description="Make the bucket where it is missing.")


class Written(Result):
    """What was written."""

    bucket: str
    path: str
    size_bytes: int
    replaced: bool
    hint: str


async def write_file(arguments: WriteFile) -> Written:
    """Write a text (a script, an input deck) into a bucket, for tasks to read; refuses to overwrite unless told."""
    storage = current_client().storage
    bucket, path = arguments.bucket, arguments.path
    if arguments.create_bucket:
        await storage.create_bucket(check_new_bucket(bucket))
    try:
        there = await storage.file(bucket, path)
    except NotFound as error:
        if error.kind == "bucket":
            error.add("create_bucket=true makes it.")
            raise
        there = None
    content = arguments.text.encode(errors="replace")
    if there is not None and arguments.append:
        if there.size_bytes + len(content) > MAX_FILE_BYTES:
            hint = f"It has {there.size_bytes:,} bytes. request_upload takes larger files."
            raise InvalidArgument("text", f"{len(content):,} bytes", "at most 1 MiB with what is there", hint)
        if there.size_bytes:
            content = await storage.read(bucket, path, 0, there.size_bytes) + content
    elif there is not None and not arguments.overwrite:
        hint = f"It has {there.size_bytes:,} bytes; overwrite=true replaces it, append=true adds to it."
        raise InvalidArgument("path", path, "a path at which no file is yet", hint)
    await storage.write(bucket, path, content, mimetypes.guess_type(path)[0] or "text/plain")
    hint = f"submit_task with resource_buckets=[{bucket!r}] puts it at /job/{path} of each instance."
    return Written(bucket=bucket, path=path, size_bytes=len(content), replaced=there is not None, hint=hint)
