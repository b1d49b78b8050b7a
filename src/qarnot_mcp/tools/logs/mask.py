"""The mask that hides secrets in the logs of a task."""

from qarnot_mcp.qarnot.tasks.models import Task
from qarnot_mcp.text.known_secrets import known_secrets
from qarnot_mcp.text.masking import LogMask, secret_values
from qarnot_mcp.tools.context import current_key


def mask_of(task: Task) -> LogMask:
    """Return the mask for the task's secrets, as far as the API tells them, and for the caller's key.

    A task that may see its owner's credentials can print them.
    """
    secrets = known_secrets()
    secrets.learn([current_key().get_secret_value()])
    secrets.learn(secret_values({constant.key: constant.value for constant in task.constants}))
    return secrets.mask
