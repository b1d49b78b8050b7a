"""What a test switches: faults, time."""
