"""The server's log as text and as JSON, and what of the libraries gets into it."""

import asyncio
import json
import logging
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import pytest

from qarnot_mcp.process.log_setup import JsonLines, MaskedLines, TextLines, configure_logging
from qarnot_mcp.text.known_secrets import known_secrets, serving
from tests.support.loggers import LIBRARIES
from tests.support.running_server import running_server, settings_for

pytestmark = pytest.mark.usefixtures("logging_as_it_was")

FACTS = {"tool": "get_task", "outcome": "ok", "milliseconds": 1.5, "upstream_calls": 2, "request_id": "abc"}


def record(text: str, facts: Mapping[str, object] = FACTS, error: BaseException | None = None) -> logging.LogRecord:
    exc_info = (type(error), error, error.__traceback__) if error else None
    made = logging.LogRecord("qarnot_mcp.server.middleware", logging.INFO, "calls.py", 1, text, None, exc_info)
    made.created = 0.0
    made.__dict__.update(facts)
    return made


def test_a_text_line_has_time_level_message_and_facts() -> None:
    line = TextLines().format(record("get_task ok"))
    assert line == "1970-01-01T00:00:00Z INFO    get_task ok milliseconds=1.5 upstream_calls=2 request_id=abc"
    assert TextLines().format(record("started", {})) == "1970-01-01T00:00:00Z INFO    started"


def test_the_facts_stand_before_a_traceback() -> None:
    first, *rest = TextLines().format(record("get_task defect", error=raised())).splitlines()
    assert first.endswith("request_id=abc")
    assert rest[0].startswith("Traceback")
    assert rest[-1] == "RuntimeError: broken"


def test_a_json_line_is_one_object() -> None:
    line = JsonLines().format(record("a\nb é"))
    assert "\n" not in line
    assert json.loads(line) == {
        "time": "1970-01-01T00:00:00Z",
        "level": "INFO",
        "logger": "qarnot_mcp.server.middleware",
        "message": "a\nb é",
        **FACTS,
    }


def test_a_json_line_carries_a_traceback_as_a_field() -> None:
    line = JsonLines().format(record("get_task defect", error=raised()))
    assert "\n" not in line
    assert json.loads(line)["traceback"].endswith("RuntimeError: broken")


def raised() -> RuntimeError:
    try:
        raise RuntimeError("broken")
    except RuntimeError as error:
        return error


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_libraries_stay_quiet_where_the_level_is_debug(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(settings_for("http://127.0.0.1:9", log_level="DEBUG", log_format=form))
    logging.getLogger("qarnot_mcp.web.app").debug("ours")
    for name in LIBRARIES[:-1]:
        logging.getLogger(name).info("theirs, with a key")
    logging.getLogger("httpx").warning("a warning")
    written = capsys.readouterr().err
    assert len(written.splitlines()) == 2
    assert "ours" in written
    assert "a warning" in written


def test_what_the_line_of_a_call_says_is_not_said_twice(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(settings_for("http://127.0.0.1:9"))
    fastmcp = logging.getLogger("fastmcp")
    fastmcp.propagate, fastmcp.handlers[:] = True, []  # as it is where FASTMCP_LOG_ENABLED is false
    server = logging.getLogger("fastmcp.server.server")
    server.warning("Invalid arguments for tool 'get_task'")
    server.error("Error calling tool 'get_task'")
    server.error("Error reading resource 'qarnot://tasks/x'")
    (line,) = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"\S+ ERROR   Error reading resource 'qarnot://tasks/x'", line)


def test_only_errors_where_the_level_is_error(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(settings_for("http://127.0.0.1:9", log_level="ERROR"))
    for name in LIBRARIES:
        logging.getLogger(name).warning("quiet")
    logging.getLogger("qarnot_mcp").error("loud")
    assert capsys.readouterr().err.splitlines()[0].endswith("loud")


class Heard(logging.Handler):
    """Tells when something is logged."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.event = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.event.set()


async def test_a_client_that_hangs_up_within_its_request_is_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(settings_for("http://api.invalid"))
    logging.getLogger("mcp").addHandler(heard := Heard())
    async with running_server() as server:
        address = urlsplit(server.url)
        _, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(
            f"POST {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {server.key}\r\n"
            "Accept: application/json, text/event-stream\r\nContent-Type: application/json\r\n"
            'Content-Length: 500\r\n\r\n{"jsonrpc"'.encode()
        )
        await writer.drain()
        writer.close()
        async with asyncio.timeout(10):
            await heard.event.wait()
    logging.getLogger("mcp").removeHandler(heard)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("lines", [TextLines(), JsonLines()])
def test_a_key_that_a_library_logs_while_a_request_is_served_is_hidden(lines: logging.Formatter) -> None:
    key = 'the-key-of-"a"-caller'
    with serving():
        known_secrets().learn([key])
        line = MaskedLines(lines).format(record(f"cannot use {key}", error=ValueError(f"not {key!r} but 'x'")))
    assert "of-" not in line
    assert line.count("[hidden]") >= 2
    if isinstance(lines, JsonLines):
        assert json.loads(line)["message"] == "cannot use [hidden]"
