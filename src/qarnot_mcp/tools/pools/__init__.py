"""The tool set pools: keep machines ready for many short tasks."""
