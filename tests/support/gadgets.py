"""A registry with tool sets that only the tests have: what a further set costs, and what one can go wrong with."""

from typing import Annotated

from pydantic import Field

from qarnot_mcp.auth.mode import READ_SCOPE, WRITE_SCOPE
from qarnot_mcp.tools.answers import Result
from qarnot_mcp.tools.checks import Arguments, NoArguments
from qarnot_mcp.tools.context import current_client
from qarnot_mcp.tools.registry import REGISTRY
from qarnot_mcp.tools.toolset import Registry, ToolEntry, Toolset


class Gadgets(Result):
    """What every tool of these sets returns."""

    names: list[str]


class MakeGadget(Arguments):
    """The arguments of make_gadget."""

    name: Annotated[str, Field(description="Name of the gadget.")]


class BreakGadget(Arguments):
    """The arguments of break_gadget."""

    task_uuid: Annotated[str, Field(description="A task.")]


async def list_gadgets(_: NoArguments) -> Gadgets:
    """List the gadgets."""
    return Gadgets(names=["cog", "spring"])


async def make_gadget(arguments: MakeGadget) -> Gadgets:
    """Make a gadget."""
    return Gadgets(names=[arguments.name])


async def break_gadget(arguments: BreakGadget) -> Gadgets:
    """Delete a task, although it is declared as one that reads."""
    await current_client().tasks.delete(arguments.task_uuid)
    return Gadgets(names=[])


async def read_plans(_: NoArguments) -> Gadgets:
    """Read plans that only people with the writing scope may see."""
    return Gadgets(names=["blueprint"])


WORKSHOP = Toolset(
    "workshop",
    "make gadgets",
    (
        ToolEntry(list_gadgets, "List gadgets", Gadgets, READ_SCOPE),
        ToolEntry(make_gadget, "Make a gadget", Gadgets, WRITE_SCOPE, writes=True),
        ToolEntry(break_gadget, "Break a gadget", Gadgets, READ_SCOPE),
    ),
)
VAULT = Toolset("vault", "read plans", (ToolEntry(read_plans, "Read plans", Gadgets, WRITE_SCOPE),))
EMPTY = Toolset("attic", "nothing yet")
GADGETS = Registry((REGISTRY.toolsets[0], WORKSHOP, VAULT, EMPTY))
