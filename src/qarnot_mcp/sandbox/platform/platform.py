"""The simulated platform: its clock, its profiles, and the accounts of everyone who holds a key. It does no I/O."""

import hashlib
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping

from qarnot_mcp.sandbox.platform.account import Account
from qarnot_mcp.sandbox.platform.assumptions import Assumptions
from qarnot_mcp.sandbox.platform.buckets import MAX_BYTES
from qarnot_mcp.sandbox.platform.lru_cache import LruCache
from qarnot_mcp.sandbox.platform.plan import TaskPlan
from qarnot_mcp.sandbox.platform.profiles import Profile, build_profiles
from qarnot_mcp.sandbox.platform.registry import Timestamp
from qarnot_mcp.sandbox.platform.seed_tasks import seed_account
from qarnot_mcp.sandbox.platform.seeded_random import SeededRandom
from qarnot_mcp.sandbox.wire.errors import api_error, bad_key

DEFAULT_SPEED = 30.0
"""Platform seconds in one second: a task of three minutes takes six seconds."""
MIN_SPEED = 0.01
MAX_SPEED = 1_000_000.0
MAX_ACCOUNTS = 200
ORGANIZATION = "Sandbox Research"
"""Of every account but the empty ones, which have none."""
MAX_REVOKED_KEYS = 1000
MAX_ADVANCE_SECONDS = 10 * 365 * 86400
_MAX_PLANNED_ATTEMPTS = 250_000

_KEY = re.compile(r"sandbox[A-Za-z0-9_.-]{0,100}", re.IGNORECASE | re.ASCII)


class Platform:
    """The state behind the API; each second of `clock` is `speed` seconds here."""

    def __init__(
        self, *, speed: float, seed: int | None, clock: Callable[[], float], storage_bytes: int = MAX_BYTES
    ) -> None:
        if not MIN_SPEED <= speed <= MAX_SPEED:
            raise ValueError(f"the speed of the sandbox is {speed:g}; {MIN_SPEED:g} to {MAX_SPEED:,.0f} are possible")
        self.speed = speed
        self.seed = secrets.randbits(32) if seed is None else seed
        self.profiles: Mapping[str, Profile] = build_profiles()
        self.assumptions = Assumptions()
        self._clock = clock
        self._storage_bytes = storage_bytes
        self._started = clock()
        self._advanced_seconds = 0.0
        self._accounts: OrderedDict[str, Account] = OrderedDict()
        self._revoked: set[str] = set()
        self._plans: LruCache[TaskPlan] = LruCache(_MAX_PLANNED_ATTEMPTS)

    def timestamp(self, late_seconds: float = 0.0) -> Timestamp:
        """Return the current time; what is created then stays out of sight for `late_seconds` of the clock."""
        clock_seconds = self._clock()
        elapsed = (clock_seconds - self._started) * self.speed
        return Timestamp(int(self._started + elapsed + self._advanced_seconds), clock_seconds, late_seconds)

    def advance(self, seconds: float) -> None:
        """Move the platform's time forward."""
        self._advanced_seconds += seconds

    def account(self, key: str) -> Account:
        """Return the account of a key, created when it is first seen; raises a 401 for a key that is not the sandbox's.

        A key that begins with `sandbox-empty` starts without tasks, one with `sandbox-broke` without credits.
        """
        account = self._accounts.get(key)
        if account is not None:
            self._accounts.move_to_end(key)
            return account
        if not _KEY.fullmatch(key) or key in self._revoked:
            raise bad_key()
        tag = hashlib.blake2b(key.encode(), digest_size=4).hexdigest()
        name = "sandbox" if key == "sandbox-key" else f"sandbox-{tag}"
        account = Account(
            f"{name}@example.org",
            SeededRandom((self.seed, tag)),
            self.profiles,
            self._plans,
            self.assumptions,
            self._storage_bytes,
        )
        if not key.lower().startswith("sandbox-empty"):
            account.organization = ORGANIZATION
            seed_account(account, self.timestamp())
        if key.lower().startswith("sandbox-broke"):
            account.credits = 0.0
        self._accounts[key] = account
        while len(self._accounts) > MAX_ACCOUNTS:
            self._accounts.popitem(last=False)
        return account

    def email(self, key: str) -> str | None:
        """Return the e-mail address of the account of a key that has been seen."""
        account = self._accounts.get(key)
        return None if account is None else account.email

    def key_of_email(self, email: str) -> str | None:
        """Return the key of the account of an e-mail address, if it has been seen."""
        return next((key for key, account in self._accounts.items() if account.email == email), None)

    def revoke(self, key: str) -> None:
        """Make a key unknown and drop its account."""
        if len(self._revoked) >= MAX_REVOKED_KEYS:
            raise api_error(403, f"{MAX_REVOKED_KEYS} keys are revoked already")
        self._revoked.add(key)
        self._accounts.pop(key, None)
