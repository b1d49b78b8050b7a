"""The tools that hand out links: share_file to read, request_upload to write."""

import shlex
from posixpath import basename
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo

from qarnot_mcp.qarnot.errors import InvalidArgument, NotFound
from qarnot_mcp.qarnot.storage.names import check_new_bucket, check_path, check_prefix
from qarnot_mcp.tools.answers import Result
from qarnot_mcp.tools.checks import Arguments, BucketParameter, Path, Prefix, parameter_of, whole_number
from qarnot_mcp.tools.context import current_client, current_context, current_key

MIN_SECONDS, MAX_SECONDS = 300, 604_800
MIN_PAGE_SECONDS, MAX_PAGE_SECONDS = 900, 86_400


def check_shared(given: str, info: ValidationInfo) -> str:
    """Check the path of a file, or of a folder, which ends in a slash."""
    return (check_prefix if given.endswith("/") else check_path)(given, parameter_of(info))


class ShareFile(Arguments):
    """The arguments of share_file."""

    bucket: BucketParameter
    path: Annotated[str, AfterValidator(check_shared)] = Field(
        description="A file's path, or a folder's, with / at its end."
    )
    valid_seconds: Annotated[int, whole_number(MIN_SECONDS, MAX_SECONDS)] = Field(
        3600, description="How long it works: 300 to 604800 (folder: 86400)."
    )


class RequestUpload(Arguments):
    """The arguments of request_upload."""

    bucket: BucketParameter
    prefix: Prefix = Field("", description="The folder to upload into, such as in/.")
    path: Path | None = Field(None, description="For one file: its path.")
    create_bucket: bool = Field(False, description="Make the bucket where it is missing.")
    valid_seconds: Annotated[int, whole_number(MIN_PAGE_SECONDS, MAX_PAGE_SECONDS)] = Field(
        3600, description="How long it works: 900 to 86400."
    )


class Shared(Result):
    """A link to one file, or to the page of a folder."""

    link: str
    command: str | None = Field(None, description="Downloads the file in a shell.")
    size_bytes: int | None = None
    valid_seconds: int
    warning: str


class UploadOffered(Result):
    """Ways to upload files from the person's machine."""

    link: str | None = Field(None, description="The page for the person, to drop files and folders of any size.")
    command: str | None = Field(None, description="Run where the file is; the name after -T is the local file.")
    valid_seconds: int
    warning: str
    large_files: str


async def share_file(arguments: ShareFile) -> Shared:
    """Make a link by which anyone, without a key, can download a file, or all of a folder. Ask before sharing."""
    storage, bucket, path = current_client().storage, arguments.bucket, arguments.path
    if path.endswith("/"):
        seconds = min(max(arguments.valid_seconds, MIN_PAGE_SECONDS), MAX_PAGE_SECONDS)
        if not (await storage.files(bucket, path, limit=1)).files:
            raise NotFound("folder", f"{bucket}/{path}")
        link = await page_link(bucket, path, seconds, may_write=False)
        if link is None:
            raise InvalidArgument("path", path, "the path of one file: this server has no page for folders")
        warning = "Whoever has the link can see and download these files until it ends; it cannot be taken back."
        return Shared(link=link, valid_seconds=seconds, warning=warning)
    found = await storage.file(bucket, path)
    link = await storage.link("GET", bucket, path, arguments.valid_seconds)
    name = basename(path).lstrip("-") or "file"
    return Shared(
        link=link,
        command=f"curl -fo {shlex.quote(name)} {shlex.quote(link)}",
        size_bytes=found.size_bytes,
        valid_seconds=arguments.valid_seconds,
        warning=(
            "Whoever has the link can read the file until it ends; it cannot be taken back, and it shows the "
            "account's e-mail address."
        ),
    )


async def request_upload(arguments: RequestUpload) -> UploadOffered:
    """Get a link to a page where the person uploads files and folders; with path also a curl line for one file."""
    storage, bucket, path = current_client().storage, arguments.bucket, arguments.path
    if arguments.create_bucket:
        await storage.create_bucket(check_new_bucket(bucket))
    try:
        await storage.files(bucket, limit=1)  # a bucket that is missing is told now, not by the page
    except NotFound as error:
        error.add("create_bucket=true makes it.")
        raise
    link = await page_link(bucket, arguments.prefix, arguments.valid_seconds, may_write=True)
    if link is None and path is None:
        raise InvalidArgument("path", None, "the path of one file: this server has no page to upload with")
    command = None
    if path is not None:
        address = await storage.link("PUT", bucket, path, arguments.valid_seconds)
        command = f"curl -fT {shlex.quote(f'./{basename(path)}')} {shlex.quote(address)}"
    return UploadOffered(
        link=link,
        command=command,
        valid_seconds=arguments.valid_seconds,
        warning=(
            "Whoever has these can use them until they end: the link to see and change files there, the curl line "
            "to write that file. The line shows the account's e-mail address."
        ),
        large_files=(
            f"For very much, use rclone: type s3, provider Ceph, endpoint {await storage.address()}, access key "
            "the account's e-mail address, secret key the API key."
        ),
    )


async def page_link(bucket: str, prefix: str, seconds: int, *, may_write: bool) -> str | None:
    """Return a link to the files page, or None where this server has none."""
    make = current_context().files_link
    return None if make is None else await make(current_key(), bucket, prefix, seconds, may_write=may_write)
