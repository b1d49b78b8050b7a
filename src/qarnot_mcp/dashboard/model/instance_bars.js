// The instances of a task as bars on the task's own time axis.

import { instancesOf } from "./phases.js";
import { idsOf, inRanges } from "./ranges.js";

const MOST_BARS = 200;
const FIRST = ["failure", "running", "uploading", "booting"];

/**
 * The bars of a task that was dispatched `dispatched` seconds after its creation and lasts `total`: {bars, rest}.
 * `rest` counts the instances without a bar: failed and running ones are never left out in favour of others.
 */
export function barsOf(task, dispatched, total) {
  const [completed, running] = instancesOf(task);
  const { api, instances, state } = task;
  const started = completed.length + running.length;
  const meanBoot = (task.times.boot_seconds ?? 0) / Math.max(1, instances.total - instances.waiting);
  const isCancelled = inRanges(api.status?.cancelledRange);
  const known = [
    ...completed.map((one) => completedBar(one, isCancelled(one.instanceId), dispatched, total)),
    ...running.map((one) => runningBar(one, meanBoot, dispatched, total)),
  ];
  const ids = new Set(known.map(({ id }) => id));
  const kind = ["Success", "Failure", "Cancelled"].includes(state) ? state.toLowerCase() : "queued";
  const idle =
    instances.total > started ? idsOf(api.advancedRanges || `0-${instances.total - 1}`, MOST_BARS + started) : [];
  const bars = [...known, ...idle.filter((id) => !ids.has(id)).map((id) => ({ id, kind, from: 0, boot: 0, run: 0 }))]
    .sort((a, b) => rank(a) - rank(b) || a.id - b.id)
    .slice(0, MOST_BARS)
    .sort((a, b) => a.id - b.id);
  return { bars, rest: Math.max(0, instances.total - bars.length) };
}

const rank = ({ kind }) => FIRST.indexOf(kind) + 1 || 9;

function completedBar(one, isCancelled, dispatched, total) {
  const run = Math.min(total, one.execTimeSec ?? 0);
  const life = Math.min(total, Math.max(one.wallTimeSec ?? 0, run));
  return {
    id: one.instanceId,
    kind: isCancelled ? "cancelled" : one.state === "Success" ? "success" : "failure",
    from: Math.max(0, Math.min(dispatched, total - life)),
    boot: life - run,
    run,
    error: one.error?.message,
    attempts: one.executionAttemptCount,
    memory: one.peakMemoryMB,
  };
}

function runningBar(one, meanBoot, dispatched, total) {
  const run = Math.min(total, one.executionTimeSec ?? 0);
  const kind = one.phase === "upload" ? "uploading" : run || one.phase === "execution" ? "running" : "booting";
  const boot = kind === "booting" ? Math.max(0, total - dispatched) : Math.min(meanBoot, total - run);
  return {
    id: one.instanceId,
    kind,
    from: Math.max(0, total - run - boot),
    boot,
    run,
    attempts: one.executionAttemptCount,
    cpu: one.cpuUsage,
    memory: one.currentMemoryMB,
    memoryLimit: one.maxMemoryMB,
  };
}

/** Whole, readable times along an axis of so many seconds. */
export function ticksOf(total) {
  const steps = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400];
  const step = steps.find((seconds) => total / seconds <= 5) ?? Math.ceil(total / 432000) * 86400;
  return [0, 1, 2, 3, 4].map((position) => position * step).filter((at) => at <= total * 0.93);
}
