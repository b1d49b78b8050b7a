"""Requests and responses of the API, without the server that carries them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_json

from qarnot_mcp.sandbox.platform.account import Account
from qarnot_mcp.sandbox.platform.registry import Timestamp
from qarnot_mcp.sandbox.platform.task import Task
from qarnot_mcp.sandbox.wire.bodies import Body, parse_body
from qarnot_mcp.sandbox.wire.errors import ApiError
from qarnot_mcp.sandbox.wire.formats import XML_TYPE, Element, xml_document

JSON_TYPE = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """One request: its path in segments without `/v1`, its query in the given order, and its raw body."""

    method: str
    segments: tuple[str, ...]
    query: tuple[tuple[str, str], ...]
    body: bytes
    key: str
    late_seconds: float = 0.0
    """How long what this request creates stays out of sight."""
    storage: str | None = None
    """The address of the storage, as this caller reaches it; None where only this process could."""

    def query_value(self, name: str) -> str | None:
        """Return the value of a query parameter, whose name may be written in any case."""
        return next((value for key, value in self.query if key.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Response:
    """What goes back."""

    status: int
    content: bytes = b""
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default_factory=dict)


def json_response(document: Any, status: int = 200) -> Response:
    """Return a response with a JSON body."""
    return Response(status, to_json(document))


def xml_response(root: str, elements: Iterable[Element]) -> Response:
    """Return a response of the storage with an XML body."""
    return Response(200, xml_document(root, elements), XML_TYPE)


def created_response(noun: str, uuid: str) -> Response:
    """Return the response to a creation."""
    return Response(200, to_json({"uuid": uuid}), headers={"location": f"/v1/{noun}/{uuid}"})


def error_response(error: ApiError) -> Response:
    """Return the response that an error stands for."""
    return Response(error.status, to_json(error.document), f"{error.content_type}; charset=utf-8")


@dataclass(frozen=True, slots=True)
class RequestContext:
    """A request with the account of its key and the time at which it came."""

    request: Request
    account: Account
    timestamp: Timestamp

    @property
    def task(self) -> Task:
        """The task of a path `/tasks/{uuid or shortname}/...`; raises a 404 when there is none."""
        return self.account.tasks.find(self.request.segments[1], self.timestamp)

    def body(self) -> Body:
        """Return the JSON object in the request; raises a 400 when it is not one."""
        return Body(parse_body(self.request.body))


Handler = Callable[[RequestContext], Response]
Routes = dict[tuple[str, ...], Handler]
"""Handlers by method and path; a `*` stands for any segment."""


def empty_response(action: Callable[[RequestContext], object]) -> Handler:
    """Return a handler that does something, and has nothing to say of it."""

    def handle(context: RequestContext) -> Response:
        action(context)
        return Response(200)

    return handle
