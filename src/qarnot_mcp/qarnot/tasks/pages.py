"""Pages of tasks: what is asked for, and where the next one starts."""

import re
from collections.abc import Sequence
from typing import Annotated, Any

from qarnot_mcp.qarnot.errors import InvalidArgument, UnreadableResponse
from qarnot_mcp.qarnot.fields import NONE_AS_LIST, Record
from qarnot_mcp.qarnot.identifiers import check_cursor

PAGE_TASKS = 50


class Page(Record):
    """One page as the API answers it."""

    data: Annotated[list[Any], NONE_AS_LIST]
    total: int | None = None
    is_truncated: bool | None = None
    next_token: str | None = None


def filter_of(tags: Sequence[str], states: Sequence[str], name_prefix: str | None) -> dict[str, Any] | None:
    """Make the filter of a page: one of the tags, one of the states, and the start of the name."""
    parts: list[dict[str, Any]] = []
    if tags:
        leaves = [{"operator": "Equal", "field": "Tags", "value": tag} for tag in tags]
        parts.append(leaves[0] if len(leaves) == 1 else {"operator": "Or", "filters": leaves})
    if states:
        parts.append({"operator": "In", "field": "State", "values": list(states)})
    if name_prefix:
        # `Like` takes a regular expression between slashes.
        pattern = re.escape(name_prefix).replace("/", r"\/")
        parts.append({"operator": "Like", "field": "Name", "value": f"/^{pattern}/"})
    if len(parts) > 1:
        return {"operator": "And", "filters": parts}
    return parts[0] if parts else None


def next_token(page: Page, token: str | None) -> str | None:
    """Return the token of the next page, or none after the last one."""
    if not page.is_truncated:
        return None
    if page.next_token is None or page.next_token == token:
        raise UnreadableResponse("a page of tasks does not say where the next one starts")
    try:
        return check_cursor(page.next_token)
    except InvalidArgument:
        raise UnreadableResponse("the token of a page of tasks has an unknown form") from None
