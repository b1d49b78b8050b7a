"""The dashboard that hosts of MCP Apps show inside the conversation."""
