"""Requests of people, what must be true after them, and how much a model may read on the way (`python -m evals`)."""
