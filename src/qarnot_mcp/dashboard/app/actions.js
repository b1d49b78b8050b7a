// What the reader does to a task: a tool call, and a word to the model so that the conversation knows.

import { isLost } from "./host.js";
import { submitArguments } from "../model/resubmit.js";

const MOST_TOLD = 10;
const TOOLS = { abort: "abort_task", delete: "delete_task", again: "submit_task" };
const TOLD = {
  abort: (task, { state }) => `aborted the task ${task}; its state is now ${state}`,
  delete: (task) => `deleted the task ${task}`,
  again: (task, { uuid, name }) => `ran the task ${task} again: the new task is "${name}" (${uuid})`,
};

/** Makes `carryOut(asking)`, which does what was asked and answers what the tool said. */
export function createDeeds({ callTool, tellModel }) {
  const told = [];

  return async ({ deed, task: { name, uuid }, submission }) => {
    const answer = await callTool(TOOLS[deed], submission ? submitArguments(submission) : { task_uuid: uuid });
    told.push({ text: TOLD[deed](`"${name}" (${uuid})`, answer), action: TOOLS[deed], task_uuid: uuid, answer });
    // Each word to the model takes the place of the one before, so it tells all that was done.
    const last = told.slice(-MOST_TOLD);
    const text = last.map((entry) => `\n- ${entry.text}`).join("");
    // A host that takes no such word refuses it; the deed is done all the same.
    await tellModel(`In the Qarnot dashboard the person did this, oldest first:${text}`, { actions: last }).catch(
      isLost,
    );
    return answer;
  };
}
