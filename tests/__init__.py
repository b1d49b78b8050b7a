"""The tests of the project; helpers are in `tests.support`."""
