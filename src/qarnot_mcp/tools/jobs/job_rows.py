"""A job in a few words, as every tool about jobs shows it."""

from typing import Literal, Self

from pydantic import Field

from qarnot_mcp.qarnot.jobs import Job
from qarnot_mcp.text.cleaning import one_line
from qarnot_mcp.text.masking import masked_line
from qarnot_mcp.tools.answers import NAME_CHARACTERS, STATE_CHARACTERS, Result, date
from qarnot_mcp.tools.tasks.time_limit import TAG

TAGS_SHOWN = 10


class JobRow(Result):
    """A job in a list."""

    uuid: str
    name: str
    shortname: str | None = None
    state: str = Field(description="Active, Terminating, Completed or Deleting; Active takes tasks.")
    created: str | None = None
    max_wall_time: str | None = Field(None, description="Qarnot ends the job and its tasks after this long.")
    uses_dependencies: bool | None = Field(None, description="Whether its tasks may wait for each other.")
    pool_uuid: str | None = None
    tags: list[str] | None = None
    keeps_time_limit: Literal[True] | None = Field(
        None, description="Made by submit_task for the max_wall_time of its one task; delete_task removes both."
    )

    @classmethod
    def of(cls, job: Job) -> Self:
        """Shape one job."""
        return cls(
            uuid=job.uuid,
            name=masked_line(job.name, NAME_CHARACTERS),
            shortname=masked_line(job.shortname, NAME_CHARACTERS) if job.shortname not in (None, job.uuid) else None,
            state=one_line(job.state, STATE_CHARACTERS),
            created=date(job.created),
            max_wall_time=max_wall_time_of(job),
            uses_dependencies=job.uses_dependencies or None,
            pool_uuid=job.pool_uuid,
            tags=[masked_line(tag, NAME_CHARACTERS) for tag in job.tags[:TAGS_SHOWN] if tag != TAG] or None,
            keeps_time_limit=True if TAG in job.tags else None,
        )


def max_wall_time_of(job: Job) -> str | None:
    """Return how long a job may take; None where it has no limit, which the API writes as zeros."""
    given = job.max_wall_time or ""
    return one_line(given, STATE_CHARACTERS) if given.strip("0:.") else None
