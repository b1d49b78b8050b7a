"""Where jobs and pools are found: by the tool that lists them where this connection shows it, else in the console."""

from qarnot_mcp.qarnot.errors import NotFound, QarnotError
from qarnot_mcp.qarnot.platform import CONSOLE
from qarnot_mcp.tools.context import current_context


def where_listed(noun: str) -> str:
    """Say where jobs or pools are found; `noun` is `job` or `pool`."""
    tool = f"list_{noun}s"
    return f"{tool} shows the {noun}s." if current_context().shows(tool) else f"{_in_console(noun)}."


def message_here(error: QarnotError) -> str:
    """Return the message of an error, with the tool that lists what was not found where this connection shows it.

    The errors of the API's client know of no connection, and name the console.
    """
    message = str(error)
    if isinstance(error, NotFound) and (elsewhere := _in_console(error.kind)) in message:
        return message.replace(elsewhere, where_listed(error.kind).rstrip("."))
    return message


def _in_console(noun: str) -> str:
    return f"People find the {noun}s at {CONSOLE}"
