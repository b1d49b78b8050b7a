"""Known ways to fail, as rows of data: how to recognise each, and what helps."""

import re
from dataclasses import dataclass

from qarnot_mcp.tools.docker_commands import shell_syntax
from qarnot_mcp.tools.failures.report import Cause, Retry
from qarnot_mcp.tools.profile_usage import WITHOUT_NETWORK

SCANNED_CHARACTERS = 20_000
OUT_OF_MEMORY = "out of memory"
FULL_MEMORY = 0.95
"""From this part of the machine's memory on, an instance counts as having run out of it."""


@dataclass(frozen=True)
class Evidence:
    """What is known about instances that failed alike."""

    errors: str = ""
    """Codes and messages of the platform."""
    log: str = ""
    """The last lines of the log of one of them."""
    exit_code: int | None = None
    profile: str = ""
    command: str = ""
    """DOCKER_CMD."""
    memory_part: float = 0.0
    """Peak memory as a part of the machine's memory, from 0 to 1; 0 where it is not known."""


@dataclass(frozen=True)
class Signature:
    """One known way to fail; it matches where one of its marks is found and its conditions hold."""

    name: str
    cause: Cause
    hint: str
    retry: Retry | None = None
    """Where it differs from what holds for the cause."""
    in_errors: str = ""
    in_log: str = ""
    exit_codes: frozenset[int] = frozenset()
    least_memory_part: float = 0.0
    only_profile: str = ""
    only_bare_shell: bool = False

    def matches(self, evidence: Evidence) -> bool:
        """Return whether this is how it failed, as far as one can tell."""
        if self.only_profile and not re.search(self.only_profile, evidence.profile):
            return False
        if self.only_bare_shell and not shell_syntax(evidence.command):
            return False
        return (
            _found(self.in_errors, evidence.errors)
            or _found(self.in_log, evidence.log)
            or evidence.exit_code in self.exit_codes
            or 0 < self.least_memory_part <= evidence.memory_part
        )


