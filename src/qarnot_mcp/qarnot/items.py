"""Tasks, jobs and pools: what can be done with each of them, safe to repeat, and true when a response is lost."""

from collections.abc import Callable, Set
from typing import Any, Generic, TypeVar

from qarnot_mcp.qarnot.errors import Forbidden, NotFound, TaskEnded, UnreadableResponse
from qarnot_mcp.qarnot.fields import Item
from qarnot_mcp.qarnot.http.responses import Resource, read_off_loop
from qarnot_mcp.qarnot.http.session import MutationOutcome, RetryingCall, Session
from qarnot_mcp.qarnot.http.transport import Request
from qarnot_mcp.qarnot.identifiers import UUID, check_identifier
from qarnot_mcp.qarnot.pages import PAGE_ITEMS, ItemPage, ListFilter, read_page
from qarnot_mcp.qarnot.submission import Endpoint, NewResource, Submission, create

EVERY_ITEM = ListFilter()
ItemT = TypeVar("ItemT", bound=Item)


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
