"""The tool that starts steps which wait for each other."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Self

from pydantic import Field, model_validator

from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import QarnotError
from qarnot_mcp.qarnot.submission import Submission
from qarnot_mcp.text.masking import masked_line
from qarnot_mcp.tools.answers import STATE_CHARACTERS, Result, masked_name
from qarnot_mcp.tools.checks import Arguments, Name, Shortname, Tags
from qarnot_mcp.tools.context import current_client, current_context
from qarnot_mcp.tools.jobs.create_job import CreateJob
from qarnot_mcp.tools.jobs.pipeline_checks import check_pipeline
from qarnot_mcp.tools.jobs.pipeline_start import StartedPipeline, start_pipeline
from qarnot_mcp.tools.jobs.pipeline_steps import (
    FinalState,
    Step,
    Steps,
    WrongStep,
    check_steps,
    generations,
    some,
)
from qarnot_mcp.tools.limits import LimitReached, SubmitLimits
from qarnot_mcp.tools.submission.request import TaskRequest, settle, shown
from qarnot_mcp.tools.tasks.cost_estimate import CostEstimate, KindOfTask, read_estimate
from qarnot_mcp.tools.tasks.new_task import Uuid, WallTime
from qarnot_mcp.tools.tasks.submit_task import CHECKED, beside

AFTER_SHOWN = 5
COMMAND_CHARACTERS = 160
KINDS_ESTIMATED = 3


class SubmitPipeline(Arguments):
    """The arguments of submit_pipeline."""

    name: Name
    steps: Steps
    max_wall_time: WallTime | None = Field(None, description="Qarnot ends all of it after this long, such as 02:00:00.")
    pool_uuid: Uuid | None = Field(None, description="An open pool for all steps, which then take no profile.")
    tags: Tags | None = None
    shortname: Shortname | None = Field(None, description="A unique id; makes a second try safe.")
    validate_only: bool = Field(False, description="Only check it.")
    accept_warnings: bool = Field(False, description="Start what was refused as hardly meant.")

    @model_validator(mode="after")
    def check_together(self) -> Self:
        """Check the order of the steps, and that one thing says where each runs."""
        check_steps(self.steps)
        for step in self.steps:
            if self.pool_uuid is None and step.profile is None:
                raise WrongStep(
                    f"step {shown(step.name)}: profile is missing: give it (list_profiles shows the names), or "
                    "pool_uuid to the pipeline."
                )
            if self.pool_uuid is not None and (step.profile or step.hardware_constraints):
                what = "profile" if step.profile else "hardware_constraints"
                raise WrongStep(f"step {shown(step.name)}: {what} with a pool, which has its own: leave it out.")
        return self

    @property
    def ordered(self) -> list[Step]:
        """The steps, each after those that it waits for."""
        return [step for generation in generations(self.steps) for step in generation]

    def job(self, limits: SubmitLimits) -> CreateJob:
        """Return the job to make; raises `LimitReached` where it or a step is beyond what the server allows."""
        for step in self.steps:
            try:
                limits.check_instances(step.wanted_instances)
            except LimitReached as error:
                error.add(f"It is the step {shown(step.name)}.")
                raise
        return CreateJob.model_construct(
            name=self.name,
            max_wall_time=self.max_wall_time,
            uses_dependencies=True,
            pool_uuid=self.pool_uuid,
            tags=self.tags,
            shortname=self.shortname,
        ).within(limits)


class PipelineStep(Result):
    """A step: its task, what it waits for, and what it comes to."""

    name: str
    uuid: str | None = None
    state: str | None = None
    after: list[str] | None = None
    after_not_shown: int | None = None
    on: list[FinalState] | None = Field(None, description="How those must end; on another end it never runs.")
    profile: str | None = None
    image: str | None = None
    command: str | None = None
    instances: int

    @classmethod
    def of(cls, step: Step, request: TaskRequest, task: Submission | None) -> Self:
        """Shape a step; without a task it was only checked."""
        awaited = step.names_awaited
        return cls(
            name=shown(step.name),
            uuid=task.uuid if task else None,
            state=masked_line(task.state, STATE_CHARACTERS) if task else None,
            after=[shown(name) for name in awaited[:AFTER_SHOWN]] or None,
            after_not_shown=max(0, len(awaited) - AFTER_SHOWN) or None,
            on=step.conditions if awaited else None,
            profile=request.profile_name,
            image=masked_name(request.image) if request.image else None,
            command=masked_line(request.command, COMMAND_CHARACTERS) if request.command else None,
            instances=request.instance_count,
        )


class PipelineSubmitted(Result):
    """What submit_pipeline started, or with validate_only what it would start."""

    started: bool
    job_uuid: str | None = None
    shortname: str | None = None
    name: str
    max_wall_time: str | None = Field(None, description="Qarnot ends all of it after this long.")
    pool_uuid: str | None = None
    steps: list[PipelineStep] = Field(description="In the order in which they run.")
    estimates: list[CostEstimate] = Field(description="One for each kind of machine and scheduling.")
    warnings: list[str] | None = Field(None, description="What is probably not meant; nothing was changed.")
    note: str | None = None
    hint: str | None = None


async def submit_pipeline(arguments: SubmitPipeline) -> PipelineSubmitted:
    """Submit a pipeline to Qarnot: named steps that wait for each other, in a job of their own. It costs credits.

    A step takes any parameter of submit_task, not only those listed, and after and on. All is checked first; where a
    step cannot be started, all is removed again. One that reads another's result_bucket goes after it.
    """
    client, limits = current_client(), current_context().limits
    job = arguments.job(limits)
    steps = arguments.ordered
    free_shortname = arguments.shortname if arguments.validate_only else None
    requests, findings, on_buckets = await check_pipeline(client, steps, arguments.pool_uuid, free_shortname)
    warnings = settle(findings, accept_warnings=arguments.accept_warnings)
    await limits.check_credits(client)
    started: StartedPipeline | None = None
    if arguments.validate_only:
        estimates = await read_estimates(client, job, requests)
    else:
        started, estimates = await beside(start_pipeline(client, job, steps), read_estimates(client, job, requests))
    tasks: Mapping[str, Submission] = started.tasks if started else {}
    note = found_again(started) if started else f"{CHECKED} {on_buckets}".strip()
    return PipelineSubmitted(
        started=started is not None,
        job_uuid=started.job.uuid if started else None,
        shortname=started.job.shortname if started else job.shortname,
        name=masked_name(job.name),
        max_wall_time=job.max_wall_time,
        pool_uuid=job.pool_uuid,
        steps=[PipelineStep.of(step, requests[step.name], tasks.get(step.name)) for step in steps],
        estimates=estimates,
        warnings=warnings or None,
        note=note,
        hint="get_job with wait_seconds=45 follows it; terminate_job stops it, delete_job removes it with its tasks."
        if started
        else None,
    )


def found_again(started: StartedPipeline) -> str | None:
    """Return a sentence on what was looked up as its answer was lost."""
    found = ["its job"] if started.job.found_again else []
    found += [shown(name) for name, task in started.tasks.items() if task.found_again]
    if not found:
        return None
    return f"Answers of Qarnot were lost on the way; found by their shortnames, and started once: {some(found)}."


async def read_estimates(
    client: QarnotClient, job: CreateJob, requests: Mapping[str, TaskRequest]
) -> list[CostEstimate]:
    """Estimate what the steps cost, by kind of machine and scheduling."""
    if job.pool_uuid:
        return [CostEstimate.none("a pool is billed for as long as it is open, not the tasks in it.")]
    instances = Counter[KindOfTask]()
    for request in requests.values():
        kind = KindOfTask.asked_for(request.scheduling_type, map(dict, request.hardware_constraints))
        instances[kind] += request.instance_count
    most = instances.most_common(KINDS_ESTIMATED)
    try:
        estimates = await asyncio.gather(
            *(read_estimate(client, kind, count, job.max_wall_time) for kind, count in most)
        )
    except QarnotError:
        # The answer about a pipeline that runs must not be lost for it.
        return [CostEstimate.none("it could not be read this time.")]
    left = len(instances) - len(most)
    return [*estimates, *([CostEstimate.none(f"{left} more kinds of machines were not looked at.")] if left else [])]
