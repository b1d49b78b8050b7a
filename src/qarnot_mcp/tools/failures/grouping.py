"""Why a task failed: its failed instances grouped by how they failed, each group with the end of one log."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qarnot_mcp.qarnot.ranges import Ranges
from qarnot_mcp.qarnot.tasks.models import ApiError, CompletedInstance, Task
from qarnot_mcp.qarnot.tasks.vocabulary import LogType
from qarnot_mcp.text.cleaning import shorten
from qarnot_mcp.text.masking import masked_line
from qarnot_mcp.tools.answers import FAILURE_CHARACTERS, json_length
from qarnot_mcp.tools.failures.report import RETRIES, Cause, FailedGroup, FailureReport, TaskError
from qarnot_mcp.tools.failures.signatures import Evidence, Signature, recognise
from qarnot_mcp.tools.logs.lines import cut_middle

GROUPS_EXPLAINED = 4
LABEL_CHARACTERS = 80
CODE_CHARACTERS = 40
MESSAGE_CHARACTERS = 240
RANGE_CHARACTERS = 100
COMPARED_CHARACTERS = 1000
# What `,"log_type":"stdout","log_tail":""` costs.
_TAIL_FIELDS_CHARACTERS = 40
_LEAST_TAIL_CHARACTERS = 80

_EXIT_CODE = re.compile(
    r"(?i)\b(?:exit|exited|returned|terminated)(?: with)?(?: an?)?(?:[ _-]?(?:code|status))*\s?[:=]?\s?(\d{1,3})\b"
)
_VARYING = re.compile(r"(?i)0x[0-9a-f]+|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\d+")
_MACHINE_MEMORY = re.compile(r"(?:^|-)(\d{1,5})g(?:-|$)")


@dataclass(frozen=True)
class FailureGroup:
    """Instances that failed alike; with no instances, the failure of the task itself."""

    label: str
    instances: Ranges
    count: int
    error: ApiError | None = None
    exit_code: int | None = None
    attempts: int = 1
    peak_memory_mb: int | None = None
    machine_memory_mb: int | None = None

    @property
    def instance_id(self) -> int | None:
        """The instance whose log stands for the group; none: the log of all instances."""
        return next(iter(self.instances), None)


@dataclass(frozen=True)
class LogTail:
    """The last lines of one log, cleaned, with secrets hidden."""

    log_type: LogType
    text: str


def groups_to_explain(task: Task) -> list[FailureGroup]:
    """Return the groups of instances that failed alike, at most four, the largest first."""
    return failure_groups(task)[:GROUPS_EXPLAINED]


def explain(task: Task, tails: Mapping[int | None, LogTail]) -> FailureReport:
    """Return why a task failed, in at most 4,000 characters of JSON.

    `tails` holds a log's end for the `instance_id` of each group, where there is one. There is at most one hint: that
    of the largest group that failed in a known way.
    """
    groups = failure_groups(task)
    shown = groups[:GROUPS_EXPLAINED]
    known = [recognise(evidence_of(task, group, tails.get(group.instance_id))) for group in shown]
    cause = cause_of(shown[0], known[0])
    retry = (known[0].retry if known[0] else None) or RETRIES[cause]
    report = FailureReport(
        summary=_summary(task, groups),
        cause=cause,
        retry_helps=retry.helps,
        retry_reason=retry.reason,
        groups=[_shape(group, signature) for group, signature in zip(shown, known, strict=True)],
        hint=next((signature.hint for signature in known if signature is not None), None),
    )
    while json_length(report) > FAILURE_CHARACTERS and len(report.groups) > 1:
        report = report.model_copy(update={"groups": report.groups[:-1]})
    return _with_tails(report, [tails.get(group.instance_id) for group in shown])


def cause_of(group: FailureGroup, signature: Signature | None) -> Cause:
    """Return the cause of a failure; a program that ended with an exit code of its own is the caller's."""
    if signature is not None:
        return signature.cause
    return "platform" if group.exit_code is None else "user code"


def exit_code_of(message: str) -> int | None:
    """Return the exit code that a message of the platform speaks of."""
    match = _EXIT_CODE.search(message)
    return int(match[1]) if match else None


def machine_memory_mb(specification_key: str | None) -> int | None:
    """Return the memory of a machine from its key, such as 32c-128g-amd-tr2990wx-ssd; its GB are thousands of MB."""
    match = _MACHINE_MEMORY.search(specification_key or "")
    return int(match[1]) * 1000 if match else None


def failure_groups(task: Task) -> list[FailureGroup]:
    """Return the groups of instances that failed alike, the largest first; at least one."""
    cancelled = Ranges.lenient(task.status.cancelled_range if task.status else "")
    alike: defaultdict[tuple[str, str, int | None], list[CompletedInstance]] = defaultdict(list)
    for instance in task.completed_instances:
        if (instance.state or "").lower() == "failure" and instance.instance_id not in cancelled:
            error = instance.error or ApiError()
            message = error.message[:COMPARED_CHARACTERS]
            alike[error.code or "", _normalised(message), exit_code_of(message)].append(instance)
    groups = [_group(instances, exit_code) for (_, _, exit_code), instances in alike.items()]
    if not groups:
        error_of_task = task.errors[0] if task.errors else None
        failed = Ranges.lenient(task.status.failed_only_range if task.status else "")
        exit_code = exit_code_of(error_of_task.message) if error_of_task else None
        label = _label(error_of_task, exit_code)
        groups = [FailureGroup(label, failed, len(failed), error_of_task, exit_code)]
    return sorted(groups, key=lambda group: -group.count)


