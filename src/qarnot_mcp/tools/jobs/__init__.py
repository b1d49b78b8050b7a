"""The tool set jobs: tasks that belong together, wait for each other, and share a maximum time."""
