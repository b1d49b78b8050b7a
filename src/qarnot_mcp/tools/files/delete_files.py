"""The tool that deletes files, and an empty bucket on request."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.qarnot.storage.client import MAX_DELETED, StorageClient
from qarnot_mcp.tools.answers import Result
from qarnot_mcp.tools.checks import Arguments, BucketParameter, Path, Prefix, at_most, whole_number
from qarnot_mcp.tools.context import current_client

MAX_PATHS = 1000
MAX_FILES = 20_000


class DeleteFiles(Arguments):
    """The arguments of delete_files."""

    bucket: BucketParameter
    paths: Annotated[list[Path], at_most(MAX_PATHS, "paths")] | None = Field(None, description="The files.")
    prefix: Prefix | None = Field(None, description="In place of paths: all files whose path starts so.")
    expected_files: Annotated[int, whole_number(0, MAX_FILES)] | None = Field(
        None, description="With prefix: how many files there are, else nothing is deleted."
    )
    delete_bucket: bool = Field(False, description="Delete the bucket if it is empty then.")

    @model_validator(mode="after")
    def check_what(self) -> Self:
        """Check that it is said what to delete."""
        if self.paths is not None and self.prefix is not None:
            raise InvalidArgument("prefix", self.prefix, "paths or prefix, and not both")
        if self.prefix is not None and self.expected_files is None:
            hint = "list_files with recursive=true shows them."
            raise InvalidArgument("expected_files", None, "the number of files that start with prefix", hint)
        if not self.paths and self.prefix is None and not self.delete_bucket:
            raise InvalidArgument("paths", None, "the paths of the files, or prefix with expected_files")
        return self


class FilesDeleted(Result):
    """What was deleted."""

    bucket: str
    deleted_files: int
    bucket_deleted: bool


async def delete_files(arguments: DeleteFiles) -> FilesDeleted:
    """Delete files for good: named ones, or all with a prefix if their number is as expected. Ask first."""
    storage = current_client().storage
    paths = list(dict.fromkeys(arguments.paths or ()))
    for path in paths:
        await storage.file(arguments.bucket, path)  # a path with a slip is told before anything is deleted
    if arguments.prefix is not None:
        paths = await read_paths(storage, arguments.bucket, arguments.prefix)
        if len(paths) != arguments.expected_files:
            many = f"more than {MAX_FILES:,}" if len(paths) > MAX_FILES else f"{len(paths):,}"
            valid = f"the number of files that are there: {many}"
            hint = "Nothing was deleted; look at them with list_files first."
            raise InvalidArgument("expected_files", arguments.expected_files, valid, hint)
    for start in range(0, len(paths), MAX_DELETED):
        await storage.delete(arguments.bucket, paths[start : start + MAX_DELETED])
    if arguments.delete_bucket:
        await storage.delete_bucket(arguments.bucket)
    return FilesDeleted(bucket=arguments.bucket, deleted_files=len(paths), bucket_deleted=arguments.delete_bucket)


async def read_paths(storage: StorageClient, bucket: str, prefix: str) -> list[str]:
    """Return all paths with a prefix, one more than can be deleted at most."""
    paths: list[str] = []
    marker: str | None = ""
    while marker is not None and len(paths) <= MAX_FILES:
        page = await storage.files(bucket, prefix, after=marker)
        paths += [file.path for file in page.files]
        marker = page.next_marker
    return paths[: MAX_FILES + 1]
