"""The pace of progress notifications: each above the one before, as the protocol demands, and never two in a second."""

LEAST_SECONDS = 1.0
STEP = 0.01
"""What a notification rises by where the task itself did not: its message may be new."""
TOP = 100.0


class ProgressPace:
    """What was told of one wait so far."""

    def __init__(self) -> None:
        self._told = -1.0
        self._told_at = float("-inf")

    def next(self, percent: float, now: float) -> float | None:
        """Return the progress to tell at a moment in seconds, or None where nothing may be told."""
        progress = max(percent, round(self._told + STEP, 2)) if self._told >= 0 else max(percent, 0.0)
        if now - self._told_at < LEAST_SECONDS or progress > TOP:
            return None
        self._told, self._told_at = progress, now
        return progress
