"""Bodies, errors and forms of values on the wire."""
