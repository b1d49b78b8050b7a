"""What stands beside the tasks: hardware, carbon, credits, secrets, and pools and jobs, of which there are none."""

import re
from typing import Any

from qarnot_mcp.sandbox.api.account import account_information
from qarnot_mcp.sandbox.api.routing import Answer, Handler, Routes, Visit, json_answer
from qarnot_mcp.sandbox.platform.energy import carbon_facts, task_credits
from qarnot_mcp.sandbox.platform.machines import listed_constraints
from qarnot_mcp.sandbox.wire.errors import bad_body, bad_secret, refused

_MAX_LIMIT = 50
_MAX_SECRETS = 1000
_MAX_SECRET_LENGTH = 20_000


def service_routes() -> Routes:
    """The routes of these services."""
    routes: Routes = {
        ("GET", "info"): lambda visit: json_answer(account_information(visit.account, visit.moment)),
        ("GET", "quotas", "computing-quotas", "user"): _computing_quotas,
        ("GET", "hardware-constraints"): _hardware_constraints,
        ("GET", "hardware-constraints", "cpu-model-constraints", "search"): _search_cpu_models,
        ("GET", "carbon", "v1", "tasks", "*", "carbon-facts"): _carbon_facts,
        ("GET", "credits", "v1", "tasks", "*", "credits"): _task_credits,
        ("GET", "credits", "v1", "accounts", "credits"): _account_credits,
        ("GET", "credits", "v1", "projects", "*", "budgets"): _none("project", 3),
        ("GET", "secrets-manager", "data", "*"): _get_secret,
        ("PUT", "secrets-manager", "data", "*"): _create_secret,
        ("PATCH", "secrets-manager", "data", "*"): _update_secret,
        ("DELETE", "secrets-manager", "data", "*"): _delete_secret,
        ("GET", "secrets-manager", "search"): _search_secrets,
        ("GET", "secrets-manager", "search", "*"): _search_secrets,
    }
    for noun in ("pool", "job"):
        routes["GET", f"{noun}s"] = lambda visit: json_answer([])
        routes["POST", f"{noun}s"] = _quota(noun)
        routes["GET", f"{noun}s", "*"] = _none(noun, 1)
        routes["POST", f"{noun}s", "search"] = lambda visit: json_answer([])
        for path in ((f"{noun}s", "paginate"), (f"{noun}s", "summaries", "paginate")):
            routes["POST", *path] = _empty_page
    return routes


def _none(noun: str, position: int) -> Handler:
    def handle(visit: Visit) -> Answer:
        raise refused(404, f"No such {noun}: {visit.call.segments[position][:256]}")

    return handle


def _quota(noun: str) -> Handler:
    def handle(visit: Visit) -> Answer:
        raise refused(403, f"Maximum number of {noun}s reached (0): the sandbox has no {noun}s")

    return handle


def _empty_page(visit: Visit) -> Answer:
    return json_answer({"data": [], "count": 0, "total": 0, "isTruncated": False, "nextToken": None})


def _computing_quotas(visit: Visit) -> Answer:
    return json_answer(account_information(visit.account, visit.moment)["computingQuotas"]["user"])


def _bound(visit: Visit, name: str, default: int, highest: int) -> int:
    text = visit.call.query_value(name)
    if not text:
        return default
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise bad_body(name, f"The value '{text[:40]}' is not valid.")
    return min(int(text), highest)


def _hardware_constraints(visit: Visit) -> Answer:
    constraints = listed_constraints()
    limit, offset = _bound(visit, "limit", _MAX_LIMIT, _MAX_LIMIT), _bound(visit, "offset", 0, 1_000_000)
    data = constraints[offset : offset + limit]
    return json_answer({"data": data, "offset": offset, "limit": limit, "total": len(constraints)})


def _search_cpu_models(visit: Visit) -> Answer:
    wanted = visit.call.query_value("cpuModel")
    if not wanted:
        raise refused(400, "Missing required argument: cpuModel")
    found = [
        constraint for constraint in listed_constraints() if wanted.lower() in constraint.get("cpuModel", "").lower()
    ]
    if not found:
        raise refused(404, "Constraint not found")
    return json_answer(found)


def _carbon_facts(visit: Visit) -> Answer:
    task = visit.account.find(visit.call.segments[3], visit.moment)
    return json_answer(carbon_facts(task, visit.moment.now, visit.call.query_value("comparisonDatacenter")))


def _task_credits(visit: Visit) -> Answer:
    task = visit.account.find(visit.call.segments[3], visit.moment)
    return json_answer({"credits": task_credits(task, visit.moment.now)})


def _account_credits(visit: Visit) -> Answer:
    return json_answer({"credits": visit.account.credits_left(visit.moment)})


def _known_secret(visit: Visit) -> str:
    name = visit.call.segments[2]
    if name not in visit.account.secrets:
        raise bad_secret(404, f"Secret {name[:256]} doesn't exist")
    return name


def _secret_value(visit: Visit) -> str:
    value: Any = visit.body().text("value", _MAX_SECRET_LENGTH)
    if value is None:
        raise bad_body("value", "The value of the secret is missing.")
    return str(value)


def _get_secret(visit: Visit) -> Answer:
    return json_answer({"value": visit.account.secrets[_known_secret(visit)]})


def _create_secret(visit: Visit) -> Answer:
    name, value = visit.call.segments[2], _secret_value(visit)
    if name in visit.account.secrets:
        raise bad_secret(409, f"Secret {name[:256]} already exists")
    if len(visit.account.secrets) >= _MAX_SECRETS or len(name) > 256:
        raise bad_secret(400, "Too many secrets, or too long a name")
    visit.account.secrets[name] = value
    return Answer(201)


def _update_secret(visit: Visit) -> Answer:
    visit.account.secrets[_known_secret(visit)] = _secret_value(visit)
    return Answer(204)


def _delete_secret(visit: Visit) -> Answer:
    del visit.account.secrets[_known_secret(visit)]
    return Answer(204)


def _search_secrets(visit: Visit) -> Answer:
    folder = visit.call.segments[2] if len(visit.call.segments) > 2 else ""
    folder = f"{folder}/" if folder else ""
    below = [name.removeprefix(folder) for name in visit.account.secrets if name.startswith(folder)]
    keys = {f"{name.partition('/')[0]}/" if "/" in name else name for name in below}
    return json_answer({"keys": sorted(keys)})
