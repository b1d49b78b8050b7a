"""The log: all lines in one form, text or JSON."""

import json
import logging
import time
from typing import Any

from qarnot_mcp.settings.model import Settings
from qarnot_mcp.text.known_secrets import hide_in_log, secrets_of_process

CALL_FIELDS = ("tool", "outcome", "milliseconds", "upstream_calls", "request_id")


class TextLines(logging.Formatter):
    """Lines for people: time, level, message, and the details of a call."""

    default_msec_format = None

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
        self.converter = time.gmtime

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is logging's
        """Return one line; a traceback, if there is one, follows it."""
        fields = " ".join(
            f"{name}={value}" for name, value in _call_fields(record).items() if name not in ("tool", "outcome")
        )
        return super().formatMessage(record) + (f" {fields}" if fields else "")


class JsonLines(logging.Formatter):
    """Lines for machines: one JSON object each."""

    def __init__(self) -> None:
        super().__init__()
        self.converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        """Return one object; a traceback, if there is one, is the field `traceback`."""
        line: dict[str, Any] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_call_fields(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class MaskedLines(logging.Formatter):
    """The lines of another formatter, without what the server and the request being served know as secret."""

    def __init__(self, lines: logging.Formatter) -> None:
        super().__init__()
        self._lines = lines

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and the traceback that may follow it, masked."""
        return hide_in_log(self._lines.format(record))


def configure_logging(settings: Settings) -> None:
    """Set up logging for the process, on standard error.

    The libraries stay at INFO even where LOG_LEVEL is DEBUG: their debug lines show whole requests, with the
    constants of tasks and the headers of callers in them.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(MaskedLines(JsonLines() if settings.log_format == "json" else TextLines()))
    secrets = (settings.api_key, settings.store_url)
    secrets_of_process.learn(secret.get_secret_value() for secret in secrets if secret is not None)
    handler.addFilter(_is_no_disconnect)
    level = logging.getLevelName(settings.log_level)
    logging.basicConfig(level=max(level, logging.INFO), handlers=[handler], force=True)
    logging.getLogger("qarnot_mcp").setLevel(level)
    for noisy in ("httpx", "mcp", "fastmcp", "sse_starlette", "uvicorn.error"):
        logging.getLogger(noisy).setLevel(max(level, logging.WARNING))
    # It reports wrong arguments and defects of tools, which the line of the call says already.
    server = logging.getLogger("fastmcp.server.server")
    server.setLevel(max(level, logging.ERROR))
    server.addFilter(_is_not_of_a_call)


def _call_fields(record: logging.LogRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in CALL_FIELDS if hasattr(record, name)}


def _is_no_disconnect(record: logging.LogRecord) -> bool:
    """Leave out the traceback that the SDK logs when a client disconnects before its request has arrived."""
    kind = record.exc_info[0] if record.exc_info else None
    return kind is None or kind.__name__ != "ClientDisconnect"


def _is_not_of_a_call(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith("Error calling tool")
