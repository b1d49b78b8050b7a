"""How a person reaches a running instance: the ssh line, and the addresses of its web pages."""

import re

from qarnot_mcp.qarnot.tasks.models import Forward, RunningInstance, Task

FORWARDS_SHOWN = 5
SSH_PORT = 22
HTTPS_PORT = 443
LAST_PORT = 65_535
# A host becomes part of a line that a person may paste into a shell.
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", re.ASCII)


def access_of(instance: RunningInstance, task: Task) -> list[str]:
    """Return the ssh line and the web addresses of a running instance, none where no port is forwarded."""
    lines = (_line(forward, task) for forward in instance.forwards[:FORWARDS_SHOWN])
    return [line for line in lines if line]


def _line(forward: Forward, task: Task) -> str:
    host, port = forward.forwarder_host, forward.forwarder_port
    if not _HOST.fullmatch(host) or not 1 <= port <= LAST_PORT:
        return ""
    profile = task.profile or ""
    if forward.application_port == SSH_PORT:
        user = "openfoam" if profile.startswith("openfoam") else "root"
        return f"ssh -p {port} {user}@{host}"
    # A host that is named after the task stands for one port of one instance.
    is_own = host.startswith(task.uuid) or port == HTTPS_PORT
    return f"https://{host}{'' if is_own else f':{port}'}{'/vnc.html' if 'vnc' in profile else '/'}"
