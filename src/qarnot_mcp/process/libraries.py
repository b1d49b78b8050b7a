"""What is set at the libraries before they are imported: a start loads and builds what a server uses, nothing more."""

import os
import sys

from pydantic import BaseModel

COMMAND_LINES = ("httpx._main", "httpx2._main")


def prepare_libraries() -> None:
    """Spare the start what the libraries would do for nothing; call it before FastMCP is imported."""
    # FastMCP installs a log handler of its own when it is imported.
    os.environ["FASTMCP_LOG_ENABLED"] = "false"
    # httpx's command line, which brings a highlighter of code: httpx does without it where it cannot be imported.
    sys.modules.update(dict.fromkeys(COMMAND_LINES))  # type: ignore[arg-type]
    # The protocol alone has 500 models, of which one server uses fifty: each is built when it is used first.
    BaseModel.model_config["defer_build"] = True
