"""What the instances of a task have printed up to a time, within a bound."""

from collections.abc import Iterator

from qarnot_mcp.sandbox.commands.run import NumberRange, Stream
from qarnot_mcp.sandbox.platform.task import Task

MAX_LOG_LENGTH = 16 * 1024 * 1024
"""Characters that a log keeps; the oldest go first, as in the platform's circular buffer."""


def read_log(task: Task, stream: Stream, instance_id: int | None, now: int, after: int | None = None) -> str:
    """Return the log of one instance, or of all with each line marked ` 0> `, in the order in which it was printed.

    `after` leaves out what had been printed by that time.
    """
    until = task.worked_until(now)
    since = -1 if after is None else task.worked_until(after)
    pieces: list[str] = []
    length_left = MAX_LOG_LENGTH
    outputs = sorted(_outputs(task, stream, instance_id, until), key=lambda output: output[:3])
    for at, instance, _, content in reversed(outputs):
        if at <= since or length_left <= 0:
            break
        text = content.tail(length_left) if isinstance(content, NumberRange) else content
        if instance_id is None:
            mark = f"{instance:>2}> "
            text = mark + text.removesuffix("\n").replace("\n", f"\n{mark}") + "\n"
        pieces.append(text[-length_left:])
        length_left -= len(text)
    pieces.reverse()
    return "".join(pieces)


def _outputs(
    task: Task, stream: Stream, instance_id: int | None, until: int
) -> Iterator[tuple[int, int, int, str | NumberRange]]:
    work = task.work
    if work.is_image_absent:
        return
    for plan in task.plan.instances:
        if instance_id is not None and plan.instance_id != instance_id:
            continue
        if not plan.has_started(until):
            continue
        run = work.run_instance(plan.instance_id)
        for number, attempt in enumerate(plan.attempts):
            if attempt.started is None or attempt.started > until:
                continue
            for position, output in enumerate(run.outputs):
                at = attempt.started + int(output.at_seconds)
                if output.stream == stream and at <= min(attempt.ended, until):
                    yield at, plan.instance_id, number * len(run.outputs) + position, output.content