# The first row that matches gives the hint, so the narrow ones come before the wide ones.
SIGNATURES = (
    Signature(
        "preempted",
        "preempted",
        "Its machine was taken away. OnDemand scheduling is not preempted; max_retries_per_instance tries again.",
        in_errors=r"pre-?empt|evict|(?:node|machine|host) (?:was |is |has been )?(?:lost|unreachable|taken|reclaimed)",
    ),
    Signature(
        "image not found",
        "image",
        "The Docker image was not found. Check DOCKER_REPO and DOCKER_TAG: official images need library/ before the "
        "name (library/ubuntu), and a private image needs DOCKER_REGISTRY_LOGIN and DOCKER_REGISTRY_PASSWORD.",
        in_errors=r"manifest.{0,200}(?:unknown|not found)|pull access denied|no such image|invalid reference format"
        r"|image.{0,200}(?:not (?:be )?found|does not exist)|repository.{0,200}(?:not found|does not exist)"
        r"|name unknown",
        in_log=r"manifest for .{0,200}not found|pull access denied for",
    ),
    Signature(
        "registry login",
        "image",
        "The registry asks for a login. Check DOCKER_REGISTRY_LOGIN and DOCKER_REGISTRY_PASSWORD (or an access token), "
        "and DOCKER_SRV where the image is not on the Docker Hub.",
        in_errors=r"unauthorized|authentication required|incorrect username or password|no basic auth|login required"
        r"|registry login",
        in_log=r"docker: error response.{0,200}(?:unauthorized|authentication required)",
    ),
    Signature(
        "missing bucket",
        "command",
        "A bucket of the task does not exist (any more). Check resource_buckets and result_bucket.",
        retry=Retry(False, "The bucket would be missing again: correct its name, or make it first."),
        in_errors=r"no ?such ?bucket|bucket.{0,100}(?:not found|does not exist)",
        in_log=r"NoSuchBucket",
    ),
    Signature(
        "quota",
        "platform",
        "A quota of the account was reached. Delete finished tasks with delete_task, use fewer instances, or free "
        "space in the buckets.",
        retry=Retry(True, "Once the quota has room, the same task can succeed."),
        in_errors=r"quota|maximum number of.{0,40}reached",
        in_log=r"disk quota exceeded|QuotaExceeded",
    ),
    Signature(
        "licence",
        "licence",
        "The software did not get its licence. Check the licence constants of the profile (get_profile shows them and "
        "the licences), and whether another run holds the licence.",
        in_errors=r"licen[cs]e",
        in_log=r"licen[cs]e (?:server|checkout|check-out|file|manager).{0,100}(?:fail|error|denied|expired|unavailable"
        r"|not |cannot|down)|(?:no|invalid|expired|could not (?:get|obtain|check ?out)(?: an?| the)?|failed to "
        r"(?:get|obtain|check ?out)(?: an?| the)?)(?: \w+)? licen[cs]e|flexnet licensing error|lmgrd|licen[cs]e.{0,40}"
        r"(?:not available|has expired)",
    ),
    Signature(
        OUT_OF_MEMORY,
        "memory",
        "The instance ran out of memory. Ask for a machine with more (hardware_constraints with "
        "MinimumRamHardwareConstraint, minimumMemoryMB), or let each instance do less at a time.",
        in_errors=r"out ?of ?memory|\boom\b|oom[- _]?kill",
        in_log=r"out of memory|oom-?kill|cannot allocate memory|MemoryError|std::bad_alloc|OutOfMemoryError"
        r"|^(?:.*> )?killed\s*$",
        exit_codes=frozenset({137}),
        least_memory_part=FULL_MEMORY,
    ),
    Signature(
        "time limit",
        "time",
        "A time limit ended the run. Give it more time (a limit in the constants of the profile or in the command), "
        "or share the work among more instances.",
        in_errors=r"time ?limit|wall ?time|maximum execution time|max ?time|deadline exceeded|timed? ?out",
        in_log=r"due to time ?limit|time ?limit (?:reached|exceeded)|maximum execution time (?:reached|exceeded)",
        exit_codes=frozenset({124}),
    ),
    Signature(
        "no network",
        "command",
        "The docker-batch profiles have no network. Use a profile with it, such as docker-network, or put the data "
        "into a resource bucket and the packages into the image.",
        in_errors=r"could not resolve host|network is unreachable",
        in_log=r"could not resolve|temporary failure (?:in name resolution|resolving)|name or service not known"
        r"|network is unreachable|getaddrinfo|nodename nor servname|bad address '|unable to resolve host"
        r"|no such host|ENOTFOUND|EAI_AGAIN|NewConnectionError|Unable to connect to archive",
        only_profile=WITHOUT_NETWORK,
    ),
    Signature(
        "missing sh -c",
        "command",
        "DOCKER_CMD uses shell syntax without a shell: pipes, && and redirections work inside sh -c '...' only.",
        in_errors=r"\S",
        in_log=r"\S",
        only_bare_shell=True,
    ),
    Signature(
        "command not found",
        "command",
        "The command was not found in the image. Check its name in DOCKER_CMD and that the image (DOCKER_REPO, "
        "DOCKER_TAG) has it.",
        in_errors=r"executable file not found|command not found|no such file or directory",
        in_log=r"command not found|executable file not found|\bsh: (?:line )?\d*:? ?.{1,100}: not found"
        r"|exec.{0,100}: no such file or directory",
        exit_codes=frozenset({127}),
    ),
)


def recognise(evidence: Evidence) -> Signature | None:
    """Return the first known way to fail that the evidence shows, or None."""
    return next((signature for signature in SIGNATURES if signature.matches(evidence)), None)


def _found(pattern: str, text: str) -> bool:
    flags = re.IGNORECASE | re.MULTILINE
    return bool(pattern) and re.search(pattern, text[-SCANNED_CHARACTERS:], flags) is not None
