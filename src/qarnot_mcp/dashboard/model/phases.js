// The life of a task as phases with durations. Qarnot tells the last two changes of state; what lies before is what
// this view saw itself, or is estimated from the times of the instances.

import { isOver, kindOf } from "./states.js";

const MOST_AT_ONCE = 32;
const PHASES = ["queued", "booting", "running", "uploading"];

/** A date of the API as milliseconds, or null for none; the API's "no date" is the year 1. */
export function momentOf(text) {
  const moment = Date.parse(text);
  return moment > 0 ? moment : null;
}

/** Remembers in `history` (kind of state -> when it began) what one look at a task tells. */
export function remember(history, { state, state_since, viewData = {} }) {
  for (const [name, date] of [
    [state, state_since],
    [viewData.previous_state, viewData.previous_state_since],
  ]) {
    const moment = name && momentOf(date);
    if (moment) history[kindOf(name)] = Math.min(moment, history[kindOf(name)] ?? Infinity);
  }
}

/** The seconds that a task had taken when it was looked at. */
export const wallSeconds = ({ times }) =>
  Math.max(0.1, times.wall_seconds ?? (Date.now() - momentOf(times.created)) / 1000);

/** The phases that a task has gone through, [{kind, from, seconds, isExact}], which together last as long as it. */
export function phasesOf(task, history) {
  const total = wallSeconds(task);
  const started = task.instances.total - task.instances.waiting;
  const kind = kindOf(task.state);
  const reached = PHASES.includes(kind) ? PHASES.indexOf(kind) : started && 3;
  const since = (phase) => history[phase] && Math.max(0, (history[phase] - momentOf(task.times.created)) / 1000);
  const runs = (task.viewData?.instances ?? []).map(({ execution_seconds }) => execution_seconds ?? 0);
  const uploading = since("uploading") ?? (isOver(task.state) ? total - (task.times.upload_seconds ?? 0) : total);
  // All at once they ran as long as the longest of them; many take turns, and some run all the time. A task looked at
  // after its end tells when it was last seen to start running, which may be long after the first.
  const boots = started && (task.times.boot_seconds ?? 0) / started;
  const longest = started > MOST_AT_ONCE ? boots : uploading - Math.max(0, ...runs);
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
