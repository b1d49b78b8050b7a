"""The steps of a pipeline: each is a new task with a name, and waits for ends of others. No step is sent from here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, ValidationError, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from qarnot_mcp.qarnot.errors import InvalidArgument, QarnotError
from qarnot_mcp.text.cleaning import one_line
from qarnot_mcp.tools.answers import first_of
from qarnot_mcp.tools.checks import FIRST_FAULT, at_most, closest_matches, text_line
from qarnot_mcp.tools.submission.request import NAME_CHARACTERS, shown
from qarnot_mcp.tools.tasks.new_task import CONSTANTS_BY_KEY, NewTask

MAX_STEPS = 50
NAMES_SHOWN = 10
PLACE_CHARACTERS = 60
FAULTS_SHOWN = 2
FinalState = Literal["success", "failure", "cancelled"]
DEFAULT_ON: tuple[FinalState, ...] = ("success",)
LISTED = ("name", "profile", "constants", "instance_count", "resource_buckets", "result_bucket", "after", "on")
"""The parameters that the schema lists: a step takes the others of a new task, too."""
ELSEWHERE: Mapping[str, str] = {
    "pool_uuid": "Give it to the pipeline: all of its steps run in that pool.",
    "job_uuid": "The pipeline makes a job of its own.",
    "dependencies": "after names the steps that it waits for.",
    "shortname": "Give one to the pipeline: it makes a second try safe.",
    "validate_only": "Give it to the pipeline, which is checked as a whole.",
    "accept_warnings": "Give it to the pipeline, which is checked as a whole.",
    "max_wall_time": "Give it to the pipeline: it holds for all of its steps together.",
    "wait_seconds": "get_job with wait_seconds follows the steps.",
    "rerun_of": "A step is a new task; submit_task repeats one.",
    "rerun": "A step is a new task; submit_task repeats one.",
    "append_to_command": "A step is a new task; give its whole command in constants.",
}
"""Parameters of submit_task that no step takes, with what to do instead."""


class WrongStep(InvalidArgument):
    """A step that is not valid, or steps that do not fit together; nothing was sent."""

    def __init__(self, reason: str) -> None:
        self.parameter = "steps"
        QarnotError.__init__(self, f"steps: {reason}")


def as_states(given: object) -> object:
    """Return the ends that are meant: a single one without its list, and any case."""
    entries = [given] if isinstance(given, str) else given
    if isinstance(entries, list):
        return [entry.strip().lower() if isinstance(entry, str) else entry for entry in entries]
    return entries


def as_names(given: object) -> object:
    """Return the names that are meant: a single one without its list."""
    return [given] if isinstance(given, str) else given


class Step(NewTask):
    """One step: a new task, the steps that end before it, and the ends of theirs that let it start."""

    name: Annotated[str, text_line(NAME_CHARACTERS, "after names steps by it.")]
    after: Annotated[list[str], FIRST_FAULT, BeforeValidator(as_names), at_most(MAX_STEPS, "names")] | None = Field(
        None, description="Names of the steps that end before it starts.", exclude=True
    )
    on: Annotated[list[FinalState], FIRST_FAULT, BeforeValidator(as_states), at_most(3, "ends")] | None = Field(
        None, description="How each of those must end, default success; else this step never runs.", exclude=True
    )

    @model_validator(mode="before")
    @classmethod
    def check_parameters(cls, given: object) -> object:
        """Check that no parameter is unknown or belongs elsewhere; drop those without a value."""
        if not isinstance(given, dict):
            return given
        kept = {name: value for name, value in given.items() if not (value is None or value == "" or value == [])}
        for name, hint in ELSEWHERE.items():
            if name in kept and kept.pop(name) not in (False, 0):
                raise WrongStep(f"{name} is not for a step. {hint}")
        for name in kept:
            if name not in cls.model_fields:
                near = closest_matches(name, cls.model_fields, most=1)
                meant = f" Did you mean {near[0]}?" if near else ""
                raise WrongStep(
                    f"{one_line(name, PLACE_CHARACTERS)} is no parameter of a step.{meant} A step takes name, after, "
                    "on, and what submit_task takes for a new task."
                )
        return kept

    @model_validator(mode="after")
    def check_order(self) -> "Step":
        """Check that conditions have something that they are about."""
        if self.on and not self.after:
            raise InvalidArgument("on", ", ".join(self.on), "it together with after", "after names the steps.")
        return self

    def check_where_it_runs(self) -> None:
        """Check nothing here: the pipeline says whether it has a pool."""

    @property
    def names_awaited(self) -> list[str]:
        """The steps that end before it, each once."""
        return list(dict.fromkeys(self.after or ()))

    @property
    def conditions(self) -> list[FinalState]:
        """The ends that let it start, each once."""
        return list(dict.fromkeys(self.on or DEFAULT_ON))

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return the schema with the most usual parameters only, and what is said of them in submit_task left out."""
        schema = handler.resolve_ref_schema(handler(core))
        schema.pop("description", None)
        properties = {name: schema["properties"][name] for name in LISTED}
        for name, held in properties.items():
            if name not in ("after", "on"):
                held.pop("description", None)
        properties["constants"] = CONSTANTS_BY_KEY
        return {**schema, "properties": properties, "additionalProperties": True}


