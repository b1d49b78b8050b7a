"""What no document says about Qarnot: each open question, and the sandbox's answer, which a live check compares."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Assumption:
    """One open question and the sandbox's answer."""

    name: str
    question: str
    answer: str
    """What the sandbox answers, by default where a switch of `Assumptions` has this name."""


ASSUMPTIONS = (
    # Tasks
    Assumption("shortname_finds_a_task", "Is a new task found by its shortname at once?", "200"),
    Assumption("shortname_is_unique", "What answers a second task with the same shortname?", "400"),
    Assumption("task_in_no_shortname", "What answers a shortname that no task has?", "404"),
    Assumption("missing_bucket", "What answers a task whose resource bucket is missing?", "404 No such bucket"),
    Assumption("unknown_profile", "What answers a task with an unknown profile?", "400"),
    Assumption("abort_of_ended", "What answers an abort of a task that has ended?", "403"),
    Assumption("abort_shows", "In which state is a task right after its abort?", "PendingCancel or Cancelled"),
    Assumption("delete_of_running", "In which state is a running task after its deletion?", "PendingDelete, or gone"),
    Assumption("exit_code_in_error", "Is the exit code of a command in the error of its instance?", "yes"),
    Assumption("times_are_sums", "Are execution times by CPU model the sum over instances?", "yes"),
    Assumption("tags_change_alone", "Does an update of the tags keep the constants?", "yes"),
    Assumption("refresh_of_ended", "What answers new inputs for a task that has ended?", "400"),
    # Logs
    Assumption("log_prefix", "How does the log of several instances mark each line?", "' 0> '"),
    Assumption("empty_log", "What is the body of an empty log?", "empty"),
    Assumption("log_of_no_instance", "What answers the log of an instance that a task does not have?", "404"),
    # Lists
    Assumption("page_size", "How many tasks does a page hold that asks for 50?", "as many as there are"),
    Assumption("filter_by_name", "Does Like take a regular expression between slashes, in any case?", "yes"),
    Assumption("filter_by_tags", "Does Or over Tags find tasks with one of two tags?", "yes"),
    Assumption("filter_by_date", "Does GreaterThan filter by CreationDate?", "yes"),
    Assumption("search_selects", "Does a search answer only the fields that it selects?", "yes"),
    # Copies
    Assumption("copies_take_a_shortname", "Is a clone found by the shortname in its body?", "200"),
    Assumption("copies_keep_marked_secrets", "Does a clone keep a secret whose value it gives as [SECRET]?", "yes"),
    Assumption("copies_copy_secrets", "Does a clone without constants have the secrets of its source?", "yes"),
    Assumption("copies_take_another_job", "Is a clone in the job that its body names?", "yes"),
    Assumption("copies_take_labels", "Does a clone have the labels in its body?", "yes"),
    Assumption("retry_of_running", "What answers the retry of a running task?", "403"),
    Assumption("retry_without_failures", "What answers the retry of a task without failed instances?", "403"),
    Assumption("retry_takes_failed", "Which instances does a retry run of 0-1 where 1 failed?", "1"),
    Assumption("copies_leave_their_job", "Is a clone of a task in an active job in that job?", "in it"),
    # Jobs
    Assumption("simple_dependencies_need_success", "What of a task that depends on one that fails?", "it runs"),
    Assumption("conditions_cancel", "What of a task that depends on the success of one that fails?", "Cancelled"),
    Assumption("job_completes_with_its_tasks", "In which state is a job whose tasks have all ended?", "Active"),
    Assumption("job_with_ended_tasks_needs_force", "What answers the deletion of such a job?", "403"),
    Assumption("job_deletion_keeps_tasks", "What of the tasks of a job that is deleted by force?", "deleted"),
    Assumption("job_time_starts_with_its_tasks", "When does the maximum time of a job start?", "at its creation"),
    # Snapshots
    Assumption("snapshot_of_ended", "What answers a snapshot of a task that has ended?", "403"),
    Assumption("snapshot_has_an_id", "Does a snapshot answer an id, by which its status is told?", "yes"),
    Assumption("snapshot_without_bucket", "What becomes of a snapshot that has no bucket to go to?", "failure"),
    Assumption("snapshot_interval", "Which interval does a task have that asks for one of a second?", "1"),
    # Money and machines
    Assumption("quotas_path", "Are the quotas of a user beside the versions of the API?", "200"),
    Assumption("credits_of_account", "Are the credits left told as a number?", "yes"),
    Assumption("credits_of_task", "Does a task that has executed tell credits above zero?", "yes"),
    Assumption("carbon_names", "Are the carbon facts of a task in the names of the SDK?", "yes"),
    Assumption("carbon_compares", "Is the name of the other data centre the one asked for?", "yes"),
    Assumption("machine_keys", "Do all keys of machines begin with cores and memory?", "yes"),
)
"""Not among them, as they would keep machines open: what a pool costs, how it scales, and when it is closed."""
