"""Tasks, jobs and pools: lists of them, and what is done with each, safe to repeat and true when a response is lost."""

import re
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import TypeAdapter

from qarnot_mcp.qarnot.errors import BadRequest, Forbidden, InvalidArgument, NotFound, TaskEnded, UnreadableResponse
from qarnot_mcp.qarnot.fields import NONE_AS_LIST, Item, OptionalCount, OptionalText, Record
from qarnot_mcp.qarnot.http.responses import Resource, read_off_loop
from qarnot_mcp.qarnot.http.session import MutationOutcome, RetryingCall, Session
from qarnot_mcp.qarnot.http.transport import Request
from qarnot_mcp.qarnot.identifiers import UUID, check_cursor, check_identifier
from qarnot_mcp.qarnot.submission import Endpoint, NewResource, Submission, create

PAGE_ITEMS = 50
_NOT_ENDED = "0001-01-01T00:00:00Z"
"""The end of a task that has not ended, as the API writes it: a date before all others."""

T = TypeVar("T", covariant=True)
ItemT = TypeVar("ItemT", bound=Item)


class Page(Record):
    """One page as the API answers it."""

    data: Annotated[list[Any], NONE_AS_LIST]
    total: OptionalCount = None
    is_truncated: bool | None = None
    next_token: OptionalText = None


@dataclass(frozen=True)
class ItemPage(Generic[T]):
    """Some tasks, jobs or pools, newest first; `next_cursor` reads on, `total` is how many match in all."""

    items: Sequence[T]
    total: int | None = None
    next_cursor: str | None = None


@dataclass(frozen=True)
class ListFilter:
    """What is asked for of a list: one of the tags, one of the states, and all else that is set."""

    tags: Sequence[str] = ()
    states: Sequence[str] = ()
    name_part: str | None = None
    """A part of the name, in any case."""
    name: str | None = None
    """The whole name, as it is written."""
    uuids: Sequence[str] = ()
    created_after: datetime | None = None
    created_before: datetime | None = None

    def parts(self) -> list[dict[str, Any]]:
        """Return the filters that must all hold, in the words of the API."""
        parts: list[dict[str, Any]] = []
        if self.tags:
            leaves = [leaf("Equal", "Tags", tag) for tag in self.tags]
            parts.append(leaves[0] if len(leaves) == 1 else {"operator": "Or", "filters": leaves})
        if self.states:
            parts.append({"operator": "In", "field": "State", "values": list(self.states)})
        if self.name_part:
            # `Like` takes a regular expression between slashes.
            pattern = re.escape(self.name_part).replace("/", r"\/")
            parts.append(leaf("Like", "Name", f"/(?i){pattern}/"))
        if self.name is not None:
            parts.append(leaf("Equal", "Name", self.name))
        if self.uuids:
            parts.append({"operator": "In", "field": "Uuid", "values": list(self.uuids)})
        return parts + dates(
            ("GreaterThan", "CreationDate", self.created_after), ("LessThan", "CreationDate", self.created_before)
        )

    def to_api(self) -> dict[str, Any] | None:
        """Return the filter of a page, None for everything."""
        parts = self.parts()
        if len(parts) > 1:
            return {"operator": "And", "filters": parts}
        return parts[0] if parts else None


@dataclass(frozen=True)
class TaskFilter(ListFilter):
    """What is asked for of a list of tasks."""

    profile: str | None = None
    pool_uuid: str | None = None
    ended_after: datetime | None = None
    ended_before: datetime | None = None

    def parts(self) -> list[dict[str, Any]]:
        """Return the filters that must all hold, in the words of the API."""
        equal = (("Profile", self.profile), ("PoolUuid", self.pool_uuid))
        parts = [leaf("Equal", field, value) for field, value in equal if value is not None]
        bounds = dates(("GreaterThan", "EndDate", self.ended_after), ("LessThan", "EndDate", self.ended_before))
        if self.ended_before is not None:
            bounds.append(leaf("GreaterThan", "EndDate", _NOT_ENDED))
        return super().parts() + parts + bounds


EVERY_ITEM = ListFilter()


def leaf(operator: str, field: str, value: str) -> dict[str, Any]:
    """Return a filter of one field."""
    return {"operator": operator, "field": field, "value": value}


def dates(*bounds: tuple[str, str, datetime | None]) -> list[dict[str, Any]]:
    """Return filters by dates, of those that are set."""
    return [leaf(operator, field, f"{at:%Y-%m-%dT%H:%M:%SZ}") for operator, field, at in bounds if at is not None]


async def read_page(
    session: Session,
    path: str,
    noun: str,
    where: ListFilter,
    limit: int,
    cursor: str | None,
    plain: TypeAdapter[Any] | None = None,
) -> Page:
    """Return one page of at most `limit` items (1 to 50), newest first; its token is that of the next page.

    A page that is like `plain` holds what that reads, every other one its items as they were decoded. Raises
    `InvalidArgument` for a cursor that the API does not take.
    """
    if not 1 <= limit <= PAGE_ITEMS:
        raise InvalidArgument("limit", limit, f"a whole number from 1 to {PAGE_ITEMS}")
    token = None if cursor is None else check_cursor(cursor)
    body = {
        "filter": where.to_api(),
        "token": token,
        "maximumResults": limit,
        "orderBy": "creationDate",
        "orderType": "DESC",
    }
    async with session.call() as call:
        try:
            response = await call.send(Request("POST", path, Resource("endpoint", path)).with_json(body))
        except BadRequest as error:
            if token is None or "token" not in error.api_message.lower():
                raise
            valid = "next_cursor of an earlier answer with the same filters, unchanged"
            raise InvalidArgument("cursor", token, valid, f"Leave it out to start with the newest {noun}.") from None
    what = f"the list of {noun}s"
    page = (response.plain(plain, what) if plain else None) or Page.read(response.json(what))
    return page.model_copy(update={"data": page.data[:limit], "next_token": _next_token(page, token, noun)})


