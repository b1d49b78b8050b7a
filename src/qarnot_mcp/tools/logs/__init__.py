"""The tool that reads logs."""
