"""The tools of tasks."""