def _next_token(page: Page, token: str | None, noun: str) -> str | None:
    """Return the token of the next page, or none after the last one."""
    if not page.is_truncated:
        return None
    if page.next_token is None or page.next_token == token:
        raise UnreadableResponse(f"a page of {noun}s does not say where the next one starts")
    try:
        return check_cursor(page.next_token)
    except InvalidArgument:
        raise UnreadableResponse(f"the token of a page of {noun}s has an unknown form") from None


class ItemsClient(Generic[ItemT]):
    """Calls about tasks, jobs or pools, by their UUID or shortname; `NotFound` where the key sees no such one.

    `read` reads one of them; `deleting` is the state of one that is being deleted.
    """

    def __init__(
        self, session: Session, endpoint: Endpoint, read: Callable[[Any], ItemT], deleting: str = "PendingDelete"
    ) -> None:
        self._session = session
        self._endpoint = endpoint
        self._noun = endpoint.noun
        self._read = read
        self._deleting = deleting

    async def page(
        self, *, where: ListFilter = EVERY_ITEM, limit: int = PAGE_ITEMS, cursor: str | None = None
    ) -> ItemPage[ItemT]:
        """Return up to `limit` of them (1 to 50), newest first, from `cursor` on (`POST /{noun}s/paginate`)."""
        page = await read_page(self._session, f"/{self._noun}s/paginate", self._noun, where, limit, cursor)
        return ItemPage([self._read(item) for item in page.data], page.total, page.next_token)

    async def get(self, item_id: str) -> ItemT:
        """Return one of them (`GET /{noun}s/{id}`)."""
        item_id = check_identifier(item_id, self._noun)
        async with self._session.call() as call:
            return await self._get(call, item_id)

    async def create(self, new: NewResource) -> Submission:
        """Create one, exactly once even if the response is lost (`POST /{noun}s`, `GET /{noun}s/{shortname}`).

        Raises `ShortnameTaken`, `NotStarted` (nothing was created) or `SubmitUnknown`, besides what the API refuses.
        """
        self._session.check_may_write(f"create {self._noun}s")
        return await create(self._session, new, self._endpoint)

    async def stop(
        self, item_id: str, verb: str, participle: str, stopped: Set[str], ended: Set[str] = frozenset()
    ) -> ItemT:
        """Stop one of them and return it as it is afterwards (`POST /{noun}s/{id}/{verb}`, `GET /{noun}s/{id}`).

        One that is in one of the `stopped` states already is no error; one that the API refuses to stop as it has
        `ended` by itself raises `TaskEnded`.
        """
        self._session.check_may_write(f"{verb} {self._noun}s")
        item_id = check_identifier(item_id, self._noun)
        outcome = MutationOutcome(self._noun)
        with outcome.explained(participle):
            async with self._session.call() as call:
                outcome.call = call
                request = Request("POST", f"/{self._noun}s/{item_id}/{verb}", Resource(self._noun, item_id))
                try:
                    response = await call.send(request)
                except Forbidden as error:
                    item = await self._get(call, item_id)
                    if item.state in stopped:
                        return item
                    if item.state in ended:
                        raise TaskEnded(item_id, item.state, error.api_message) from None
                    raise
                outcome.is_done = response.is_bare
                call.maybe_done = True
                item = await self._get(call, item_id)
                if not response.is_bare and item.state not in stopped | ended:
                    raise UnreadableResponse(f"the response to the {verb} was unexpected, and the {self._noun} goes on")
                return item

    async def delete(self, item_id: str) -> ItemT:
        """Delete one of them, a pool after closing it, and return what it was (`DELETE /{noun}s/{uuid}`)."""
        return await self._delete(item_id)

    async def _delete(self, item_id: str, query: str = "") -> ItemT:
        self._session.check_may_write(f"delete {self._noun}s")
        item_id = check_identifier(item_id, self._noun)
        outcome = MutationOutcome(self._noun)
        with outcome.explained("deleted"):
            async with self._session.call() as call:
                item = await self._get(call, item_id)
                # The shortname could pass to another one in between; the UUID cannot.
                name = item.uuid if UUID.fullmatch(item.uuid) else item_id
                call.maybe_done = False
                outcome.call = call
                request = Request("DELETE", f"/{self._noun}s/{name}{query}", Resource(self._noun, item_id))
                try:
                    response = await call.send(request)
                except NotFound:
                    if not call.maybe_done:
                        raise
                    return item
                call.maybe_done = True
                if not response.is_bare:
                    await self._check_deleted(call, name)
                return item

    async def _get(self, call: RetryingCall, item_id: str) -> ItemT:
        response = await call.send(Request("GET", f"/{self._noun}s/{item_id}", Resource(self._noun, item_id)))
        return await read_off_loop(response, f"the {self._noun}", self._read)

    async def _check_deleted(self, call: RetryingCall, name: str) -> None:
        """Raise `UnreadableResponse` if it is still there after a delete with an unexpected response."""
        try:
            item = await self._get(call, name)
        except NotFound:
            return
        if item.state != self._deleting:
            raise UnreadableResponse(f"the response to the delete was unexpected, and the {self._noun} is still there")
