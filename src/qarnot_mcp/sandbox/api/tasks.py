"""The compute API: which call does what, and how the answer looks. It does no I/O."""

from typing import Any

from pydantic_core import to_json

from qarnot_mcp.sandbox.api.pages import cut_page, read_page_request
from qarnot_mcp.sandbox.api.pools_and_jobs import service_routes
from qarnot_mcp.sandbox.api.routing import Answer, Call, Handler, Routes, Visit, json_answer, refusal_answer
from qarnot_mcp.sandbox.api.task_documents import SUMMARY_FIELDS
from qarnot_mcp.sandbox.commands.shell import Stream
from qarnot_mcp.sandbox.platform.account import Derivation
from qarnot_mcp.sandbox.platform.platform import Platform, Told
from qarnot_mcp.sandbox.platform.task import Task
from qarnot_mcp.sandbox.wire.bodies import Body, parse_body
from qarnot_mcp.sandbox.wire.errors import Refusal, bad_body, refused
from qarnot_mcp.sandbox.wire.json_objects import JsonObject

_MAX_BULK = 1000
_MAX_SEARCH_FIELDS = 100


class Api:
    """Answers calls from a platform."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self._profiles = {name: to_json(profile.document()) for name, profile in platform.profiles.items()}
        self._profile_names = to_json(list(platform.profiles))
        self._handlers = self._routes()
        self._paths = {key[1:] for key in self._handlers}

    def answer(self, call: Call) -> Answer:
        """The answer to a call; every refusal is an answer too."""
        try:
            if call.method == "GET" and call.segments in _PUBLIC:
                return json_answer(_PUBLIC[call.segments])
            account = self.platform.account(call.key)
            handler = self._find(call)
            return handler(Visit(call, account, self.platform.moment()))
        except Refusal as refusal:
            return refusal_answer(refusal)

    def _find(self, call: Call) -> Handler:
        lowered = tuple(segment.lower() for segment in call.segments)
        for stars in _STARS:
            path = tuple("*" if position in stars else segment for position, segment in enumerate(lowered))
            handler = self._handlers.get((call.method, *path))
            if handler is not None:
                return handler
            if path in self._paths:
                raise Refusal(405, {"message": f"{call.method} is not possible here"})
        raise refused(404, "There is no such endpoint")

    def _routes(self) -> Routes:
        routes: Routes = {
            **service_routes(),
            ("GET",): lambda visit: Answer(200),
            ("GET", "profiles"): lambda visit: Answer(200, self._profile_names),
            ("GET", "profiles", "*"): self._profile,
            ("GET", "tasks"): lambda visit: self._list(visit, summaries=False),
            ("POST", "tasks"): self._create,
            ("GET", "tasks", "summaries"): lambda visit: self._list(visit, summaries=True),
            ("POST", "tasks", "paginate"): lambda visit: self._paginate(visit, summaries=False),
            ("POST", "tasks", "summaries", "paginate"): lambda visit: self._paginate(visit, summaries=True),
            ("POST", "tasks", "search"): self._search,
            ("GET", "tasks", "*"): lambda visit: Answer(200, self.platform.told(visit.task, visit.moment).json),
            ("PUT", "tasks", "*"): self._update,
            ("PATCH", "tasks", "*"): self._refresh,
            ("DELETE", "tasks", "*"): self._delete,
            ("POST", "tasks", "*", "abort"): self._abort,
            ("POST", "tasks", "*", "snapshot"): _snapshot,
            ("POST", "tasks", "*", "snapshot", "periodic"): self._snapshot_periodically,
        }
        kinds: tuple[Derivation, ...] = ("retry", "recover", "resume", "clone")
        for kind in kinds:
            routes["POST", "tasks", "*", kind] = _deriving(kind)
        streams: tuple[Stream, ...] = ("stdout", "stderr")
        for stream in streams:
            for method in ("GET", "POST"):
                routes[method, "tasks", "*", stream] = _logging(stream, is_fresh=method == "POST")
                routes[method, "tasks", "*", stream, "*"] = _logging(stream, is_fresh=method == "POST")
        return routes

    def _profile(self, visit: Visit) -> Answer:
        document = self._profiles.get(visit.call.segments[1])
        if document is None:
            raise refused(404, f"No such profile: {visit.call.segments[1][:256]}")
        return Answer(200, document)

    def _create(self, visit: Visit) -> Answer:
        value = parse_body(visit.call.body)
        if not isinstance(value, list):
            task = visit.account.submit(Body(value), visit.moment, visit.call.late_seconds)
            return Answer(200, to_json({"uuid": task.uuid}), headers={"location": f"/v1/tasks/{task.uuid}"})
        if not 1 <= len(value) <= _MAX_BULK:
            raise refused(400, f"{len(value)} tasks at once; 1 to {_MAX_BULK} are possible")
        results = visit.account.submit_many(value, visit.moment, visit.call.late_seconds)
        statuses = {result["statusCode"] for result in results}
        return json_answer(results, statuses.pop() if len(statuses) == 1 else 207)

    def _told(self, visit: Visit) -> dict[str, Told]:
        return {task.uuid: self.platform.told(task, visit.moment) for task in visit.account.tasks(visit.moment)}

    def _list(self, visit: Visit, *, summaries: bool) -> Answer:
        wanted = {value for name, value in visit.call.query if name.lower() == "tag"}
        wanted |= {tag for value in wanted for tag in value.split(",")}
        told = [told for told in self._told(visit).values() if not wanted or wanted.intersection(told.document["tags"])]
        if summaries:
            return json_answer([_summary(each.document) for each in told])
        return Answer(200, b"[" + b",".join(each.json for each in told) + b"]")

    def _paginate(self, visit: Visit, *, summaries: bool) -> Answer:
        request = read_page_request(visit.body() if visit.call.body.strip() else Body({}))
        told = self._told(visit)
        page = cut_page([each.document for each in told.values()], request)
        data = (
            to_json([_summary(document) for document in page.tasks])
            if summaries
            else b"[" + b",".join(told[document["uuid"]].json for document in page.tasks) + b"]"
        )
        rest = to_json(
            {
                "count": len(page.tasks),
                "total": page.total,
                "isTruncated": page.next_token is not None,
                "nextToken": page.next_token,
            }
        )
        return Answer(200, b'{"data":' + data + b"," + rest[1:])

    def _search(self, visit: Visit) -> Answer:
        body = visit.body()
        select = body.value("select")
        fields = (select if isinstance(select, list) else Body(select).value("fields")) if select is not None else None
        if fields is not None and (not isinstance(fields, list) or len(fields) > _MAX_SEARCH_FIELDS):
            raise bad_body("select.fields", "Expected a list of field names.")
        documents = [told.document for told in self._told(visit).values()]
        size = body.integer("maximumResults")
        request = read_page_request(Body({"filter": body.value("filter")}))
        found = [document for document in documents if request.test(document)][: size if size and size > 0 else None]
        if fields:
            names = {str(name).lower() for name in fields}
            found = [{name: value for name, value in document.items() if name.lower() in names} for document in found]
        return json_answer(found)

    def _changed(self, task: Task) -> Answer:
        self.platform.forget_told(task)
        return Answer(200)

    def _update(self, visit: Visit) -> Answer:
        task = visit.task
        visit.account.update(task, visit.body(), visit.moment)
        return self._changed(task)

    def _refresh(self, visit: Visit) -> Answer:
        task = visit.task
        visit.account.refresh_resources(task, visit.moment)
        return self._changed(task)

    def _delete(self, visit: Visit) -> Answer:
        task = visit.task
        visit.account.delete(task, visit.moment)
        return self._changed(task)

    def _abort(self, visit: Visit) -> Answer:
        task = visit.task
        visit.account.abort(task, visit.moment)
        return self._changed(task)

    def _snapshot_periodically(self, visit: Visit) -> Answer:
        task, interval = visit.task, visit.body().integer("interval")
        if interval is None or interval < 0:
            raise refused(400, "Invalid snapshot configuration: interval")
        task.snapshot_interval_seconds = interval
        return self._changed(task)


_PUBLIC: dict[tuple[str, ...], Any] = {
    ("settings",): {"storage": None},
    ("versions",): [{"version": "v1", "endOfLife": None}],
}
_STARS = (frozenset[int](), frozenset({1}), frozenset({1, 3}), frozenset({2}), frozenset({3}))


def _summary(document: JsonObject) -> JsonObject:
    return {name: document[name] for name in SUMMARY_FIELDS if name in document}


def _deriving(kind: Derivation) -> Handler:
    def handle(visit: Visit) -> Answer:
        task = visit.account.derive(kind, visit.task, visit.body(), visit.moment, visit.call.late_seconds)
        return json_answer({"uuid": task.uuid})

    return handle


def _logging(stream: Stream, *, is_fresh: bool) -> Handler:
    def handle(visit: Visit) -> Answer:
        instance = visit.call.segments[3] if len(visit.call.segments) > 3 else None
        text = visit.account.log(visit.task, stream, instance, visit.moment, is_fresh)
        return Answer(200, to_json(text) if text else b"")

    return handle


def _snapshot(visit: Visit) -> Answer:
    visit.account.refresh_resources(visit.task, visit.moment)
    return json_answer({"id": f"snap_{visit.task.uuid}_{visit.moment.now}"})
