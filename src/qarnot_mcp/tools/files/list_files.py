"""The tool that lists files: of a bucket, or the results of a task."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.qarnot.storage.client import StorageClient, StoredFile
from qarnot_mcp.tools.answers import ROWS_CHARACTERS, Result, date, json_length
from qarnot_mcp.tools.checks import Arguments, Bucket, Prefix, TaskId, text_line, whole_number
from qarnot_mcp.tools.context import current_client
from qarnot_mcp.tools.files.results import PATH_CHARACTERS, instances_by_path, result_place, shown_path

SCANNED_PAGES = 10


class ListFiles(Arguments):
    """The arguments of list_files."""

    bucket: Bucket | None = Field(None, description="A bucket's name; or give task_uuid.")
    prefix: Prefix = Field("", description="Only paths that start so, such as folder/.")
    task_uuid: TaskId | None = Field(None, description="The results of this task.")
    recursive: bool = Field(False, description="Files in folders too, in place of the folders.")
    name: Annotated[str, text_line(200)] | None = Field(None, description="Only paths that contain this, in any case.")
    cursor: Annotated[str, text_line(PATH_CHARACTERS)] | None = Field(None, description="next_cursor, to read on.")
    limit: Annotated[int, whole_number(1, 1000)] = Field(100, description="Most rows, 1 to 1000.")

    @model_validator(mode="after")
    def check_place(self) -> Self:
        """Check that either a bucket or a task is named."""
        if (self.bucket is None) == (self.task_uuid is None):
            given = None if self.bucket is None else self.bucket
            raise InvalidArgument("bucket", given, "a bucket or task_uuid, and not both", "list_buckets shows them.")
        return self


class FileRow(Result):
    """One file."""

    path: str
    size_bytes: int
    modified: str | None = None
    instance_id: int | None = Field(None, description="The instance of the task that made it.")


class FileList(Result):
    """Files and folders, in the order of their paths."""

    bucket: str
    folders: list[str] | None = None
    files: list[FileRow]
    next_cursor: str | None = Field(None, description="Give it as cursor to see what comes after these.")
    hint: str | None = None


async def list_files(arguments: ListFiles) -> FileList:
    """List the files of a bucket, or the results of a task with the instance that made each. Folders are folded."""
    client = current_client()
    bucket, prefix, made_by, hint = arguments.bucket or "", arguments.prefix, None, None
    if arguments.task_uuid is not None:
        task = await client.tasks.get(arguments.task_uuid)
        bucket, task_prefix = result_place(task)
        prefix = task_prefix + prefix
        made_by = instances_by_path(task)
        if not task.is_final:
            hint = f"The task is {task.state}: more results may come."
    folders, files, cursor = await read_listing(client.storage, arguments, bucket, prefix, made_by or {})
    if not files and not folders:
        hint = hint or "There is nothing here; list_files with another prefix, or list_buckets."
    return FileList(bucket=bucket, folders=folders or None, files=files, next_cursor=cursor, hint=hint)


async def read_listing(
    storage: StorageClient, arguments: ListFiles, bucket: str, prefix: str, made_by: dict[str, int]
) -> tuple[list[str], list[FileRow], str | None]:
    """Return the folders and files that one result shows, and the cursor of the next; reads ten pages at most."""
    folders, files, room = list[str](), list[FileRow](), ROWS_CHARACTERS
    is_folded = not arguments.recursive and arguments.task_uuid is None
    needle = (arguments.name or "").casefold()
    after = arguments.cursor or ""
    for _ in range(SCANNED_PAGES):
        page = await storage.files(bucket, prefix, after=after, folded=is_folded)
        entries: list[tuple[str, StoredFile | None]] = [(file.path, file) for file in page.files]
        entries += [(folder, None) for folder in page.folders]
        for path, file in sorted(entries, key=lambda entry: entry[0]):
            if needle in path.casefold() and path != prefix and (not made_by or path in made_by):
                if len(files) + len(folders) >= arguments.limit or room < 0:
                    return folders, files, after
                if file is None:
                    folders.append(shown_path(path))
                    room -= len(path) + 4
                else:
                    row = FileRow(
                        path=shown_path(path),
                        size_bytes=file.size_bytes,
                        modified=date(file.modified),
                        instance_id=made_by.get(path),
                    )
                    files.append(row)
                    room -= json_length(row) + 1
            after = path
        if page.next_marker is None:
            return folders, files, None
        after = page.next_marker
    return folders, files, after
