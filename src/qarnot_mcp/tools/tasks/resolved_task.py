"""What a submit comes to: the request with the defaults of the profile and of the account."""

from collections.abc import Sequence
from typing import Self

from qarnot_mcp.text.cleaning import one_line
from qarnot_mcp.text.masking import masked_line
from qarnot_mcp.tools.answers import NAME_CHARACTERS, VALUE_CHARACTERS, Result
from qarnot_mcp.tools.submission.request import TaskRequest
from qarnot_mcp.tools.tasks.details import CONSTRAINTS_SHOWN, constraint_text
from qarnot_mcp.tools.tasks.submit_plan import SubmitPlan

ENTRIES_SHOWN = 20


class ResolvedTask(Result):
    """The request as it travels, in short."""

    profile: str | None = None
    pool_uuid: str | None = None
    job_uuid: str | None = None
    image: str | None = None
    command: str | None = None
    instances: int
    instance_ids: str | None = None
    scheduling_type: str
    hardware_constraints: list[str] | None = None
    resource_buckets: list[str] | None = None
    result_bucket: str | None = None
    results_prefix: str | None = None
    results_whitelist: str | None = None
    results_blacklist: str | None = None
    depends_on: list[str] | None = None

    @classmethod
    def of(cls, plan: SubmitPlan, request: TaskRequest) -> Self:
        """Shape a task that was looked at."""
        arguments = plan.arguments
        return cls(
            profile=_cut(request.profile_name),
            pool_uuid=plan.pool_uuid,
            job_uuid=arguments.job_uuid,
            image=_cut(request.image),
            command=masked_line(request.command, VALUE_CHARACTERS) if request.command else None,
            instances=request.instance_count,
            instance_ids=_cut(arguments.advanced_ranges),
            scheduling_type=one_line(request.scheduling_type, NAME_CHARACTERS),
            hardware_constraints=[
                constraint_text(dict(one)) for one in request.hardware_constraints[:CONSTRAINTS_SHOWN]
            ]
            or None,
            resource_buckets=_some(request.resource_buckets),
            result_bucket=_cut(request.result_bucket),
            results_prefix=_cut(arguments.results_prefix),
            results_whitelist=_cut(request.results_whitelist),
            results_blacklist=_cut(request.results_blacklist),
            depends_on=_some(arguments.dependencies or ()),
        )


def _cut(text: str | None) -> str | None:
    return masked_line(text, NAME_CHARACTERS) if text else None


def _some(texts: Sequence[str]) -> list[str] | None:
    shown = [masked_line(text, NAME_CHARACTERS) for text in texts[:ENTRIES_SHOWN]]
    left = len(texts) - len(shown)
    return [*shown, f"and {left:,} more"] if left else shown or None
