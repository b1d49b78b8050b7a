"""Ports for programs that have to be told theirs; what is served in this process is handed a bound socket instead."""

import os
import random
import socket

# Below the ports that systems give out by themselves, so that nobody gets one in the time until the program starts.
FIRST, LAST = 20_000, 32_000

given: set[int] = set()


def free_port() -> int:
    """Return a port that nothing listens on, another one each time, from the share of this one of the test workers."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    share = range(FIRST + number, LAST, workers)
    while True:
        port = random.SystemRandom().choice(share)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in given:
            given.add(port)
            return port
