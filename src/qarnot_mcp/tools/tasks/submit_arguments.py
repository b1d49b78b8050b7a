"""The arguments of submit_task: those of a new task, and what makes it one that repeats another."""

from typing import Annotated, Any, Literal

from pydantic import Field

from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.tools.checks import STRIPPED, TaskId, text_line
from qarnot_mcp.tools.tasks.new_task import MAX_TEXT_CHARACTERS, NewTask, WallTime
from qarnot_mcp.tools.waits import WaitSeconds

Rerun = Literal["failed", "cancelled", "unfinished", "all"]


class SubmitTask(NewTask):
    """A new task, or with `rerun_of` an older one again, in which every parameter that is given overrides."""

    rerun_of: TaskId | None = Field(
        None, description="A task to repeat, secrets too; what else is given overrides it.", exclude=True
    )
    rerun: Rerun | None = Field(
        None, description="Which of its instances; unfinished: failed and cancelled. Default all.", exclude=True
    )
    append_to_command: Annotated[str, STRIPPED, text_line(MAX_TEXT_CHARACTERS)] | None = Field(
        None, description="Put behind the command of rerun_of, such as --skip-na.", exclude=True
    )

    wait_seconds: WaitSeconds = Field(0, description="Then wait up to this long, 0 to 45, for it to end.", exclude=True)
    max_wall_time: WallTime | None = Field(
        None, description="Stop it this long after the submit, such as 02:00:00, by a job of its own.", exclude=True
    )

    def check_where_it_runs(self) -> None:
        """Check that something says where the task runs: what it repeats does."""
        if self.max_wall_time is not None and self.job_uuid is not None:
            hint = "The job's own maximum time holds."
            raise InvalidArgument("max_wall_time", self.max_wall_time, "none with job_uuid", hint)
        if self.rerun_of is None:
            for parameter in ("rerun", "append_to_command"):
                if (value := getattr(self, parameter)) is not None:
                    hint = "rerun_of names the task to repeat."
                    raise InvalidArgument(parameter, value, "nothing without rerun_of", hint)
            super().check_where_it_runs()
            return
        if self.pool_uuid is not None:
            hint = "It runs where the task ran; submit it without rerun_of to run it elsewhere."
            raise InvalidArgument("pool_uuid", self.pool_uuid, "no pool with rerun_of", hint)
        if self.rerun not in (None, "all") and self.wants_other_instances:
            parameter = "advanced_ranges" if self.advanced_ranges else "instance_count"
            hint = f"rerun={self.rerun} says which instances run; rerun=all takes other ones."
            raise InvalidArgument(parameter, getattr(self, parameter), "none with this rerun", hint)

    @property
    def wants_other_instances(self) -> bool:
        """Whether the instances are chosen here."""
        return self.instance_count is not None or self.advanced_ranges is not None

    def to_api(self) -> dict[str, Any]:
        """Return the body; a task that repeats another has the instances of that one where nothing else is said."""
        body = super().to_api()
        if self.rerun_of is not None and not self.wants_other_instances:
            del body["instanceCount"]
        return body
