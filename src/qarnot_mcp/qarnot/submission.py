"""Creating a task, a job or a pool so that a lost answer neither loses nor doubles it.

Each carries a shortname, which the API keeps unique. When the answer is lost, the shortname tells whether the task is
there. A shortname that the caller chose is looked up before, too: otherwise an older task with the same shortname could
pass for the new one.
"""

import asyncio
import re
import secrets
import unicodedata
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

from qarnot_mcp.metrics.recorder import recorder
from qarnot_mcp.qarnot import errors
from qarnot_mcp.qarnot.fields import NIL_UUID, Item
from qarnot_mcp.qarnot.http.responses import Resource, Response
from qarnot_mcp.qarnot.http.session import RetryingCall, Session
from qarnot_mcp.qarnot.http.transport import Request
from qarnot_mcp.qarnot.identifiers import UUID, check_shortname

NAME_CHARACTERS = 40
RANDOM_CHARACTERS = 12
# When to look for a task whose answer was lost, as parts of the time it may take to appear.
LOOKS = (0.0, 0.05, 0.15, 0.35, 0.65, 1.0, 1.1, 1.2)
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def make_shortname(name: str) -> str:
    """Make a shortname from a task's name: its letters and digits, and 12 random characters (59 bits)."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^A-Za-z0-9]+", "-", letters)[:NAME_CHARACTERS].strip("-").lower() or "task"
    return f"{slug}-{''.join(secrets.choice(_ALPHABET) for _ in range(RANDOM_CHARACTERS))}"


class NewResource(Protocol):
    """What a new task, job or pool is to be."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def shortname(self) -> str | None:
        """The unique id that the caller chose."""

    def to_api(self) -> dict[str, Any]:
        """Return the body of the POST that creates it."""


class Submission(BaseModel):
    """What was created; `found_again` where the answer was lost and it was looked up."""

    model_config = ConfigDict(frozen=True)

    uuid: str
    shortname: str
    name: str
    state: str
    found_again: bool = False


@dataclass(frozen=True)
class Endpoint:
    """Where something is created: its noun, the path of the POST, and what a 404 to it speaks of.

    `quota_message` is the text of `QuotaReached` where it is not that of tasks.
    """

    noun: str
    path: str
    missing: Resource
    first_state: str = "Submitted"
    quota_message: str | None = None


async def create(session: Session, new: NewResource, endpoint: Endpoint) -> Submission:
    """Create a task, job or pool; raises as `ItemsClient.create` does."""
    async with session.call(timed=False) as call:
        try:
            return await _Submit(call, new, session.owner, endpoint).run()
        except errors.QuotaReached as error:
            raise errors.QuotaReached(error.api_message, message=endpoint.quota_message) from None


class Found(Item):
    """What was found by its shortname."""


