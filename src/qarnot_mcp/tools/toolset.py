"""What a tool declares about itself, and the sets in which tools are shown or hidden together."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property

from fastmcp.tools.base import ToolResult

from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.tools.answers import Result
from qarnot_mcp.tools.checks import Arguments, closest_matches

ALL = "all"


@dataclass(frozen=True)
class ToolEntry:
    """A tool as it is registered: what it does, what it returns, and the scope that a token needs for it.

    `destroys` what cannot be undone: it deletes, overwrites, stops, or spends credits.
    """

    function: Callable[..., Awaitable[Result | ToolResult]]
    title: str
    result: type[Result]
    scope: str
    writes: bool = False
    destroys: bool = False
    idempotent: bool = True
    has_view: bool = False

    @property
    def name(self) -> str:
        """The name by which a model calls it."""
        return self.function.__name__

    @cached_property
    def arguments(self) -> type[Arguments]:
        """The model of its arguments: the type of what the function takes."""
        (parameter,) = inspect.signature(self.function).parameters.values()
        model: type[Arguments] = parameter.annotation
        return model


@dataclass(frozen=True)
class Toolset:
    """Tools that are shown or hidden together; `about` says in a few words what they make possible.

    `covers` names what is out of reach on a connection that does not show them.
    """

    name: str
    about: str
    tools: tuple[ToolEntry, ...] = ()
    covers: str = ""


@dataclass(frozen=True)
class Registry:
    """The tool sets of a server; the first of them is always shown."""

    toolsets: tuple[Toolset, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of all sets."""
        return tuple(toolset.name for toolset in self.toolsets)

    @cached_property
    def with_tools(self) -> frozenset[str]:
        """The names of the sets that have tools in this version."""
        return frozenset(toolset.name for toolset in self.toolsets if toolset.tools)

    @cached_property
    def tools(self) -> dict[str, ToolEntry]:
        """Every tool by its name, in the order in which they are listed."""
        return {entry.name: entry for toolset in self.toolsets for entry in toolset.tools}

    @cached_property
    def toolset_of(self) -> dict[str, str]:
        """The name of the set of each tool."""
        return {entry.name: toolset.name for toolset in self.toolsets for entry in toolset.tools}

    def select(self, given: str, parameter: str, everything: frozenset[str] | None = None) -> frozenset[str]:
        """Return the first set and those that a text names, separated by commas.

        `all` stands for `everything`, else for the sets that have tools. Raises `InvalidArgument` for a name that no
        set has; `parameter` tells the reader where it was given.
        """
        selected = {self.names[0]}
        for name in filter(None, (part.strip().lower() for part in given.split(","))):
            if name == ALL:
                selected |= self.with_tools if everything is None else everything
            elif name in self.names:
                selected.add(name)
            else:
                valid = f"{ALL}, or names separated by commas: {', '.join(self.names)}"
                raise InvalidArgument(
                    parameter, name, valid, f"The nearest one is {closest_matches(name, self.names, 1, 0.0)[0]}."
                )
        return frozenset(selected)