def _group(instances: Sequence[CompletedInstance], exit_code: int | None) -> FailureGroup:
    error = instances[0].error
    memories = [instance.peak_memory_mb for instance in instances if instance.peak_memory_mb]
    machines = [machine_memory_mb(instance.specification_key) for instance in instances]
    return FailureGroup(
        label=_label(error, exit_code),
        instances=Ranges.of(instance.instance_id for instance in instances),
        count=len(instances),
        error=error,
        exit_code=exit_code,
        attempts=max(instance.attempts for instance in instances),
        peak_memory_mb=round(max(memories)) if memories else None,
        machine_memory_mb=min(filter(None, machines), default=None),
    )


def _label(error: ApiError | None, exit_code: int | None) -> str:
    if exit_code is not None:
        return f"exit code {exit_code}"
    return masked_line(error.code or "", LABEL_CHARACTERS) or "unknown" if error else "no error reported"


def command_of(task: Task) -> str:
    """Return the Docker command of a task, empty where it has none."""
    return next((constant.value for constant in task.constants if constant.key == "DOCKER_CMD"), "")


def evidence_of(task: Task, group: FailureGroup, tail: LogTail | None) -> Evidence:
    """Return what is known about a group, for `recognise`."""
    errors = [error for error in (group.error, *task.errors) if error is not None]
    if group.peak_memory_mb and group.machine_memory_mb:
        memory_part = group.peak_memory_mb / group.machine_memory_mb
    else:
        memory_part = 0.0
    return Evidence(
        errors="\n".join(f"{error.code or ''} {error.message}" for error in errors[: 1 if group.error else None]),
        log=tail.text if tail else "",
        exit_code=group.exit_code,
        profile=task.profile or "",
        command=command_of(task),
        memory_part=memory_part,
    )


def _summary(task: Task, groups: Sequence[FailureGroup]) -> str:
    failed = sum(group.count for group in groups)
    said = f"{failed:,} of {task.instance_count:,} instances failed" if failed else "The task failed"
    if len(groups) > 1:
        shown = f"; the {GROUPS_EXPLAINED} largest groups follow" if len(groups) > GROUPS_EXPLAINED else ""
        said += f", in {len(groups)} ways{shown}"
    in_groups = {_normalised(group.error.message) for group in groups[:GROUPS_EXPLAINED] if group.error}
    error = next((error for error in task.errors if _normalised(error.message) not in in_groups), None)
    if error is not None:
        code = masked_line(error.code or "", CODE_CHARACTERS)
        said += f". Qarnot says: {code} {masked_line(error.message, MESSAGE_CHARACTERS)}".rstrip()
    return f"{said.rstrip('.')}."


def _shape(group: FailureGroup, signature: Signature | None) -> FailedGroup:
    error = group.error
    return FailedGroup(
        signature=signature.name if signature else group.label,
        instances=group.instances.short(RANGE_CHARACTERS),
        count=group.count,
        error=TaskError(
            code=masked_line(error.code, CODE_CHARACTERS) if error.code else None,
            message=masked_line(error.message, MESSAGE_CHARACTERS),
        )
        if error
        else None,
        attempts=group.attempts if group.attempts > 1 else None,
        peak_memory_mb=group.peak_memory_mb,
        machine_memory_mb=group.machine_memory_mb if group.peak_memory_mb else None,
    )


def _with_tails(report: FailureReport, tails: Sequence[LogTail | None]) -> FailureReport:
    """Share what is left of the report's characters among the tails, the first ones giving what they do not need."""
    groups = list(report.groups)
    room = FAILURE_CHARACTERS - json_length(report)
    wanting = [index for index, tail in enumerate(tails[: len(groups)]) if tail is not None and tail.text.strip()]
    for place, index in enumerate(wanting):
        tail = tails[index]
        share = room // (len(wanting) - place) - _TAIL_FIELDS_CHARACTERS
        if tail is None or share < _LEAST_TAIL_CHARACTERS:
            continue
        text = _last_lines(tail.text, share)
        groups[index] = groups[index].model_copy(update={"log_type": tail.log_type, "log_tail": text})
        room -= _text_length(text) + _TAIL_FIELDS_CHARACTERS
    return report.model_copy(update={"groups": groups})


def _last_lines(text: str, characters: int) -> str:
    """Return the last lines that fit, counted as JSON writes them; of a line that is too long, both its ends."""
    kept: list[str] = []
    for line in reversed(text.rstrip("\n").split("\n")):
        cost = _text_length(f"\n{line}")
        if cost > characters and kept:
            break
        kept.append(line if cost <= characters else _cut_to_json(line, characters))
        characters -= cost
    return "\n".join(reversed(kept))


def _cut_to_json(line: str, characters: int) -> str:
    """Return a line cut in the middle; where JSON doubles its characters, half as many are kept."""
    cut = cut_middle(line, characters)
    return cut if _text_length(cut) <= characters else shorten(line, characters // 2)


def _text_length(text: str) -> int:
    return json_length(text) - 2  # its quotes stand once for the whole text


def _normalised(message: str) -> str:
    return _VARYING.sub("#", message).strip().lower()