def read_steps(given: object) -> object:
    """Return steps that are valid each by itself; raises `WrongStep` for the first that is not, by its name."""
    if not isinstance(given, list):
        return given
    return [_read_step(entry, number) for number, entry in enumerate(given, 1)]


def _read_step(given: object, number: int) -> Step:
    try:
        return Step.model_validate(given)
    except ValidationError as error:
        name = given.get("name") if isinstance(given, dict) else None
        place = f"{number} ({shown(name)})" if isinstance(name, str) and name.strip() else str(number)
        reasons = dict.fromkeys(_reason(fault) for fault in error.errors(include_url=False)[:FAULTS_SHOWN])
        raise WrongStep(f"step {place}: {' '.join(reasons)}") from None


def _reason(fault: Any) -> str:
    """Say what is wrong with a step; what was given is not repeated, as it may be secret."""
    ours = fault.get("ctx", {}).get("error")
    if isinstance(ours, InvalidArgument):
        return str(ours).removeprefix("steps: ")
    place = one_line(".".join(map(str, fault["loc"])), PLACE_CHARACTERS)
    said = "is missing" if fault["type"] == "missing" else f"does not fit: {one_line(fault['msg'], 200)}"
    return f"{place} {said}." if place else "give an object with name, and what submit_task takes."


Steps = Annotated[list[Step], BeforeValidator(read_steps), at_most(MAX_STEPS, "steps")]


def check_steps(steps: Sequence[Step]) -> None:
    """Check what the steps say together: names once, known names in `after`, and no circle."""
    if not steps:
        raise WrongStep("there are none: give at least one, with a name and what submit_task takes.")
    numbers: dict[str, int] = {}
    for number, step in enumerate(steps, 1):
        if (first := numbers.setdefault(step.name, number)) != number:
            raise WrongStep(f"steps {first} and {number} are both named {shown(step.name)}: give each name once.")
    for step in steps:
        for name in step.names_awaited:
            if name not in numbers:
                near = closest_matches(name, [known for known in numbers if known != step.name], most=1)
                meant = f" Did you mean {shown(near[0])}?" if near else ""
                raise WrongStep(
                    f"step {shown(step.name)} is after {shown(name)}, which is no step.{meant} There are "
                    f"{some(list(numbers))}."
                )
    list(generations(steps))


def generations(steps: Sequence[Step]) -> Iterator[list[Step]]:
    """Yield the steps that can run at the same time, those that wait for none first, and each time as they were given.

    Raises `WrongStep`, which draws it, where steps wait for each other in a circle.
    """
    by_name = {step.name: step for step in steps}
    sorter = TopologicalSorter({step.name: step.names_awaited for step in steps})
    try:
        sorter.prepare()
    except CycleError as error:
        circle = [shown(name) for name in error.args[1]]
        drawn = circle if len(circle) <= NAMES_SHOWN else [*circle[: NAMES_SHOWN - 2], "...", circle[-1]]
        raise WrongStep(
            f"after goes in a circle, so none of these could ever start: {' -> '.join(drawn)} (an arrow leads to a "
            "step that waits for the one before it). Take one of these names out of after."
        ) from None
    places = {name: place for place, name in enumerate(by_name)}
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=places.__getitem__)
        yield [by_name[name] for name in ready]
        sorter.done(*ready)


def ancestors(steps: Sequence[Step]) -> dict[str, frozenset[str]]:
    """Return all steps that have ended when a step starts, by its name."""
    found: dict[str, frozenset[str]] = {}
    for generation in generations(steps):
        for step in generation:
            awaited = step.names_awaited
            found[step.name] = frozenset(awaited).union(*(found[name] for name in awaited))
    return found


@dataclass(frozen=True)
class StepTask:
    """The task of a step, in the job of the pipeline; `uuids` are those of the tasks that exist, by step."""

    step: Step
    job_uuid: str
    uuids: Mapping[str, str] = field(default_factory=dict)
    shortname: str | None = None

    @property
    def name(self) -> str:
        """The name of the task, which is that of the step."""
        return self.step.name

    def to_api(self) -> dict[str, Any]:
        """Return the body of `POST /tasks`."""
        body = self.step.to_api() | {"jobUuid": self.job_uuid}
        if self.step.names_awaited:
            conditions = self.step.conditions
            body["dependencies"] = {
                "advancedDependsOn": [
                    {"taskUuid": self.uuids[name], "taskFinalStateCondition": conditions}
                    for name in self.step.names_awaited
                ]
            }
        return body


def some(names: Sequence[str], most: int = NAMES_SHOWN) -> str:
    """Return the first of some names, and how many more there are."""
    return first_of([shown(name) for name in names], most)
