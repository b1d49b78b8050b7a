"""The small shell that tasks run."""
