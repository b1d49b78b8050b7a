"""What MCP sees: tools, resources, prompts."""
