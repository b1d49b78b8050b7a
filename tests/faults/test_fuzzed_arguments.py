"""Hostile arguments of every tool: each call ends soon, in a sentence where it fails, and the server goes on.

`FUZZ_EXAMPLES` says how many calls are made.
"""

import asyncio
import json
import logging
import os
import re
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qarnot_mcp.qarnot.errors import MESSAGE_CHARACTERS
from qarnot_mcp.server.fastmcp_tools import schema_of
from qarnot_mcp.tools.registry import REGISTRY
from tests.support.arguments import fitting_arguments
from tests.support.running_server import ERAS, Era, RunningServer, running_server, submitted

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "50"))
MAX_CPU_SECONDS = 2.0
MAX_SENTENCE_CHARACTERS = 4 * MESSAGE_CHARACTERS
# The server reads no request that is larger than 256 KiB.
MAX_VALUE_BYTES = 240_000
# Words on one line, without what steers a terminal or the direction of reading, that end as sentences do.
SENTENCE = re.compile(
    r"[^\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]{10,}[.:?]\s*", re.ASCII
)
VERSIONS: Mapping[Era, str] = {"auto": "2026-07-28", "legacy": "2025-11-25"}
META = {
    "io.modelcontextprotocol/protocolVersion": VERSIONS["auto"],
    "io.modelcontextprotocol/clientInfo": {"name": "fuzz", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}

NAMES = sorted({name for entry in REGISTRY.tools.values() for name in schema_of(entry.arguments)["properties"]})

HOSTILE_CHARACTERS = st.one_of(
    st.characters(min_codepoint=0x00, max_codepoint=0x1F),
    st.characters(min_codepoint=0x7F, max_codepoint=0x9F),
    st.sampled_from("\u202a\u202b\u202d\u202e\u202c\u2066\u2067\u2068\u2069\u200e\u200f\u061c"),
    st.characters(min_codepoint=0xE0000, max_codepoint=0xE007F),
    st.sampled_from("\ud83d\U0001f989"),
    st.sampled_from("\u200b\u2028\u2029\ufeff\ufffe\uffff\u0301\u1160\U0010ffff'\"`\\/%${}<>&;|*?[](),.:-+^=# "),
    st.characters(min_codepoint=0x20, max_codepoint=0x7E),
)
TEXTS = st.text(HOSTILE_CHARACTERS, max_size=40).map(json.dumps)
RUNS = st.tuples(
    st.one_of(
        HOSTILE_CHARACTERS,
        st.sampled_from(["a", "../", "\x1b[31m", "a,", "0-", "{{", "(a*)*", "\\", "%2e", "1,", "\n", "**/", "<b>"]),
    ),
    st.sampled_from([100, 1_000, 10_000, 250_000]),
).map(lambda run: json.dumps(run[0] * min(run[1], MAX_VALUE_BYTES // len(json.dumps(run[0])))))
TELLING_TEXTS = st.sampled_from(
    [
        "../../etc/passwd",
        "..",
        "%00",
        "$(id)",
        "{uuid}",
        "{uuid}\n",
        "{uuid}/../../profiles",
        "00000000-0000-0000-0000-000000000000",
        "(" * 1000,
        "(a{0,900}){900}",
        "[[:alpha:]]{1000}(?P<a>.)",
        "1-99999999999",
        "0-4294967295," * 500,
        "-1",
        "99999-12-31T23:59:59Z",
        "0000-00-00",
        "null",
        "[" * 5000,
        '{"a":' * 500,
        '["' + "a" * 500 + '"]',
        "NaN",
        "1e999",
        "９９",
        "sandbox-empty",
    ]
).map(json.dumps)
NUMBERS = st.one_of(
    st.integers().map(str),
    st.integers(min_value=-3, max_value=300).map(str),
    st.sampled_from(
        [
            "1e999",
            "-1e999",
            "NaN",
            "Infinity",
            "1e-400",
            "-0",
            "0.1",
            "9" * 400,
            "9" * 5000,
            "1" + "0" * 20,
            "2147483648",
        ]
    ),
)
DEEP = st.tuples(
    st.sampled_from([("[", "]"), ('{"key":', "}"), ('[{"value":', "}]")]), st.sampled_from([10, 100, 190, 500, 5_000])
).map(lambda part: part[0][0] * part[1] + "1" + part[0][1] * part[1])
LEAVES = st.one_of(TEXTS, TELLING_TEXTS, RUNS, NUMBERS, DEEP, st.sampled_from(["null", "true", "false", "[]", "{}"]))
KEYS = st.one_of(st.sampled_from(["key", "value", "discriminator", "dependsOn", *NAMES]).map(json.dumps), TEXTS)


def as_object(fields: list[tuple[str, str]]) -> str:
    return "{" + ",".join(f"{name}:{value}" for name, value in fields) + "}"


def as_list(entries: list[str]) -> str:
    return "[" + ",".join(entries) + "]"


LONG_LISTS = st.tuples(LEAVES, st.sampled_from([20, 200, 20_000])).map(
    lambda many: as_list([many[0]] * min(many[1], MAX_VALUE_BYTES // (len(many[0]) + 1)))
)
VALUES = st.recursive(
    LEAVES | LONG_LISTS,
    lambda parts: (
        st.lists(parts, max_size=4).map(as_list) | st.lists(st.tuples(KEYS, parts), max_size=4).map(as_object)
    ),
    max_leaves=5,
)


def of_type(schema: Mapping[str, Any]) -> st.SearchStrategy[str]:
    """Hostile values of the type that a parameter takes."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"]).map(json.dumps)
    match schema.get("type"):
        case "string":
            return TEXTS | RUNS | TELLING_TEXTS
        case "integer" | "number":
            return NUMBERS
        case "boolean":
            return st.sampled_from(["true", "false"])
        case "array":
            return st.lists(of_type(schema.get("items", {})), max_size=3).map(as_list)
        case "object" if "properties" in schema:
            fields = [st.tuples(st.just(json.dumps(key)), of_type(part)) for key, part in schema["properties"].items()]
            return st.tuples(*fields).map(list).map(as_object)
        case _:
            return VALUES


@st.composite
def arguments_of(draw: st.DrawFn) -> tuple[str, str]:
    """A tool and its arguments in JSON: some that fit, some that are hostile, some that it does not know."""
    name = draw(st.sampled_from(sorted(REGISTRY.tools)))
    schema = schema_of(REGISTRY.tools[name].arguments)
    # What gets a call beyond its first check, so that each of the others meets what is hostile, too.
    fitting = fitting_arguments(REGISTRY.tools[name], "{uuid}")
    if draw(st.booleans()):
        fitting.pop("validate_only", None)
    fields = {key: json.dumps(value) for key, value in fitting.items()}
    for key in draw(st.sets(st.sampled_from(sorted(schema["properties"])), max_size=2)) if schema["properties"] else ():
        # Often of the right type, for all that comes after the check of types.
        fields[key] = draw(st.one_of(of_type(schema["properties"][key]), of_type(schema["properties"][key]), VALUES))
    unknown = draw(st.lists(st.tuples(KEYS, VALUES), max_size=1)) if draw(st.integers(0, 3)) == 0 else []
    return name, as_object([(json.dumps(key), value) for key, value in fields.items()] + unknown)


class Complaints(logging.Handler):
    """Keeps what the server's log says of faults of its own: tracebacks and errors."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line that an operator would have to look at."""
        text = self.format(record)
        if record.levelno >= logging.ERROR or "Traceback" in text:
            self.lines.append(text)


@contextmanager
def complaints() -> Iterator[list[str]]:
    handler, server = Complaints(), logging.getLogger("fastmcp.server.server")
    level = server.level
    server.setLevel(logging.CRITICAL)  # what it says of failed calls the server's own log says already
    logging.getLogger().addHandler(handler)
    try:
        yield handler.lines
    finally:
        logging.getLogger().removeHandler(handler)
        server.setLevel(level)


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[RunningServer]:
    async with running_server() as running:
        yield running


@pytest.fixture(scope="module")
async def http(server: RunningServer) -> AsyncIterator[httpx.AsyncClient]:
    headers = {
        "Authorization": f"Bearer {server.key}",
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
    async with httpx.AsyncClient(base_url=server.origin, headers=headers, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
async def uuid(server: RunningServer) -> str:
    async with server.client() as client:
        return await submitted(client)


def request(era: Era, tool: str, arguments: str) -> tuple[dict[str, str], bytes]:
    """The headers and the body of a call; the arguments are JSON as it stands, also such as no client would write."""
    headers = {"MCP-Protocol-Version": VERSIONS[era]}
    meta = ""
    if era == "auto":
        headers |= {"Mcp-Method": "tools/call", "Mcp-Name": tool}
        meta = f',"_meta":{json.dumps(META)}'
    params = f'{{"name":"{tool}","arguments":{arguments}{meta}}}'
    return headers, f'{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}'.encode()


def failure_of(response: httpx.Response) -> str | None:
    """What a caller reads of a call that failed; None for one that did not."""
    if not response.headers["content-type"].startswith("application/json"):
        return response.text
    message = response.json()
    if "error" in message:
        # Of the library, which writes no stop: "Parse error: invalid number at line 1 column 90".
        return str(message["error"]["message"]) + "."
    result = message["result"]
    return str(result["content"][0]["text"]) if result.get("isError") else None


@pytest.mark.timeout(max(60, EXAMPLES))
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(era=st.sampled_from(ERAS), call=arguments_of())
async def test_hostile_arguments_end_soon_and_in_a_sentence(
    server: RunningServer, http: httpx.AsyncClient, uuid: str, era: Era, call: tuple[str, str]
) -> None:
    tool, arguments = call
    headers, body = request(era, tool, arguments.replace("{uuid}", uuid))
    with complaints() as lines:
        started = time.process_time()
        response, health = await asyncio.gather(
            http.post("/mcp?toolsets=all", headers=headers, content=body), http.get("/health")
        )
        assert time.process_time() - started < MAX_CPU_SECONDS
    assert lines == []
    assert health.status_code == 200
    assert response.status_code < 500
    if (failure := failure_of(response)) is not None:
        assert SENTENCE.fullmatch(failure), failure
        assert len(failure) <= MAX_SENTENCE_CHARACTERS
        assert "defect" not in failure
