"""What a caller reads about arguments that a tool refuses."""

from typing import Any

import pytest

from qarnot_mcp.server.arguments import WrongArgumentsError, read_arguments
from qarnot_mcp.server.fastmcp_tools import schema_of
from qarnot_mcp.tools.checks import Arguments


def refusal_of(model: type[Arguments], **arguments: Any) -> str:
    """Return the message about arguments that cannot be right."""
    with pytest.raises(WrongArgumentsError) as raised:
        read_arguments(model, arguments, schema_of(model))
    return str(raised.value)
