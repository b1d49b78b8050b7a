"""The routes of credits and carbon: what is left, what tasks and pools have used, and the budgets of projects."""

from datetime import UTC, datetime

from qarnot_mcp.sandbox.api.routing import RequestContext, Response, Routes, json_response
from qarnot_mcp.sandbox.platform.account import Account
from qarnot_mcp.sandbox.platform.energy import carbon_facts, core_hours, credits_used
from qarnot_mcp.sandbox.platform.pools import Pool
from qarnot_mcp.sandbox.platform.task import Task
from qarnot_mcp.sandbox.wire.errors import api_error
from qarnot_mcp.sandbox.wire.formats import JsonObject

_BUDGET_CENTS = 20_000


def credit_routes() -> Routes:
    """Return the routes below `/credits` and `/carbon`."""
    routes: Routes = {
        ("GET", "credits", "v1", "accounts", "credits"): lambda context: json_response(
            {"credits": context.account.credits_left(context.timestamp)}
        ),
        ("GET", "credits", "v1", "projects", "*", "budgets"): _budgets,
    }
    for noun in ("tasks", "pools"):
        routes["GET", "credits", "v1", noun, "*", "credits"] = _credits
        routes["GET", "carbon", "v1", noun, "*", "carbon-facts"] = _carbon_facts
    return routes


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


def _used(context: RequestContext) -> Task | Pool:
    _, _, noun, identifier, *_ = context.request.segments
    if noun.lower() == "tasks":
        return context.account.tasks.find(identifier, context.timestamp)
    return context.account.pools.all.find(identifier, context.timestamp)


def _credits(context: RequestContext) -> Response:
    return json_response({"credits": credits_used(_used(context), context.timestamp.now)})


def _carbon_facts(context: RequestContext) -> Response:
    hours = core_hours(_used(context), context.timestamp.now)
    return json_response(carbon_facts(hours, context.request.query_value("comparisonDatacenter")))


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
