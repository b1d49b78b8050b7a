// What a person does to a task: one tool call, and a report to the model so that the conversation knows about it.

import { isLost } from "./host.js";
import { submitArguments } from "../model/resubmit.js";

const MAX_REPORTED = 10;
const TOOLS = { abort: "abort_task", delete: "delete_task", again: "submit_task" };
const REPORTS = {
  abort: (task, { state }) => `aborted the task ${task}; its state is now ${state}`,
  delete: (task) => `deleted the task ${task}`,
  again: (task, { uuid, name }) => `ran the task ${task} again: the new task is "${name}" (${uuid})`,
};

/** Return `runAction(asking)`, which carries out what was confirmed and returns the tool's result. */
export function createActions({ callTool, updateModelContext }) {
  const done = [];

  return async ({ action, task: { name, uuid }, submission }) => {
    const result = await callTool(TOOLS[action], submission ? submitArguments(submission) : { task_uuid: uuid });
    done.push({ text: REPORTS[action](`"${name}" (${uuid})`, result), action: TOOLS[action], task_uuid: uuid, result });
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
