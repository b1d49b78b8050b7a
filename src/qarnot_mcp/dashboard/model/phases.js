// The life of a task as phases with durations. Qarnot tells the last two changes of state; earlier ones are what this
// view saw itself, or are estimated from the times of the instances.

import { isOver, kindOf } from "./states.js";

const MAX_AT_ONCE = 32;
const PHASES = ["queued", "booting", "running", "uploading"];

/** Return a date as milliseconds, or null for none. */
export function timestampOf(text) {
  const timestamp = Date.parse(text);
  return timestamp > 0 ? timestamp : null;
}

/** Record in `history` (kind of state -> when it began, in milliseconds) what one result of get_task tells. */
export function recordStates(history, { state, state_since, viewData = {} }) {
  for (const [name, date] of [
    [state, state_since],
    [viewData.previous_state, viewData.previous_state_since],
  ]) {
    const timestamp = name && timestampOf(date);
    if (timestamp) history[kindOf(name)] = Math.min(timestamp, history[kindOf(name)] ?? Infinity);
  }
}

/** Return how many seconds a task has taken so far, or took. */
export const wallSeconds = ({ times }) =>
  Math.max(0.1, times.wall_seconds ?? (Date.now() - timestampOf(times.created)) / 1000);

/** Return the phases that a task went through, [{kind, from, seconds, isExact}]; together they last as long as it. */
export function phasesOf(task, history) {
  const total = wallSeconds(task);
  const started = task.instances.total - task.instances.waiting;
  const kind = kindOf(task.state);
  const reached = PHASES.includes(kind) ? PHASES.indexOf(kind) : started && 3;
  const since = (phase) => history[phase] && Math.max(0, (history[phase] - timestampOf(task.times.created)) / 1000);
  const runs = (task.viewData?.instances ?? []).map(({ execution_seconds }) => execution_seconds ?? 0);
  const uploading = since("uploading") ?? (isOver(task.state) ? total - (task.times.upload_seconds_total ?? 0) : total);
  // Few instances run at once, as long as the longest of them; many take turns. A task that is first loaded after its
  // end tells when it last started to run, which may be long after the first time.
  const boots = started && (task.times.boot_seconds_total ?? 0) / started;
  const longest = started > MAX_AT_ONCE ? boots : uploading - Math.max(0, ...runs);
  const run = Math.min(since("running") ?? longest, isOver(task.state) ? longest : Infinity);
  const boot = since("booting") ?? run - boots;

  const begins = [0, boot, run, uploading].slice(0, reached + 1);
  let from = 0;
  const phases = begins.map((_, position) => {
    const to = Math.max(from, Math.min(total, begins[position + 1] ?? total));
    const next = PHASES[position + 1];
    const phase = {
      kind: PHASES[position],
      from,
      seconds: to - from,
      isExact: position === reached || next in history,
    };
    from = to;
    return phase;
  });
  return phases.filter(({ seconds }, position) => seconds || !position);
}
