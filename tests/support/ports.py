"""Ports for servers that have to know theirs before they start."""

import random
import socket

# Below the ports that systems give out by themselves, so that nobody gets one in the time until the server starts.
FIRST, LAST = 20_000, 32_000

given: set[int] = set()


def free_port() -> int:
    """Answers a port that nothing listens on, another one each time."""
    while True:
        port = random.SystemRandom().randrange(FIRST, LAST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in given:
            given.add(port)
            return port
