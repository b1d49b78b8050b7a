"""Load: many callers, each with a connection of its own, each calling again as soon as it was answered."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.connection import Connection


@dataclass(frozen=True)
class Load:
    """What one stretch of load saw."""

    seconds: float
    latencies: list[float]
    """Seconds of each call."""

    @property
    def calls_per_second(self) -> float:
        """The calls that were answered, by the time they took together."""
        return len(self.latencies) / self.seconds


class Callers:
    """A number of callers of one port; each call is one or more requests, one after the other."""

    def __init__(self, connections: Sequence[Connection]) -> None:
        self._connections = connections

    @classmethod
    async def of(cls, port: int, count: int) -> "Callers":
        """Connect the callers."""
        return cls([await Connection.to(port) for _ in range(count)])

    def close(self) -> None:
        """Close their connections."""
        for connection in self._connections:
            connection.close()

    async def call(self, requests: Sequence[bytes], *, seconds: float = 3600.0, calls: int | None = None) -> Load:
        """Call for a time or until a number of calls is reached; raises `ValueError` at the first that fails."""
        latencies: list[float] = []
        begun = 0
        start = time.perf_counter()

        async def caller(connection: Connection) -> None:
            nonlocal begun
            while time.perf_counter() - start < seconds and (calls is None or begun < calls):
                begun += 1
                sent = time.perf_counter()
                for request in requests:
                    status, body = await connection.exchange(request)
                    if status != 200 or b'"isError":true' in body:
                        raise ValueError(f"a call failed with status {status}: {body[:500]!r}")
                latencies.append(time.perf_counter() - sent)

        async with asyncio.TaskGroup() as group:
            for connection in self._connections:
                group.create_task(caller(connection))
        return Load(time.perf_counter() - start, latencies)
