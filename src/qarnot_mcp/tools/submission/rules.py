"""All checks of a task that need nothing but the task and its profile, in the order in which they are told."""

from collections.abc import Callable, Iterator

from qarnot_mcp.tools.submission.command_checks import check_network, check_overwriting, check_quotes, check_shell
from qarnot_mcp.tools.submission.constant_checks import check_constants, check_missing_constants, check_secrets
from qarnot_mcp.tools.submission.file_checks import check_bucket_order, check_patterns, check_result_bucket
from qarnot_mcp.tools.submission.images import check_image, check_registry_login
from qarnot_mcp.tools.submission.request import Finding, TaskRequest

Rule = Callable[[TaskRequest], Iterator[Finding]]

ABOUT_CONSTANTS: tuple[Rule, ...] = (
    check_constants,
    check_missing_constants,
    check_quotes,
    check_shell,
    check_network,
    check_overwriting,
    check_image,
    check_registry_login,
    check_secrets,
)
ABOUT_FILES: tuple[Rule, ...] = (check_patterns, check_result_bucket, check_bucket_order)


def check_task(request: TaskRequest, rules: tuple[Rule, ...] = ABOUT_CONSTANTS + ABOUT_FILES) -> list[Finding]:
    """Return what the rules find in a task."""
    return [finding for rule in rules for finding in rule(request)]
