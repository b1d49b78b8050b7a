"""Every tool of the server, in sets: a tool costs its own file and one line here."""

from qarnot_mcp.auth.scopes import READ_SCOPE, WRITE_SCOPE
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
from qarnot_mcp.tools.pools.close_pool import PoolClosed, close_pool
from qarnot_mcp.tools.pools.create_pool import PoolCreated, create_pool
from qarnot_mcp.tools.pools.get_pool import PoolDetails, get_pool
from qarnot_mcp.tools.pools.list_pools import PoolList, list_pools
from qarnot_mcp.tools.pools.scale_pool import PoolScaled, scale_pool
from qarnot_mcp.tools.profiles import ProfileDetails, ProfileNames, get_profile, list_profiles
from qarnot_mcp.tools.tasks.abort_delete import Aborted, Deleted, abort_task, delete_task
from qarnot_mcp.tools.tasks.details import TaskDetails
from qarnot_mcp.tools.tasks.get_task import get_task
from qarnot_mcp.tools.tasks.list_tasks import TaskList, list_tasks
from qarnot_mcp.tools.tasks.submit_task import Submitted, submit_task
from qarnot_mcp.tools.toolset import Registry, ToolEntry, Toolset

REGISTRY = Registry(
    (
        Toolset(
            "default",
            "run tasks, follow them, read their logs",
            (
                ToolEntry(list_tasks, "List tasks", TaskList, READ_SCOPE, has_view=True),
                ToolEntry(get_task, "Get a task", TaskDetails, READ_SCOPE, has_view=True),
                ToolEntry(
                    submit_task, "Submit a task", Submitted, WRITE_SCOPE, writes=True, destroys=True, idempotent=False
                ),
                ToolEntry(get_task_logs, "Get a task's logs", LogText, READ_SCOPE, has_view=True),
                ToolEntry(abort_task, "Abort a task", Aborted, WRITE_SCOPE, writes=True, destroys=True),
                ToolEntry(delete_task, "Delete a task", Deleted, WRITE_SCOPE, writes=True, destroys=True),
                ToolEntry(list_profiles, "List profiles", ProfileNames, READ_SCOPE),
                ToolEntry(get_profile, "Get a profile", ProfileDetails, READ_SCOPE),
            ),
        ),
        Toolset(
            "storage",
            "hand input files over and fetch results: buckets and the files in them",
            (
                ToolEntry(list_buckets, "List buckets", BucketList, READ_SCOPE),
                ToolEntry(list_files, "List files", FileList, READ_SCOPE, has_view=True),
                ToolEntry(read_file, "Read a file", FileText, READ_SCOPE),
                ToolEntry(write_file, "Write a file", Written, WRITE_SCOPE, writes=True, destroys=True),
                ToolEntry(share_file, "Share a file", Shared, READ_SCOPE),
                ToolEntry(request_upload, "Request an upload", UploadOffered, WRITE_SCOPE, writes=True),
                ToolEntry(delete_files, "Delete files", FilesDeleted, WRITE_SCOPE, writes=True, destroys=True),
            ),
            covers="files",
        ),
        Toolset(
            "control",
            "change running tasks: snapshots of their files, new input files, constants, tags",
            (
                ToolEntry(
                    snapshot_task,
                    "Snapshot a task",
                    Snapshotted,
                    WRITE_SCOPE,
                    writes=True,
                    destroys=True,
                    idempotent=False,
                ),
                ToolEntry(update_task, "Update a task", Updated, WRITE_SCOPE, writes=True, destroys=True),
            ),
            covers="changes of running tasks",
        ),
        Toolset(
            "jobs",
            "order tasks that depend on each other",
            (
                ToolEntry(
                    submit_pipeline,
                    "Submit a pipeline",
                    PipelineSubmitted,
                    WRITE_SCOPE,
                    writes=True,
                    destroys=True,
                    idempotent=False,
                ),
                ToolEntry(create_job, "Create a job", JobCreated, WRITE_SCOPE, writes=True, idempotent=False),
                ToolEntry(list_jobs, "List jobs", JobList, READ_SCOPE, has_view=True),
                ToolEntry(get_job, "Get a job", JobDetails, READ_SCOPE, has_view=True),
                ToolEntry(terminate_job, "Terminate a job", JobTerminated, WRITE_SCOPE, writes=True, destroys=True),
                ToolEntry(delete_job, "Delete a job", JobDeleted, WRITE_SCOPE, writes=True, destroys=True),
            ),
            covers="jobs",
        ),
        Toolset(
            "pools",
            "keep machines booted for many short tasks",
            (
                ToolEntry(
                    create_pool,
                    "Create a pool",
                    PoolCreated,
                    WRITE_SCOPE,
                    writes=True,
                    destroys=True,
                    idempotent=False,
                ),
                ToolEntry(list_pools, "List pools", PoolList, READ_SCOPE, has_view=True),
                ToolEntry(get_pool, "Get a pool", PoolDetails, READ_SCOPE),
                ToolEntry(scale_pool, "Scale a pool", PoolScaled, WRITE_SCOPE, writes=True, destroys=True),
                ToolEntry(close_pool, "Close a pool", PoolClosed, WRITE_SCOPE, writes=True, destroys=True),
            ),
            covers="pools",
        ),
        Toolset(
            "account",
            "quotas, credits, what tasks cost and saved, and the hardware that can be chosen",
            (
                ToolEntry(get_account, "Get the account", Account, READ_SCOPE),
                ToolEntry(list_machines, "List machines", MachineList, READ_SCOPE),
                ToolEntry(usage_report, "Report usage", UsageReport, READ_SCOPE),
            ),
            covers="money (prices, credits) and quotas",
        ),
    )
)