class _Submit:
    """One submit: two thirds of the call's time to send it, the rest to look for it where the answer is lost."""

    def __init__(self, call: RetryingCall, new: NewResource, owner: str, endpoint: Endpoint) -> None:
        self._call = call
        self._limits = call.transport.limits
        self._name = new.name
        self._noun = endpoint.noun
        self._first_state = endpoint.first_state
        self._is_own = new.shortname is None
        self._shortname = make_shortname(new.name) if new.shortname is None else new.shortname
        name = (owner, endpoint.noun, self._shortname)
        self._lock = call.transport.submits.setdefault(name, asyncio.Lock())
        check_shortname(self._shortname)
        body = new.to_api() | {"shortname": self._shortname}
        self._post = Request("POST", endpoint.path, endpoint.missing).with_json(body)
        self._get = Request("GET", f"/{self._noun}s/{self._shortname}", Resource(self._noun, self._shortname))
        self._is_posted = False

    async def run(self) -> Submission:
        """Go through all of it, in the time of one call."""
        look_up_seconds = self._limits.call_seconds / 3
        async with AsyncExitStack() as held:
            try:
                async with self._call.within(self._limits.call_seconds - look_up_seconds):
                    # Two submits with one shortname, of one caller: the second one finds what the first created.
                    await held.enter_async_context(self._lock)
                    if not self._is_own:
                        await self._refuse_taken()
                    return await self._send()
            except errors.ApiUnavailable as error:
                if not self._is_posted:
                    raise errors.NotStarted(self._shortname, error) from error
                return await self._look_for_it(error, look_up_seconds)

    async def _send(self) -> Submission:
        """Send it; again only after an answer, or a failure to connect, that means that nothing was begun."""
        while True:
            is_first, self._is_posted = not self._is_posted, True
            try:
                answer = await self._call.send_once(self._post)
            except (errors.BadRequest, errors.Conflict) as error:
                if isinstance(error, errors.BadRequest) and "shortname" not in error.api_message.lower():
                    raise
                return await self._explain_taken(error, is_ours=not is_first)
            except errors.ApiUnavailable as error:
                if error.may_have_worked:
                    raise
                self._is_posted = isinstance(error, errors.RateLimited) or not is_first
                wait = self._call.retries.wait_before_next(error)
                if wait is None:
                    raise
                await self._call.transport.sleep(wait)
            else:
                self._call.retries.succeeded()
                uuid = _new_uuid(answer, self._noun)
                return Submission(uuid=uuid, shortname=self._shortname, name=self._name, state=self._first_state)

    async def _refuse_taken(self) -> None:
        """Raise `ShortnameTaken` where a thing of this kind has the shortname already."""
        try:
            found = self._read(await self._call.send(self._get))
        except errors.NotFound:
            return
        raise self._taken_by(found)

    async def _explain_taken(self, error: errors.ApiRefused, *, is_ours: bool) -> Submission:
        """Say what has the shortname that the API refused; after a first try it is the one wanted."""
        try:
            found = self._read(await self._call.send(self._get))
        except (errors.ApiUnavailable, errors.NotFound):
            raise error from None
        if is_ours:
            return self._found(found)
        raise self._taken_by(found) from None

    def _taken_by(self, found: Found) -> errors.ShortnameTaken:
        return errors.ShortnameTaken(
            self._shortname, uuid=found.uuid, name=found.name, state=found.state, noun=self._noun
        )

    async def _look_for_it(self, cause: errors.ApiUnavailable, seconds: float) -> Submission:
        """Look for it, more than once, as it may appear late; only a last look that finds none is a no."""
        # A 429 says that nothing was begun: one look makes sure, and a failure of that look changes nothing.
        looks = LOOKS if cause.may_have_worked else (0.0,)
        patience = min(self._limits.look_up_seconds, seconds * 2 / 3)
        waited, is_missing = 0.0, not cause.may_have_worked
        try:
            async with self._call.within(seconds):
                for part in looks:
                    await self._call.transport.sleep(part * patience - waited)
                    waited = part * patience
                    try:
                        return self._found(self._read(await self._call.send_once(self._get)))
                    except errors.NotFound:
                        is_missing = True
                        if part >= 1:
                            break
                    except errors.QarnotError:
                        is_missing = not cause.may_have_worked
        except errors.TimedOut:
            is_missing = not cause.may_have_worked
        if is_missing:
            raise errors.NotStarted(self._shortname, cause) from cause
        raise errors.SubmitUnknown(self._shortname, cause, self._noun) from cause

    def _read(self, answer: Response) -> Found:
        """Read what was found, and make sure that it is the one with the shortname."""
        found = Found.read(answer.json(f"the {self._noun}"))
        if (found.shortname or "").lower() != self._shortname.lower():
            raise errors.UnreadableResponse(f"the {self._noun} found by its shortname has another one")
        return found

    def _found(self, found: Found) -> Submission:
        recorder().add("submits_found")
        return Submission(
            uuid=found.uuid, shortname=self._shortname, name=found.name, state=found.state, found_again=True
        )


def _new_uuid(answer: Response, noun: str) -> str:
    created = answer.json(f"the new {noun}")
    uuid = created.get("uuid") if isinstance(created, Mapping) else None
    if not isinstance(uuid, str) or not UUID.fullmatch(uuid) or uuid == NIL_UUID:
        raise errors.UnreadableResponse(f"the new {noun}: uuid is missing")
    return uuid
