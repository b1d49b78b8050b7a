"""A local Qarnot: the compute API over a simulated platform, for demonstrations and tests."""
