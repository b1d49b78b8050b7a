"""The routes of credits: what is left, what tasks and pools have used, and the budgets of projects."""

from datetime import UTC, datetime

from qarnot_mcp.sandbox.api.routing import RequestContext, Response, Routes, json_response
from qarnot_mcp.sandbox.platform.account import Account
from qarnot_mcp.sandbox.platform.energy import pool_credits, task_credits
from qarnot_mcp.sandbox.wire.errors import api_error
from qarnot_mcp.sandbox.wire.formats import JsonObject

_BUDGET_CENTS = 20_000


def credit_routes() -> Routes:
    """Return the routes below `/credits`."""
    return {
        ("GET", "credits", "v1", "tasks", "*", "credits"): _task_credits,
        ("GET", "credits", "v1", "pools", "*", "credits"): _pool_credits,
        ("GET", "credits", "v1", "accounts", "credits"): _account_credits,
        ("GET", "credits", "v1", "projects", "*", "budgets"): _budgets,
    }


def projects_of(account: Account) -> list[JsonObject]:
    """Return the projects of an account: one, where it belongs to an organisation."""
    if account.organization is None:
        return []
    return [
        {
            "uuid": account.random.uuid("project"),
            "slug": "default",
            "name": "Default Project",
            "organizationUuid": account.random.uuid("organization"),
            "description": "Organization default project",
            "isDefault": True,
        }
    ]


def _task_credits(context: RequestContext) -> Response:
    task = context.account.tasks.find(context.request.segments[3], context.timestamp)
    return json_response({"credits": task_credits(task, context.timestamp.now)})


def _pool_credits(context: RequestContext) -> Response:
    pool = context.account.pools.all.find(context.request.segments[3], context.timestamp)
    return json_response({"credits": pool_credits(pool, context.timestamp.now)})


def _account_credits(context: RequestContext) -> Response:
    return json_response({"credits": context.account.credits_left(context.timestamp)})


def _budgets(context: RequestContext) -> Response:
    account, identifier = context.account, context.request.segments[3]
    if not any(project["uuid"] == identifier.lower() for project in projects_of(account)):
        raise api_error(404, f"No such project: {identifier[:256]}")
    used = round(100 * (account.credits - account.credits_left(context.timestamp)))
    year = datetime.fromtimestamp(context.timestamp.now, UTC).year
    budget = {
        "uuid": account.random.uuid("budget"),
        "alias": f"year {year}",
        "consumedAmountInCents": used,
        "totalAmountInCents": _BUDGET_CENTS,
        "remainingAmountInCents": _BUDGET_CENTS - used,
        "startDateUtc": f"{year}-01-01T00:00:00Z",
        "expirationDateUtc": f"{year}-12-31T23:59:59Z",
        "budgetOverrunPolicy": "AlertOnly",
        "isArchived": False,
    }
    return json_response({"budgets": [budget]})
