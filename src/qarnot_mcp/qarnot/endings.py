"""Ending and deleting a task, a job or a pool: safe to repeat, and true when a response is lost."""

from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from qarnot_mcp.qarnot.errors import Forbidden, NotFound, TaskEnded, UnreadableResponse
from qarnot_mcp.qarnot.http.call import MutationOutcome, RetryingCall
from qarnot_mcp.qarnot.http.responses import Resource, read_off_loop
from qarnot_mcp.qarnot.http.session import Session
from qarnot_mcp.qarnot.http.transport import Request
from qarnot_mcp.qarnot.identifiers import UUID, check_identifier


class Ending(Protocol):
    """What can be ended or deleted."""

    @property
    def uuid(self) -> str:
        """Its UUID."""

    @property
    def state(self) -> str:
        """Its state."""


Item = TypeVar("Item", bound=Ending)


@dataclass(frozen=True)
class Items(Generic[Item]):
    """The tasks, jobs or pools of a caller: how one is read, and the state of one that is being deleted."""

    session: Session
    noun: str
    read: Callable[[Any], Item]
    deleting: str = "PendingDelete"

    async def get(self, item_id: str) -> Item:
        """Return one of them (`GET /{noun}s/{id}`)."""
        item_id = check_identifier(item_id, self.noun)
        async with self.session.call() as call:
            return await self._get(call, item_id)

    async def stop(
        self, item_id: str, verb: str, participle: str, stopped: Set[str], ended: Set[str] = frozenset()
    ) -> Item:
        """Stop one of them and return it as it is afterwards (`POST /{noun}s/{id}/{verb}`, `GET /{noun}s/{id}`).

        One that is in one of the `stopped` states already is no error; one that the API refuses to stop as it has
        `ended` by itself raises `TaskEnded`.
        """
        item_id = check_identifier(item_id, self.noun)
        outcome = MutationOutcome(self.noun)
        with outcome.explained(participle):
            async with self.session.call() as call:
                outcome.call = call
                request = Request("POST", f"/{self.noun}s/{item_id}/{verb}", Resource(self.noun, item_id))
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
                    raise UnreadableResponse(f"the response to the {verb} was unexpected, and the {self.noun} goes on")
                return item

    async def delete(self, item_id: str, query: str = "") -> Item:
        """Delete one of them and return what it was (`GET /{noun}s/{id}`, `DELETE /{noun}s/{uuid}`)."""
        item_id = check_identifier(item_id, self.noun)
        outcome = MutationOutcome(self.noun)
        with outcome.explained("deleted"):
            async with self.session.call() as call:
                item = await self._get(call, item_id)
                # The shortname could pass to another one in between; the UUID cannot.
                name = item.uuid if UUID.fullmatch(item.uuid) else item_id
                call.maybe_done = False
                outcome.call = call
                request = Request("DELETE", f"/{self.noun}s/{name}{query}", Resource(self.noun, item_id))
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

    async def _get(self, call: RetryingCall, item_id: str) -> Item:
        response = await call.send(Request("GET", f"/{self.noun}s/{item_id}", Resource(self.noun, item_id)))
        return await read_off_loop(response, f"the {self.noun}", self.read)

    async def _check_deleted(self, call: RetryingCall, name: str) -> None:
        """Raise `UnreadableResponse` if it is still there after a delete with an unexpected response."""
        try:
            item = await self._get(call, name)
        except NotFound:
            return
        if item.state != self.deleting:
            raise UnreadableResponse(f"the response to the delete was unexpected, and the {self.noun} is still there")
