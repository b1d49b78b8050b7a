"""Running a task again: which of its instances, with what changed, on the platform's side.

The platform copies the task, its secrets included; only what changes is sent.
"""

from dataclasses import dataclass
from typing import Self

from qarnot_mcp.qarnot.errors import InvalidArgument
from qarnot_mcp.qarnot.ranges import count_ranges
from qarnot_mcp.qarnot.submission import Submission
from qarnot_mcp.qarnot.tasks.client import TasksClient
from qarnot_mcp.qarnot.tasks.models import Constant, Task
from qarnot_mcp.qarnot.tasks.vocabulary import RerunOperation
from qarnot_mcp.text.cleaning import one_line
from qarnot_mcp.text.masking import mask_text
from qarnot_mcp.tools.answers import VALUE_CHARACTERS, Result, masked_name, plain_name
from qarnot_mcp.tools.docker_commands import starts_shell
from qarnot_mcp.tools.tasks.new_task import MAX_LABELS, MAX_TEXT_CHARACTERS, ConstantArgument
from qarnot_mcp.tools.tasks.submit_arguments import Rerun, SubmitTask

OPERATIONS: dict[Rerun, RerunOperation] = {
    "failed": "retry",
    "cancelled": "resume",
    "unfinished": "recover",
    "all": "clone",
}
LABEL = "rerun-of"
"""By this label the new task says which one it repeats."""
HIDDEN_BY_API = "[SECRET]"
"""What the API shows of a secret constant."""


class Repeats(Result):
    """What a task repeats."""

    uuid: str
    name: str
    rerun: Rerun
    instances: str | None = None


@dataclass(frozen=True)
class RerunRequest:
    """A task to run again: the task as it is, and the arguments with what they change in it."""

    source: Task
    rerun: Rerun
    arguments: SubmitTask

    @classmethod
    def of(cls, source: Task, arguments: SubmitTask) -> Self:
        """Put together what is sent; raises `InvalidArgument` where nothing is to run, or nothing can be appended."""
        rerun = arguments.rerun or "all"
        if chosen_instances(source, rerun) == "":
            states = {kind: count_ranges(chosen_instances(source, kind) or "") for kind in ("failed", "cancelled")}
            hint = f"{source.name} is {source.state}: {states['failed']} failed, {states['cancelled']} cancelled."
            raise InvalidArgument("rerun", rerun, "instances that the task has", one_line(hint, VALUE_CHARACTERS))
        labels = {**source.labels, **(arguments.labels or {}), LABEL: source.uuid}
        if len(labels) > MAX_LABELS:
            del labels[LABEL]
        changed = {"labels": labels, "constants": changed_constants(source, arguments)}
        return cls(source, rerun, arguments.model_copy(update=changed))

    @property
    def instance_count(self) -> int:
        """How many instances will run; one where the API does not say."""
        if self.arguments.wants_other_instances:
            return self.arguments.wanted_instances
        chosen = chosen_instances(self.source, self.rerun)
        return count_ranges(chosen) if chosen else self.source.instance_count or 1

    @property
    def repeats(self) -> Repeats:
        """What the result says of it."""
        chosen = chosen_instances(self.source, self.rerun) if not self.arguments.wants_other_instances else None
        return Repeats(
            uuid=self.source.uuid,
            name=masked_name(self.source.name),
            rerun=self.rerun,
            instances=one_line(chosen, VALUE_CHARACTERS) if chosen else None,
        )

    @property
    def warnings(self) -> list[str]:
        """What is not known of such a copy."""
        sent = self.arguments.constants or ()
        secret = [constant.key for constant in sent if constant.value == HIDDEN_BY_API]
        if not secret:
            return []
        names = one_line(", ".join(secret), VALUE_CHARACTERS)
        return [f"Qarnot keeps {names} as it is, by all that is known; if the task misses it, give it in constants."]

    async def start(self, tasks: TasksClient) -> Submission:
        """Start it, exactly once."""
        return await tasks.rerun(self.source.uuid, OPERATIONS[self.rerun], self.arguments)


def chosen_instances(source: Task, rerun: Rerun) -> str | None:
    """Return the ranges of the instances that run again; None for all, or where the API does not say."""
    if rerun == "all" or source.status is None:
        return None
    failed, cancelled = source.status.failed_only_range, source.status.cancelled_range
    chosen = {"failed": (failed,), "cancelled": (cancelled,), "unfinished": (failed, cancelled)}[rerun]
    return ",".join(filter(None, chosen))


def changed_constants(source: Task, arguments: SubmitTask) -> list[ConstantArgument] | None:
    """Return all constants of the new task; None where they are those of the old one.

    The API takes a whole list only. A secret one goes back as the mark by which the API shows it, which keeps it.
    """
    changes = {constant.key: constant.value for constant in arguments.constants or ()}
    if arguments.append_to_command is not None:
        command = command_of(source.constants, changes)
        changes[command.key] = appended(command.value, arguments.append_to_command)
    return merged_constants(source, changes) if changes else None


def merged_constants(source: Task, changes: dict[str, str]) -> list[ConstantArgument]:
    """Return all constants of a task with some of them changed, secret ones as the API shows them."""
    merged = {constant.key: constant.value for constant in source.constants} | changes
    return [ConstantArgument.model_construct(key=key, value=value) for key, value in merged.items()]


def command_of(constants: list[Constant], changes: dict[str, str]) -> Constant:
    """Return the constant that holds the command; raises `InvalidArgument` where none or several may."""
    held = {constant.key: constant.value for constant in constants} | changes
    found = [key for key in held if key.endswith("_CMD") and held[key]]
    if "DOCKER_CMD" in found:
        found = ["DOCKER_CMD"]
    if len(found) != 1 or held[found[0]] == HIDDEN_BY_API:
        names = plain_name(", ".join(found) or "no constant that ends in _CMD")
        raise InvalidArgument(
            "append_to_command",
            "a command to change",
            "it for a task with one command",
            f"Give constants: it has {names}.",
        )
    return Constant(key=found[0], value=held[found[0]])


def appended(command: str, addition: str) -> str:
    """Return a command with an addition at its end, inside of the quotes of `sh -c '...'`.

    Raises `InvalidArgument` where the addition would end these quotes, or the command would be too long.
    """
    command = command.rstrip()
    quote = command[-1:] if starts_shell(command) and command.endswith(("'", '"')) else ""
    if quote and quote in addition:
        valid = f"a text without {quote}, in which the command is quoted"
        raise InvalidArgument("append_to_command", mask_text(addition), valid, "Give the whole command in constants.")
    whole = f"{command.removesuffix(quote)} {addition}{quote}"
    if len(whole) > MAX_TEXT_CHARACTERS:
        valid = f"a command of at most {MAX_TEXT_CHARACTERS:,} characters in all"
        raise InvalidArgument("append_to_command", f"{len(whole):,} characters", valid)
    return whole
