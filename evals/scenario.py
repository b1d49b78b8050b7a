"""A scenario as data: a file of `scenarios/` in TOML.

request = "..."             # in a user's words
answer = ["regex", ...]     # what the last answer has to say, any case
speed = 2000                # platform seconds in one second
buckets = ["film"]          # buckets before the request
[budget]
calls = 3                   # of tools
characters = 4000           # of their results
[[given]]                   # tasks before the request, in order
name = "fit"
command = "sh -c '...'"     # beside it: instances, tags, constants, and other fields of the API's task
after_seconds = 400         # how long ago the next one begins, in platform seconds
[[tasks]]                   # what must be true of the tasks afterwards
where = {name = "fit"}      # the API's fields; a text that begins with ~ is a regular expression
count = 1
is = {state = "Success"}    # fields of each of them
[calls]
tools = ["get_task"]        # each was called
never = ["delete_task"]     # none was called
[[requests]]                # what reached the API, beside the setting up
method = "POST"
path = "/tasks"
count = 0
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

SCENARIOS = Path(__file__).parent / "scenarios"


class Part(BaseModel):
    """A part of a scenario; a name that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Budget(Part):
    """The most that a good caller needs: calls of tools, and characters of their results."""

    calls: int
    characters: int


class Given(Part):
    """A task that is there before the request; `times` makes as many."""

    name: str
    command: str = ""
    instances: int = 1
    times: int = 1
    after_seconds: float = 0
    constants: Mapping[str, str] = Field(default_factory=dict)
    fields: Mapping[str, Any] = Field(default_factory=dict)

    def body(self, number: int) -> dict[str, Any]:
        """Return the body of `POST /tasks`."""
        constants = {
            "DOCKER_REPO": "library/ubuntu",
            "DOCKER_TAG": "24.04",
            "DOCKER_CMD": self.command,
            **self.constants,
        }
        return {
            "name": f"{self.name} {number}" if self.times > 1 else self.name,
            "profile": "docker-batch",
            "instanceCount": self.instances,
            "constants": [{"key": key, "value": value} for key, value in constants.items() if value],
            **self.fields,
        }


class TaskCheck(Part):
    """What must be true of the tasks whose fields are `where`."""

    where: Mapping[str, Any]
    count: int | None = None
    least: int | None = None
    holds: Mapping[str, Any] = Field(default_factory=dict, alias="is")


class CallCheck(Part):
    """Which tools had to be called, and which must not have been."""

    tools: tuple[str, ...] = ()
    never: tuple[str, ...] = ()


class RequestCheck(Part):
    """How many requests of a kind had to reach the API; the path is a regular expression."""

    method: str
    path: str
    count: int | None = None
    least: int | None = None


class Scenario(Part):
    """One request of a person, and how its outcome is judged."""

    name: str
    request: str
    budget: Budget
    speed: float = 2000
    given: tuple[Given, ...] = ()
    answer: tuple[str, ...] = ()
    tasks: tuple[TaskCheck, ...] = ()
    calls: CallCheck = CallCheck()
    requests: tuple[RequestCheck, ...] = ()
    toolsets: str = "default"
    buckets: tuple[str, ...] = ()

    @classmethod
    def read(cls, name: str) -> Self:
        """Read a scenario; raises `FileNotFoundError` for a name that there is not."""
        return cls.model_validate({"name": name, **tomllib.loads((SCENARIOS / f"{name}.toml").read_text())})


def names() -> list[str]:
    """Return the names of all scenarios."""
    return sorted(path.stem for path in SCENARIOS.glob("*.toml"))
