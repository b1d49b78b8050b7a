"""What a connection sees of the server's tools: it can ask for sets that are offered, and for less, never for more."""

from dataclasses import dataclass

from fastmcp.server.dependencies import get_access_token, get_http_request

from qarnot_mcp.auth.scopes import WRITE_SCOPE
from qarnot_mcp.qarnot.errors import InvalidArgument, ReadOnly
from qarnot_mcp.qarnot.platform import CONSOLE
from qarnot_mcp.server.arguments import explain_unknown_tool
from qarnot_mcp.server.connection_options import ConnectionOptions, read_options
from qarnot_mcp.settings.fields import SettingsError
from qarnot_mcp.settings.model import Settings
from qarnot_mcp.tools.toolset import Registry, ToolEntry

_KEPT_IN_REQUEST = "qarnot.connection"


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
        hidden = [toolset for toolset in registry.toolsets if toolset.name in self._can_ask_for() and toolset.tools]
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

    def _can_ask_for(self) -> frozenset[str]:
        return self.offer.offered - self.toolsets

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
