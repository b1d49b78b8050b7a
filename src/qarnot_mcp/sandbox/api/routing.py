"""A call of the API and its answer, without the server that carries them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_json

from qarnot_mcp.sandbox.platform.account import Account, Moment
from qarnot_mcp.sandbox.platform.task import Task
from qarnot_mcp.sandbox.wire.bodies import Body, parse_body
from qarnot_mcp.sandbox.wire.errors import Refusal

JSON_TYPE = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Call:
    """One request: its path in segments without `/v1`, its query in the given order, and its raw body."""

    method: str
    segments: tuple[str, ...]
    query: tuple[tuple[str, str], ...]
    body: bytes
    key: str
    late_seconds: float = 0.0
    """How long a task that this call creates stays out of sight."""

    def query_value(self, name: str) -> str | None:
        """The value of a query parameter, its name in any case."""
        return next((value for key, value in self.query if key.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back."""

    status: int
    content: bytes = b""
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(document: Any, status: int = 200) -> Answer:
    """An answer with a JSON body."""
    return Answer(status, to_json(document))


def refusal_answer(refusal: Refusal) -> Answer:
    """The answer of a refusal, in its own shape."""
    return Answer(refusal.status, to_json(refusal.document), f"{refusal.content_type}; charset=utf-8")


@dataclass(frozen=True, slots=True)
class Visit:
    """A call with the account whose key it brings and the time at which it came."""

    call: Call
    account: Account
    moment: Moment

    @property
    def task(self) -> Task:
        """The task of a path `/tasks/{uuid or shortname}/...`; a 404 where there is none."""
        return self.account.find(self.call.segments[1], self.moment)

    def body(self) -> Body:
        """The JSON object in the request; a 400 where it is none."""
        return Body(parse_body(self.call.body))


Handler = Callable[[Visit], Answer]
Routes = dict[tuple[str, ...], Handler]
"""Handlers by method and path; a `*` stands for any segment."""
