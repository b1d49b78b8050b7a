"""Lists of tasks in pages: which tasks, in which order, from where on."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from qarnot_mcp.sandbox.api.filters import Test, invalid_search, read_filter
from qarnot_mcp.sandbox.wire.bodies import Body
from qarnot_mcp.sandbox.wire.formats import JsonObject, span_seconds

MAX_PAGE_SIZE = 50
_ORDERS = {"creationdate": "creationDate", "executiontime": "executionTime", "name": "name", "state": "state"}


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A page that was asked for; `token` is where it starts."""

    test: Test
    token: str | None
    size: int
    order_by: str
    is_descending: bool


@dataclass(frozen=True, slots=True)
class Page:
    """The objects of one page, how many there are in all, and where the next page starts."""

    items: list[JsonObject]
    total: int
    next_token: str | None

    def position(self) -> JsonObject:
        """Return what the API says of a page beside its `data`."""
        return {
            "count": len(self.items),
            "total": self.total,
            "isTruncated": self.next_token is not None,
            "nextToken": self.next_token,
        }


def read_page_request(body: Body) -> PageRequest:
    """Check the body of a paginate call.

    Raises a 400 for a filter, an order or a size that does not exist.
    """
    size = body.integer("maximumResults")
    if size is not None and size < 1:
        raise invalid_search(f"maximumResults is {size}, at least 1 is needed")
    order_by = (body.text("orderBy") or "creationDate").lower()
    order_type = (body.text("orderType") or "DESC").upper()
    if order_by not in _ORDERS or order_type not in ("ASC", "DESC"):
        raise invalid_search(f"Tasks cannot be ordered by {order_by[:40]!r} {order_type[:40]!r}")
    return PageRequest(
        test=read_filter(body.nested("filter")),
        token=body.text("token"),
        size=min(size or MAX_PAGE_SIZE, MAX_PAGE_SIZE),
        order_by=_ORDERS[order_by],
        is_descending=order_type == "DESC",
    )


def _sort_key(order_by: str) -> Callable[[JsonObject], tuple[Any, str]]:
    if order_by == "executionTime":
        return lambda task: (span_seconds(task["executionTime"]), task["uuid"])
    return lambda task: (task[order_by], task["uuid"])


def _token(position: int, document: JsonObject) -> str:
    return f"{position:08x}{document['uuid'].replace('-', '')[:16]}"


def _start(documents: list[JsonObject], token: str | None) -> int:
    """Return where a token points: at its object, or where that was if it has been deleted since."""
    if not token:
        return 0
    if not re.fullmatch("[0-9a-f]{24}", token):
        raise invalid_search("The token stands for no page of this list")
    for position, document in enumerate(documents):
        if document["uuid"].replace("-", "").startswith(token[8:]):
            return position
    return int(token[:8], 16)


def cut_page(documents: list[JsonObject], request: PageRequest) -> Page:
    """Return the requested page of documents.

    Raises a 400 for an invalid token.
    """
    found = [document for document in documents if request.test(document)]
    found.sort(key=_sort_key(request.order_by), reverse=request.is_descending)
    start = _start(found, request.token)
    end = start + request.size
    return Page(found[start:end], len(found), _token(end, found[end]) if end < len(found) else None)
