// The instances of a task as bars on the task's own time axis.

const ENDED = ["success", "failure", "cancelled"];

/**
 * Return the bars of a task that was dispatched `dispatched` seconds after its creation and has lasted `total`
 * seconds: {bars: [{id, kind, from, boot, run, error, attempts, cpu, memory, memoryLimit}], rest}. `from`, `boot` and
 * `run` are seconds; `rest` counts the instances that the server left out.
 */
export function barsOf({ instances, times, viewData }, dispatched, total) {
  const rows = viewData?.instances ?? [];
  const started = instances.total - instances.waiting;
  const meanBoot = (times.boot_seconds_total ?? 0) / Math.max(1, started);
  const bars = rows.map((row) => ({
    id: row.instance_id,
    kind: row.state,
    ...spanOf(row, meanBoot, dispatched, total),
    error: row.error,
    attempts: row.attempts,
    cpu: row.cpu_percent,
    memory: row.memory_mb,
    memoryLimit: row.max_memory_mb,
  }));
  return { bars, rest: rows.length ? Math.max(0, instances.total - rows.length) : 0 };
}

/** Return where a bar starts, how long it boots and runs. No start is known: it is estimated back from the end. */
function spanOf({ state, wall_seconds, execution_seconds }, meanBoot, dispatched, total) {
  const run = Math.min(total, execution_seconds ?? 0);
  if (state === "queued") return { from: 0, boot: 0, run: 0 };
  if (ENDED.includes(state)) {
    const life = Math.min(total, Math.max(wall_seconds ?? 0, run));
    return { from: Math.max(0, Math.min(dispatched, total - life)), boot: life - run, run };
  }
  const boot = state === "booting" ? Math.max(0, total - dispatched) : Math.min(meanBoot, total - run);
  return { from: Math.max(0, total - run - boot), boot, run };
}

/** Return at most five round times, in seconds, along an axis of `total` seconds. */
export function ticksOf(total) {
  const steps = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400];
  const step = steps.find((seconds) => total / seconds <= 5) ?? Math.ceil(total / 432000) * 86400;
  return [0, 1, 2, 3, 4].map((position) => position * step).filter((at) => at <= total * 0.93);
}
