"""What a connection asks for in the address that a person typed into the client, or in headers; nothing is trusted."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from qarnot_mcp.qarnot.errors import InvalidArgument

MAX_QUERY_CHARACTERS = 2_000
MAX_OPTIONS = 20
MAX_NAME_CHARACTERS = 40
MAX_TOOLSETS_CHARACTERS = 400

TOOLSETS, READ_ONLY = "toolsets", "read_only"
IN_QUERY = {TOOLSETS: "toolsets in the address", READ_ONLY: "read_only in the address"}
IN_HEADERS = {TOOLSETS: "the header X-MCP-Toolsets", READ_ONLY: "the header X-MCP-Readonly"}
OPTION_OF_HEADER = {"x-mcp-toolsets": TOOLSETS, "x-mcp-readonly": READ_ONLY}
HEADER_PREFIX = b"x-mcp-"
BOOLEANS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


@dataclass(frozen=True)
class ConnectionOptions:
    """The wishes of a connection: `toolsets` as it was given, None where it names none, and where it was given."""

    toolsets: str | None = None
    toolsets_given_in: str = ""
    read_only: bool = False


def read_options(query: bytes, headers: Iterable[tuple[bytes, bytes]]) -> ConnectionOptions:
    """Return what the query of an address and the headers of a request ask for, both as ASGI gives them.

    The query comes before the headers, but a connection that is read-only by either is read-only. Raises
    `InvalidArgument` for a value that cannot be read, and for a name that is nearly a known one: whoever asks for less
    and mistypes it must not get more.
    """
    if len(query) > MAX_QUERY_CHARACTERS:
        valid = f"at most {MAX_QUERY_CHARACTERS:,} characters"
        raise InvalidArgument("the query of the address", f"{len(query):,} characters long", valid)
    sent = [
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in headers if name.startswith(HEADER_PREFIX)
    ]
    if not query and not sent:
        return ConnectionOptions()
    asked = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    sources = (
        (IN_QUERY, _known(asked, {option: option for option in IN_QUERY})),
        (IN_HEADERS, _known(sent, OPTION_OF_HEADER)),
    )
    read_only = [_boolean(value, where[READ_ONLY]) for where, found in sources for value in found.get(READ_ONLY, ())]
    for where, found in sources:
        if TOOLSETS in found:
            toolsets = ",".join(found[TOOLSETS])
            if len(toolsets) > MAX_TOOLSETS_CHARACTERS:
                raise InvalidArgument(where[TOOLSETS], toolsets, f"at most {MAX_TOOLSETS_CHARACTERS} characters")
            return ConnectionOptions(toolsets, where[TOOLSETS], any(read_only))
    return ConnectionOptions(read_only=any(read_only))


def _known(given: Iterable[tuple[str, str]], known: dict[str, str]) -> dict[str, list[str]]:
    """Return the values of the known names; raise for names that are nearly known, and for too many."""
    found: dict[str, list[str]] = {}
    for count, (name, value) in enumerate(given, 1):
        if count > MAX_OPTIONS:
            raise InvalidArgument("the number of options", f"more than {MAX_OPTIONS}", f"at most {MAX_OPTIONS}")
        if name in known:
            found.setdefault(known[name], []).append(value)
        elif near := difflib.get_close_matches(name[:MAX_NAME_CHARACTERS].casefold(), known, n=1, cutoff=0.75):
            raise InvalidArgument("the name of an option", name, near[0])
    return found


def _boolean(value: str, where: str) -> bool:
    try:
        return BOOLEANS[value.strip().lower()]
    except KeyError:
        raise InvalidArgument(where, value, "true or false") from None
