"""The tool that tells what an account may use, what of it is in use, and what is left to pay with."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Self, TypeVar

from pydantic import Field

from qarnot_mcp.qarnot.account import ComputingQuotas, Project, Quota, Reservation
from qarnot_mcp.qarnot.client import QarnotClient
from qarnot_mcp.qarnot.errors import KeyProblem, QarnotError
from qarnot_mcp.qarnot.usage import Budget
from qarnot_mcp.tools.answers import Number, Result, date, plain_name, plain_state, rounded
from qarnot_mcp.tools.checks import NoArguments
from qarnot_mcp.tools.context import current_client

PROJECTS_SHOWN = 10
BUDGETS_SHOWN = 5
RESERVATIONS_SHOWN = 10

T = TypeVar("T")


class SchedulingQuota(Result):
    """What may run at a time with one scheduling type, and what does."""

    scheduling_type: str
    reservation: str | None = Field(None, description="Its name.")
    machine: str | None = Field(None, description="The key of the reserved machines.")
    running_instances: int | None = None
    max_instances: int | None = None
    running_cores: int | None = None
    max_cores: int | None = None

    @classmethod
    def of(cls, scheduling_type: str, quota: Quota) -> Self:
        """Shape one quota."""
        name, machine = (quota.reservation_name, quota.machine_key) if isinstance(quota, Reservation) else ("", "")
        return cls(
            scheduling_type=scheduling_type,
            reservation=plain_name(name) or None,
            machine=plain_name(machine) or None,
            running_instances=quota.running_instances,
            max_instances=quota.max_instances,
            running_cores=quota.running_cores,
            max_cores=quota.max_cores,
        )


class Count(Result):
    """How many there are of how many."""

    used: int | None = None
    max: int | None = None


class BudgetRow(Result):
    """A budget of a project, in euros."""

    name: str | None = None
    used: Number | None = None
    total: Number | None = None
    left: Number | None = None
    starts: str | None = None
    expires: str | None = None
    when_spent: str | None = Field(None, description="AlertOnly, BlockNew or StopAndBlockAll.")

    @classmethod
    def of(cls, budget: Budget) -> Self:
        """Shape one budget."""
        return cls(
            name=plain_name(budget.alias) or None,
            used=euros(budget.consumed_cents),
            total=euros(budget.total_cents),
            left=euros(budget.remaining_cents),
            starts=date(budget.starts),
            expires=date(budget.expires),
            when_spent=plain_state(budget.overrun_policy) if budget.overrun_policy else None,
        )


class ProjectRow(Result):
    """A project and its active budgets."""

    name: str
    uuid: str | None = None
    is_default: bool | None = None
    budgets: list[BudgetRow] = Field(default_factory=list)


class Account(Result):
    """What an account has, may use and uses."""

    email: str
    credits_left: Number | None = Field(None, description="Euros.")
    tasks: Count
    running_tasks: Count
    pools: Count
    jobs: Count
    quotas: list[SchedulingQuota] = Field(default_factory=list, description="What may run at a time.")
    organization: str | None = None
    organization_quotas: list[SchedulingQuota] | None = None
    storage_bytes: Count
    default_scheduling: str | None = None
    projects: list[ProjectRow] | None = None
    note: str | None = None


async def get_account(arguments: NoArguments) -> Account:
    """Get this Qarnot account: credits left (euros), quotas by scheduling type and what of them is in use.

    Also storage, reserved machines, projects and their budgets. There is no price list: usage_report tells
    what tasks have cost.
    """
    client = current_client()
    user = await client.account.get()
    missing: list[str] = []
    left, quotas, organization, projects = await asyncio.gather(
        optional(client.credits.left, "the credits left", missing),
        optional(client.account.quotas, "the quotas by scheduling type", missing),
        optional(client.account.organization_quotas, "the organisation's quotas", missing),
        optional(partial(read_projects, client, user.projects[:PROJECTS_SHOWN]), "the budgets", missing),
    )
    notes = [f"Not read this time: {', '.join(missing)}."] if missing else []
    if len(user.projects) > PROJECTS_SHOWN:
        notes.append(f"These are {PROJECTS_SHOWN} of {len(user.projects)} projects.")
    if left is None and "the credits left" not in missing:
        notes.append("Qarnot does not tell this account its credits.")
    return Account(
        email=plain_name(user.email),
        credits_left=rounded(left, 2),
        tasks=Count(used=user.task_count, max=user.max_task),
        running_tasks=Count(used=user.running_task_count, max=user.max_running_task),
        pools=Count(used=user.pool_count, max=user.max_pool),
        jobs=Count(used=user.job_count, max=user.max_job),
        quotas=quota_rows(quotas) if quotas else [],
        organization=plain_name(organization.name) if organization and organization.name else None,
        organization_quotas=quota_rows(organization) if organization else None,
        storage_bytes=Count(used=user.used_quota_bytes_bucket, max=user.quota_bytes_bucket or None),
        default_scheduling=plain_state(user.default_scheduling) if user.default_scheduling else None,
        projects=projects or None,
        note=" ".join(notes) or None,
    )


def quota_rows(quotas: ComputingQuotas) -> list[SchedulingQuota]:
    """Return the quotas that are known, reservations last."""
    usual = (("Flex", quotas.flex), ("OnDemand", quotas.on_demand))
    rows = [SchedulingQuota.of(name, quota) for name, quota in usual if quota is not None]
    return rows + [SchedulingQuota.of("Reserved", one) for one in quotas.reserved[:RESERVATIONS_SHOWN]]


async def read_projects(client: QarnotClient, projects: list[Project]) -> list[ProjectRow]:
    """Read the budgets of projects."""
    budgets = await asyncio.gather(
        *(client.credits.budgets(project.uuid) for project in projects if project.uuid is not None)
    )
    of_project = iter(budgets)
    return [
        ProjectRow(
            name=plain_name(project.name or project.slug),
            uuid=project.uuid,
            is_default=project.is_default,
            budgets=[BudgetRow.of(one) for one in next(of_project)[:BUDGETS_SHOWN]] if project.uuid else [],
        )
        for project in projects
    ]


async def optional(read: Callable[[], Awaitable[T]], what: str, missing: list[str]) -> T | None:
    """Return what `read` brings; None, and its name in `missing`, where that fails. A refused key is told.

    It is not begun by the caller, who may be gone before this runs.
    """
    try:
        return await read()
    except KeyProblem:
        raise
    except QarnotError:
        missing.append(what)
        return None


def euros(cents: float | None) -> Number | None:
    """Return cents as euros."""
    return None if cents is None else rounded(cents / 100, 2)
