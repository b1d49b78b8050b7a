"""What a tool declares about itself, beside its function."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastmcp.tools.base import ToolResult

from qarnot_mcp.tools.answers import Result


@dataclass(frozen=True)
class ToolEntry:
    """A tool as it is registered: what it does, what it returns, and the scope that a token needs for it."""

    function: Callable[..., Awaitable[ToolResult]]
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
