"""Benchmarks: the server beside the barest server and beside the direct call. Run `uv run python -m benchmarks`."""
