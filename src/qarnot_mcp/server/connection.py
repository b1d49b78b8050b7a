"""What a connection sees of the server's tools: it can ask for sets that are offered, and for less, never for more.

It asks in the address that a person typed into the client, or in headers; nothing of that is trusted.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from fastmcp.server.dependencies import get_access_token, get_http_request

from qarnot_mcp.auth.mode import WRITE_SCOPE
from qarnot_mcp.qarnot.errors import InvalidArgument, ReadOnly
from qarnot_mcp.qarnot.platform import CONSOLE
from qarnot_mcp.server.arguments import explain_unknown_tool
from qarnot_mcp.settings.fields import SettingsError
from qarnot_mcp.settings.model import Settings
from qarnot_mcp.tools.toolset import Registry, ToolEntry

_KEPT_IN_REQUEST = "qarnot.connection"
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


@dataclass(frozen=True)
class Refusal:
    """Why a tool cannot be called: a word for the log, what the model reads, and the scope that would allow it."""

    outcome: str
    message: str
    missing_scope: str | None = None


@dataclass(frozen=True)
class ToolOffer:
    """What a server has to show: `shown` to a connection that asks for nothing, `offered` to those that ask."""

    registry: Registry
    shown: frozenset[str]
    offered: frozenset[str]
    read_only: bool

    @classmethod
    def of(cls, registry: Registry, settings: Settings) -> "ToolOffer":
        """Return what the settings offer; raises `SettingsError` for a set that is not known."""
        try:
            shown = registry.select(settings.toolsets, "QARNOT_MCP_TOOLSETS")
            offered = registry.select(settings.toolsets_offered, "QARNOT_MCP_TOOLSETS_OFFERED")
        except InvalidArgument as error:
            raise SettingsError(str(error)) from None
        return cls(registry, shown, shown | offered, settings.read_only)

    def entries(self) -> list[ToolEntry]:
        """Return the tools that any connection may see."""
        return [
            entry
            for name, entry in self.registry.tools.items()
            if self.registry.toolset_of[name] in self.offered and not (entry.writes and self.read_only)
        ]

    def connect(self, options: ConnectionOptions, scopes: frozenset[str] | None) -> "Connection":
        """Return what a connection with these options and the scopes of its token sees; None is no sign-in.

        Raises `InvalidArgument` for a set that is not known or not offered.
        """
        if options.toolsets is None:
            return Connection(self, self.shown, options.read_only, scopes)
        named = self.registry.select(options.toolsets, options.toolsets_given_in, everything=self.offered)
        refused = (named & self.registry.with_tools) - self.offered
        if refused:
            raise InvalidArgument(
                options.toolsets_given_in,
                ", ".join(self.ordered(refused)),
                f"all, or names separated by commas: {', '.join(self.ordered(self.offered))}",
                "Whoever runs this server can offer more with QARNOT_MCP_TOOLSETS_OFFERED.",
            )
        return Connection(self, named, options.read_only, scopes)

    def current(self, *, scoped: bool) -> "Connection":
        """Return what the connection of the request being served sees; raises as `connect` does."""
        try:
            request = get_http_request().scope
        except RuntimeError:  # a client in the same process
            request = None
        known: Connection | None = request.get(_KEPT_IN_REQUEST) if request else None
        if known is not None:
            return known
        token = get_access_token() if scoped else None
        scopes = frozenset(token.scopes if token is not None else ()) if scoped else None
        if request is None:
            return self.connect(ConnectionOptions(), scopes)
        connection = self.connect(read_options(request["query_string"], request["headers"]), scopes)
        request[_KEPT_IN_REQUEST] = connection  # asked for several times in each call
        return connection

    def ordered(self, toolsets: frozenset[str]) -> list[str]:
        """Return names of sets in the order of the registry."""
        return [name for name in self.registry.names if name in toolsets]


@dataclass(frozen=True)
class Connection:
    """One connection: the sets that it shows, whether it asked to read only, and the scopes of its token."""

    offer: ToolOffer
    toolsets: frozenset[str]
    read_only: bool = False
    scopes: frozenset[str] | None = None

    @property
    def may_write(self) -> bool:
        """Whether tools that write may be called at all."""
        return not (self.offer.read_only or self.read_only) and (self.scopes is None or WRITE_SCOPE in self.scopes)

    def shows(self, tool: str) -> bool:
        """Tell whether a tool of this name is listed and can be called."""
        return self.refusal(tool) is None

    def refusal(self, tool: str) -> Refusal | None:
        """Return why a tool cannot be called here, or None where it can."""
        entry = self.offer.registry.tools.get(tool)
        if entry is None:
            known = [name for name in self.offer.registry.tools if self.shows(name)]
            return Refusal("unknown tool", explain_unknown_tool(tool, known))
        toolset = self.offer.registry.toolset_of[tool]
        if toolset not in self.toolsets:
            return Refusal("not shown", self._explain_toolset(tool, toolset))
        if entry.writes and self.offer.read_only:
            return Refusal("ReadOnly", str(ReadOnly(f"run {tool}")))
        if entry.writes and self.read_only:
            return Refusal("read-only connection", _explain_read_only(tool))
        if self.scopes is not None and entry.scope not in self.scopes:
            return Refusal("not allowed", _explain_scope(tool, entry.scope), entry.scope)
        return None

    def note(self) -> str:
        """Return what the instructions say about this connection: what is out of reach, and what would be possible."""
        registry, sentences = self.offer.registry, []
        hidden = [
            toolset
            for toolset in registry.toolsets
            if toolset.name in self.offer.offered - self.toolsets and toolset.tools
        ]
        if hidden:
            about = "; ".join(f"{toolset.name} ({toolset.about})" for toolset in hidden)
            sentences.append(
                f"Tool sets not shown here: {about}. {self._way_to(*(toolset.name for toolset in hidden))}"
            )
        if empty := self.offer.ordered(self.toolsets - registry.with_tools):
            sentences.append(f"Asked for, but without tools in this version: {', '.join(empty)}.")
        if not self.may_write:
            sentences.append("Only reading is allowed here: tools that start, stop or delete are not shown.")
        return "\n\n".join(filter(None, (self._out_of_reach(), " ".join(sentences))))

    def _out_of_reach(self) -> str:
        shown = self.toolsets & self.offer.registry.with_tools
        missing = [toolset.covers for toolset in self.offer.registry.toolsets if toolset.name not in shown]
        named = ", ".join(filter(None, missing))
        return f"Out of reach here, so promise none of it: {named}. People find it at {CONSOLE}." if named else ""

    def _explain_toolset(self, tool: str, toolset: str) -> str:
        if toolset in self.offer.offered:
            return (
                f"{tool} is part of the tool set {toolset}, which this connection does not show. Nothing was done. "
                f"{self._way_to(toolset)}"
            )
        return (
            f"{tool} is part of the tool set {toolset}, which this server does not offer. Nothing was done. Whoever "
            "runs it can change that with QARNOT_MCP_TOOLSETS or QARNOT_MCP_TOOLSETS_OFFERED."
        )

    def _way_to(self, *toolsets: str) -> str:
        wanted = [*self.offer.ordered(self.toolsets)[1:], *toolsets]
        return (
            f"To show {'it' if len(toolsets) == 1 else 'them'}, a person adds ?toolsets={','.join(wanted)} to this "
            "server's address in the client (or sends the header X-MCP-Toolsets) and connects again."
        )


def _explain_read_only(tool: str) -> str:
    return (
        f"{tool} is not allowed here: this connection asked to read only, and it writes. Nothing was done. To allow "
        "it, take read_only out of this server's address in the client (or leave out the header X-MCP-Readonly) and "
        "connect again."
    )


def _explain_scope(tool: str, scope: str) -> str:
    if scope != WRITE_SCOPE:
        return (
            f"{tool} is not allowed here: it needs the scope {scope}, which this sign-in does not have. Nothing was "
            "done. Disconnect this server in the client and sign in again to get it."
        )
    return (
        f"{tool} is not allowed here: whoever signed in chose read only, and it writes. Nothing was done. To allow it, "
        "disconnect this server in the client, connect it again, and leave `Read only` off when signing in."
    )
