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
    wrong_keys: int = 0
    last_wrong: float = 0.0
    in_progress: int = 0


class Throttle:
    """Count the wrong keys of each address; an hour without another one forgets them.

    The first three tries are free; after that the wait doubles from 2 seconds up to 15 minutes. A right key forgets
    nothing: whoever holds one could otherwise try others' keys without end.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def begin_try(self, address: str) -> float:
        """Begin a try and return 0, or return how many seconds the address has to wait (no try has begun then)."""
        now = self._now()
        network = network_of(address)
        record = self._records.setdefault(network, _Record())
        self._records.move_to_end(network)
        while len(self._records) > MAX_ADDRESSES:
            self._records.popitem(last=False)
        if now - record.last_wrong > FORGET_SECONDS:
            record.wrong_keys = 0
        wait_seconds = record.last_wrong + _wait_after(record.wrong_keys) - now
        if record.wrong_keys and wait_seconds > 0:
            return wait_seconds
        # Tries whose outcome is open count as wrong, so that many tries at the same time gain nothing.
        if record.in_progress and record.wrong_keys + record.in_progress >= FREE_TRIES:
            return FIRST_WAIT_SECONDS
        record.in_progress += 1
        return 0.0

    def end_try(self, address: str, *, was_wrong: bool) -> None:
        """End a try that `begin_try` began; a key that could not be verified was not wrong."""
        record = self._records.get(network_of(address))
        if record is None:
            return
        record.in_progress = max(record.in_progress - 1, 0)
        if was_wrong:
            record.wrong_keys += 1
            record.last_wrong = self._now()


def _wait_after(wrong_keys: int) -> float:
    if wrong_keys < FREE_TRIES:
        return 0.0
    return min(FIRST_WAIT_SECONDS * 2.0 ** min(wrong_keys - FREE_TRIES, 16), MAX_WAIT_SECONDS)


def network_of(address: str) -> str:
    """Return the address, for IPv6 the /64 around it: one household or machine has all of those.

    A socket that listens on both families names IPv4 peers `::ffff:a.b.c.d`; those are addresses of their own.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address
