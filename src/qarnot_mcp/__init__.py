"""The Qarnot MCP server: Qarnot's batch computing, driven from a conversation with a language model."""

__version__ = "0.1.0"
