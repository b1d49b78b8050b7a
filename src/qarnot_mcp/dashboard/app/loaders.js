// The parts of the view (their shapes are in main.js), and the calls that bring them up to date.

import { takeFiles } from "./files.js";
import { listLoader, takeJob } from "./lists.js";
import { joinedEarlier, joinedLater, linesOf } from "../model/log_lines.js";
import { recordStates } from "../model/phases.js";
import { isOver } from "../model/states.js";

const ROWS_AT_ONCE = 50;
const MAX_ROWS = 500;
const LOG_ARGUMENTS = { tail_lines: 500, max_characters: 60_000, fold: false };

export const newTaskList = (args = {}) => ({ args, tagText: args.tags?.[0] ?? "", text: "", sort: { by: "created" } });

export const newTask = (uuid, name) => ({ uuid, name, history: {} });

export const newLog = (args, { name, state, instanceIds } = {}) => ({
  args: { log_type: "stdout", ...args },
  name,
  state,
  isOver: isOver(state),
  instanceIds: new Set(instanceIds),
  lines: [],
  search: "",
  follows: true,
});

/** Return what the page of a task knows and the page of its log shows. */
export const taskContext = ({ result }) => ({
  name: result.name,
  state: result.state,
  instanceIds: result.viewData?.instances.map(({ instance_id }) => instance_id),
});

/** For each page: the tool it calls, the arguments, and `take`, which stores a result and tells whether all is over. */
export const LOADERS = {
  tasks: {
    tool: "list_tasks",
    args: ({ args, rows }) => ({
      ...args,
      limit: Math.min(MAX_ROWS, Math.max(args.limit ?? ROWS_AT_ONCE, rows?.length ?? 0)),
    }),
    take: takeTaskList,
  },
  task: { tool: "get_task", args: ({ uuid }) => ({ task_uuid: uuid, detail: "full" }), take: takeTask },
  log: {
    tool: "get_task_logs",
    args: ({ args, cursor }) => ({ ...args, ...LOG_ARGUMENTS, ...(cursor && { cursor }) }),
    take: takeLog,
  },
  files: { tool: "list_files", args: ({ args }) => args, take: takeFiles },
  jobs: listLoader("jobs"),
  job: { tool: "get_job", args: ({ uuid }) => ({ job_uuid: uuid }), take: takeJob },
  pools: listLoader("pools"),
};

function takeTaskList(view, tasks, result) {
  const { tasks: rows, total, next_cursor } = result;
  view.announceStates(tasks.rows, rows);
  Object.assign(tasks, { rows, total, nextCursor: next_cursor });
  rememberRowTags(view, result);
  return rows.every(({ state }) => isOver(state));
}

function takeTask(view, task, result) {
  if (task.result && task.result.state !== result.state) view.announceState(result);
  Object.assign(task, { uuid: result.uuid, result });
  recordStates(task.history, result);
  view.rememberTags(result);
  return isOver(result.state);
}

function takeLog(view, log, result) {
  const lines = linesOf(result);
  const follows = log.cursor && lines[0]?.number <= (log.lines.at(-1)?.number ?? 0) + 1;
  if (!log.cursor || lines.length) log.lines = follows ? joinedLater(log.lines, lines) : lines;
  for (const { instance } of lines) if (instance !== undefined) log.instanceIds.add(instance);
  if (log.args.instance_id !== undefined) log.instanceIds.add(log.args.instance_id);
  const state = result.state ?? log.state;
  Object.assign(log, {
    result,
    state,
    isOver: isOver(state),
    name: result.task_name ?? log.name,
    cursor: result.cursor,
  });
  // Without a cursor (the failed instances come first) there is nothing to follow.
  return !log.cursor || (log.isOver && (result.last_line ?? result.total_lines) >= result.total_lines);
}

/** Remember the tags of rows; those that all of them have are said once. */
function rememberRowTags(view, { common_tags: common = [], tasks }) {
  for (const { uuid, tags = [] } of tasks) view.rememberTags({ uuid, tags: [...common, ...tags] });
}

/** Load the page after the rows that are shown. */
export async function loadMore(view) {
  const { host, tasks } = view;
  const result = await host.callTool("list_tasks", { ...tasks.args, limit: ROWS_AT_ONCE, cursor: tasks.nextCursor });
  rememberRowTags(view, result);
  const rows = new Map([...tasks.rows, ...result.tasks].map((row) => [row.uuid, row]));
  Object.assign(tasks, { rows: [...rows.values()], nextCursor: result.next_cursor });
}

/** Load the page above the first line that is shown. A cursor may name just a line, without its digest. */
export async function loadEarlier({ host, log }) {
  const { log_type, instance_id } = log.args;
  const first = log.lines[0].number;
  let cursor = `${log_type}.${instance_id ?? "all"}.${Math.max(1, first - LOG_ARGUMENTS.tail_lines)}`;
  const earlier = [];
  while (cursor) {
    const result = await host.callTool("get_task_logs", { ...log.args, ...LOG_ARGUMENTS, cursor });
    earlier.push(...linesOf(result));
    cursor = result.last_line < first - 1 && result.cursor;
  }
  log.lines = joinedEarlier(log.lines, earlier);
}

/** Search the whole log. */
export async function searchLog({ host, log }, expression) {
  const { max_characters } = LOG_ARGUMENTS;
  const result = await host.callTool("get_task_logs", { ...log.args, search: expression, max_characters });
  Object.assign(log, { result, lines: linesOf(result), isFound: true, follows: false });
}
