// What a person does to a task, a job or a pool: one tool call, and a report to the model so that the conversation knows about it.

import { isLost } from "./host.js";
import { submitArguments } from "../model/resubmit.js";

const MAX_REPORTED = 10;
const TOOLS = {
  abort: ["abort_task", "task_uuid"],
  delete: ["delete_task", "task_uuid"],
  again: ["submit_task", "task_uuid"],
  terminate: ["terminate_job", "job_uuid"],
  close: ["close_pool", "pool_uuid"],
};
const REPORTS = {
  abort: (task, { state }) => `aborted the task ${task}; its state is now ${state}`,
  delete: (task) => `deleted the task ${task}`,
  again: (task, { uuid, name }) => `ran the task ${task} again: the new task is "${name}" (${uuid})`,
  terminate: (job, { state }) => `terminated the job ${job}; its state is now ${state}`,
  close: (pool, { state }) => `closed the pool ${pool}; its state is now ${state}`,
};

/** Return `runAction(asking)`, which carries out what was confirmed and returns the tool's result. */
export function createActions({ callTool, updateModelContext }) {
  const done = [];

  return async ({ action, resource: { name, uuid }, submission }) => {
    const [tool, parameter] = TOOLS[action];
    const result = await callTool(tool, submission ? submitArguments(submission) : { [parameter]: uuid });
    done.push({ text: REPORTS[action](`"${name}" (${uuid})`, result), action: tool, [parameter]: uuid, result });
    // Each report replaces the one before, so it lists all that was done.
    const last = done.slice(-MAX_REPORTED);
    const text = last.map((entry) => `\n- ${entry.text}`).join("");
    // A host may not support reports; the action is done all the same.
    await updateModelContext(`In the Qarnot dashboard the person did this, oldest first:${text}`, {
      actions: last,
    }).catch(isLost);
    return result;
  };
}
