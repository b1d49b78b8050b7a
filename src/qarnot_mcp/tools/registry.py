"""Every tool of the server, in sets: a tool costs its own file and one line here."""

from functools import partial

from qarnot_mcp.auth.mode import READ_SCOPE, WRITE_SCOPE
from qarnot_mcp.tools.account.get_account import Account, get_account
from qarnot_mcp.tools.account.list_machines import MachineList, list_machines
from qarnot_mcp.tools.account.usage_report import UsageReport, usage_report
from qarnot_mcp.tools.control.snapshot_task import Snapshotted, snapshot_task
from qarnot_mcp.tools.control.update_task import Updated, update_task
from qarnot_mcp.tools.files.delete_files import FilesDeleted, delete_files
from qarnot_mcp.tools.files.links import Shared, UploadOffered, request_upload, share_file
from qarnot_mcp.tools.files.list_buckets import BucketList, list_buckets
from qarnot_mcp.tools.files.list_files import FileList, list_files
from qarnot_mcp.tools.files.read_file import FileText, read_file
from qarnot_mcp.tools.files.write_file import Written, write_file
from qarnot_mcp.tools.jobs.create_job import JobCreated, create_job
from qarnot_mcp.tools.jobs.get_job import JobDetails, get_job
from qarnot_mcp.tools.jobs.list_jobs import JobList, list_jobs
from qarnot_mcp.tools.jobs.submit_pipeline import PipelineSubmitted, submit_pipeline
from qarnot_mcp.tools.jobs.terminate_delete import JobDeleted, JobTerminated, delete_job, terminate_job
from qarnot_mcp.tools.logs.get_task_logs import LogText, get_task_logs
from qarnot_mcp.tools.pools.create_pool import PoolCreated, create_pool
from qarnot_mcp.tools.pools.get_pool import PoolDetails, get_pool
from qarnot_mcp.tools.pools.list_pools import PoolList, list_pools
from qarnot_mcp.tools.pools.scale_close import PoolClosed, PoolScaled, close_pool, scale_pool
from qarnot_mcp.tools.profiles import ProfileDetails, ProfileNames, get_profile, list_profiles
from qarnot_mcp.tools.tasks.abort_delete import Deleted, Ended, abort_task, delete_task
from qarnot_mcp.tools.tasks.details import TaskDetails
from qarnot_mcp.tools.tasks.get_task import get_task
from qarnot_mcp.tools.tasks.list_tasks import TaskList, list_tasks
from qarnot_mcp.tools.tasks.submit_task import Submitted, submit_task
from qarnot_mcp.tools.toolset import Registry, ToolEntry, Toolset

_reads = partial(ToolEntry, scope=READ_SCOPE)
_writes = partial(ToolEntry, scope=WRITE_SCOPE, writes=True, destroys=True)
REGISTRY = Registry(
    (
        Toolset(
            "default",
            "run tasks, follow them, read their logs",
            (
                _reads(list_tasks, "List tasks", TaskList, has_view=True),
                _reads(get_task, "Get a task", TaskDetails, has_view=True),
                _writes(submit_task, "Submit a task", Submitted, idempotent=False),
                _reads(get_task_logs, "Get a task's logs", LogText, has_view=True),
                _writes(abort_task, "Abort a task", Ended),
                _writes(delete_task, "Delete a task", Deleted),
                _reads(list_profiles, "List profiles", ProfileNames),
                _reads(get_profile, "Get a profile", ProfileDetails),
            ),
        ),
        Toolset(
            "storage",
            "hand input files over and fetch results: buckets and the files in them",
            (
                _reads(list_buckets, "List buckets", BucketList),
                _reads(list_files, "List files", FileList, has_view=True),
                _reads(read_file, "Read a file", FileText),
                _writes(write_file, "Write a file", Written),
                _reads(share_file, "Share a file", Shared),
                _writes(request_upload, "Request an upload", UploadOffered, destroys=False),
                _writes(delete_files, "Delete files", FilesDeleted),
            ),
            covers="files",
        ),
        Toolset(
            "control",
            "change running tasks: snapshots of their files, new input files, constants, tags",
            (
                _writes(snapshot_task, "Snapshot a task", Snapshotted, idempotent=False),
                _writes(update_task, "Update a task", Updated),
            ),
            covers="changes of running tasks",
        ),
        Toolset(
            "jobs",
            "order tasks that depend on each other",
            (
                _writes(submit_pipeline, "Submit a pipeline", PipelineSubmitted, idempotent=False),
                _writes(create_job, "Create a job", JobCreated, destroys=False, idempotent=False),
                _reads(list_jobs, "List jobs", JobList, has_view=True),
                _reads(get_job, "Get a job", JobDetails, has_view=True),
                _writes(terminate_job, "Terminate a job", JobTerminated),
                _writes(delete_job, "Delete a job", JobDeleted),
            ),
            covers="jobs",
        ),
        Toolset(
            "pools",
            "keep machines booted for many short tasks",
            (
                _writes(create_pool, "Create a pool", PoolCreated, idempotent=False),
                _reads(list_pools, "List pools", PoolList, has_view=True),
                _reads(get_pool, "Get a pool", PoolDetails),
                _writes(scale_pool, "Scale a pool", PoolScaled),
                _writes(close_pool, "Close a pool", PoolClosed),
            ),
            covers="pools",
        ),
        Toolset(
            "account",
            "quotas, credits, what tasks cost and saved, and the hardware that can be chosen",
            (
                _reads(get_account, "Get the account", Account),
                _reads(list_machines, "List machines", MachineList),
                _reads(usage_report, "Report usage", UsageReport),
            ),
            covers="money (prices, credits) and quotas",
        ),
    )
)
