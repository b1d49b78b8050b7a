"""The loggers of the process, which a test that configures them gives back as they were."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

LIBRARIES = ("httpx", "mcp", "fastmcp", "sse_starlette", "uvicorn.error", "fastmcp.server.server", "qarnot_mcp")


@contextmanager
def logging_restored() -> Iterator[None]:
    """Restore handlers, levels and filters at the end."""
    root, fastmcp, server = (logging.getLogger(name) for name in (None, "fastmcp", "fastmcp.server.server"))
    handlers, level, propagate, filters = root.handlers[:], root.level, fastmcp.propagate, server.filters[:]
    own, levels = fastmcp.handlers[:], {name: logging.getLogger(name).level for name in LIBRARIES}
    try:
        yield
    finally:
        root.handlers[:], root.level, fastmcp.propagate, server.filters[:] = handlers, level, propagate, filters
        fastmcp.handlers[:] = own
        for name, before in levels.items():
            logging.getLogger(name).setLevel(before)
