"""The calls and models of tasks."""
