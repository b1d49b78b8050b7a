"""What no document says about Qarnot, and what the sandbox does instead."""

from dataclasses import dataclass


@dataclass(slots=True)
class Assumptions:
    """Each switch is an open question; its default is the likelier answer. `POST /sandbox/assumptions` changes them."""

    job_completes_with_its_tasks: bool = False
    """Whether a job with tasks is completed once all are over; otherwise only by `terminate` or its maximum time."""
    job_time_starts_with_its_tasks: bool = False
    """Whether the maximum time of a job runs from its first task's start; otherwise from the job's creation."""
    job_deletion_keeps_tasks: bool = False
    """Whether the tasks of a job outlive its deletion by force; otherwise they are stopped and deleted with it."""
    job_with_ended_tasks_needs_force: bool = True
    """Whether a job is deleted by force only when it has any tasks; otherwise only when some are not over."""
    simple_dependencies_need_success: bool = False
    """Whether `dependsOn` asks for success; otherwise any end of the other task releases this one."""
    copies_leave_their_job: bool = False
    """Whether a clone, retry, resume or recover runs outside of the job of its source."""
    copies_keep_marked_secrets: bool = True
    """Whether a copy given constants keeps the secret ones whose value is `[SECRET]`; otherwise that is their value."""
