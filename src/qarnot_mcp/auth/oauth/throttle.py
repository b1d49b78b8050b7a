"""The throttle of wrong keys: each address gets a few tries, then waits longer and longer."""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

FREE_TRIES = 3
FIRST_WAIT_SECONDS = 2.0
MAX_WAIT_SECONDS = 900.0
FORGET_SECONDS = 3_600.0
MAX_ADDRESSES = 10_000


@dataclass
class _Record:
    tries: int = 0
    last_try: float = 0.0


class Throttle:
    """Count the tries of each address; the count is forgotten after a success, or an hour without a try.

    The first three tries are free; after that the wait doubles from 2 seconds up to 15 minutes.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def begin_try(self, address: str) -> float:
        """Count a try and return 0, or return how many seconds the address has to wait (the try is not made).

        A try is counted before the key is checked, so that many tries at the same time gain nothing.
        """
        now = self._now()
        network = _network_of(address)
        record = self._records.get(network)
        if record is None or now - record.last_try > FORGET_SECONDS:
            record = self._records[network] = _Record()
        self._records.move_to_end(network)
        while len(self._records) > MAX_ADDRESSES:
            self._records.popitem(last=False)
        wait_seconds = record.last_try + _wait_after(record.tries) - now
        if record.tries and wait_seconds > 0:
            return wait_seconds
        record.tries += 1
        record.last_try = now
        return 0.0

    def forgive(self, address: str) -> None:
        """Forget the tries of an address whose key was right."""
        self._records.pop(_network_of(address), None)


def _wait_after(tries: int) -> float:
    if tries < FREE_TRIES:
        return 0.0
    return min(FIRST_WAIT_SECONDS * 2.0 ** min(tries - FREE_TRIES, 16), MAX_WAIT_SECONDS)


def _network_of(address: str) -> str:
    """Return the address, for IPv6 the /64 around it: one household or machine has all of those."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address
