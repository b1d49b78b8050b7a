"""Why a task failed."""
