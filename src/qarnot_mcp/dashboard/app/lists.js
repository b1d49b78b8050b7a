// The lists of jobs and of pools, and a job with its tasks.

import { groupKindOf, isOver } from "../model/states.js";

export const LIST_TOOLS = { jobs: "list_jobs", pools: "list_pools" };

export const newList = (args = {}) => ({ args });

export const newJob = (uuid, name) => ({ uuid, name });

/** Return the loader of a list; it is over once nothing in it is open. */
export const listLoader = (name) => ({
  tool: LIST_TOOLS[name],
  args: ({ args }) => args,
  take(view, list, result) {
    const rows = result[name];
    if (!list.isLong) list.nextCursor = result.next_cursor;
    Object.assign(list, { rows: list.isLong ? joinedRows(rows, list.rows) : rows, total: result.total });
    return rows.every(({ state }) => ["completed", "closed", "failure"].includes(groupKindOf(state)));
  },
});

/** Take a result of get_job. */
export function takeJob(view, job, result) {
  view.announceStates(job.result?.tasks, result.tasks);
  Object.assign(job, { uuid: result.uuid, name: result.name, result });
  return groupKindOf(result.state) === "completed" || (result.tasks.length > 0 && result.tasks.every(isOverTask));
}

const isOverTask = ({ state }) => isOver(state);

/** Return rows with those of others that are not among them. */
function joinedRows(rows, others) {
  const uuids = new Set(rows.map(({ uuid }) => uuid));
  return [...rows, ...others.filter(({ uuid }) => !uuids.has(uuid))];
}

/** Return the handlers for these lists; `show` opens a page, `attempt` runs a call and shows what went wrong. */
export function createListHandlers(view, show, attempt) {
  const uuidOf = (part) => `[data-uuid="${CSS.escape(part?.uuid ?? "")}"]`;
  return {
    openList: (name) => show(name, view[name] ?? newList(), `main > .choices [aria-pressed="true"]`),
    openJob: (uuid, name) => show("job", view.job?.uuid === uuid ? view.job : newJob(uuid, name)),
    openJobs: () => show("jobs", view.jobs ?? newList(), view.jobs ? uuidOf(view.job) : "#heading"),
    backToJob: () => show("job", view.task.job, uuidOf(view.task)),
    moreRows: () =>
      attempt(view[view.page], async () => {
        const { page, [page]: list } = view;
        const result = await view.host.callTool(LIST_TOOLS[page], { ...list.args, cursor: list.nextCursor });
        const rows = joinedRows(list.rows, result[page]);
        Object.assign(list, { rows, nextCursor: result.next_cursor, isLong: true });
      }),
  };
}
