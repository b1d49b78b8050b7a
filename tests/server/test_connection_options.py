"""What a connection asks for, read from an address and headers that anybody can write."""

import pytest

from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.server.connection import (
    MAX_OPTIONS,
    MAX_QUERY_CHARACTERS,
    MAX_TOOLSETS_CHARACTERS,
    ConnectionOptions,
    read_options,
)


def options_of(query: str, headers: list[tuple[str, str]]) -> ConnectionOptions:
    """Read options as a server is given them: names of headers in small letters, everything as bytes."""
    return read_options(query.encode(), [(name.lower().encode(), value.encode()) for name, value in headers])


def test_a_request_that_asks_for_nothing_has_no_options() -> None:
    headers = [("accept", "*/*"), ("mcp-protocol-version", "2026-07-28"), ("x-api-key", "secret")]
    assert options_of("", headers) == ConnectionOptions()
    assert options_of("utm_source=page&sessionId=4", headers) == ConnectionOptions()


@pytest.mark.parametrize(
    ("query", "toolsets"),
    [
        ("toolsets=storage,jobs", "storage,jobs"),
        ("toolsets=storage%2Cjobs", "storage,jobs"),
        ("toolsets=storage&toolsets=jobs", "storage,jobs"),
        ("toolsets=", ""),
    ],
)
def test_toolsets_of_the_address_are_one_list(query: str, toolsets: str) -> None:
    options = options_of(query, [("x-mcp-toolsets", "pools")])
    assert (options.toolsets, options.toolsets_given_in) == (toolsets, "toolsets in the address")


def test_toolsets_of_repeated_headers_are_one_list() -> None:
    options = options_of("", [("X-MCP-Toolsets", "storage"), ("x-mcp-toolsets", "jobs")])
    assert (options.toolsets, options.toolsets_given_in) == ("storage,jobs", "the header X-MCP-Toolsets")


@pytest.mark.parametrize(
    ("query", "header", "read_only"),
    [
        ("read_only=true", "false", True),
        ("read_only=FALSE", "Yes", True),
        ("read_only=0", "off", False),
        ("read_only=false&read_only=on", "no", True),
    ],
)
def test_read_only_is_what_either_says(query: str, header: str, read_only: bool) -> None:
    assert options_of(query, [("x-mcp-readonly", header)]).read_only is read_only


@pytest.mark.parametrize(
    ("query", "headers", "message"),
    [
        ("read_only", [], "read_only in the address is ''"),
        ("read_only=maybe", [], "read_only in the address is 'maybe', which is not valid: give true or false."),
        ("", [("x-mcp-readonly", "2")], "the header X-MCP-Readonly is '2'"),
        ("readonly=true", [], "the name of an option is 'readonly', which is not valid: give read_only."),
        ("Read-Only=true", [], "give read_only."),
        ("toolset=storage", [], "give toolsets."),
        ("", [("X-MCP-Read-Only", "true")], "give x-mcp-readonly."),
        ("", [("x-mcp-tools", "submit_task")], "give x-mcp-toolsets."),
        ("toolsets=" + "a" * (MAX_TOOLSETS_CHARACTERS + 1), [], "at most 400 characters"),
        ("a=" + "b" * MAX_QUERY_CHARACTERS, [], "at most 2,000 characters"),
        ("a=b&" * (MAX_OPTIONS + 1), [], "the number of options"),
        ("", [("x-mcp-a", "b")] * (MAX_OPTIONS + 1), "the number of options"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_is_valid(
    query: str, headers: list[tuple[str, str]], message: str
) -> None:
    with pytest.raises(InvalidArgument) as raised:
        options_of(query, headers)
    assert message in str(raised.value)
