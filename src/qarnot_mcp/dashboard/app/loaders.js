// What is shown, and the calls that bring it up to date. A look answers what polling.js wants to know.

import { joinedEarlier, joinedLater, linesOf } from "../model/log_lines.js";
import { remember } from "../model/phases.js";
import { isOver } from "../model/states.js";

const PAGE = 50;
const MOST_ROWS = 500;
const LOG_PAGE = { tail_lines: 500, max_characters: 60_000, fold: false };
const MOST_SAID = 3;

export const emptyTasks = (args = {}) => ({ args, tagText: args.tags?.[0] ?? "", text: "", sort: { by: "created" } });

export const emptyTask = (uuid, name) => ({ uuid, name, history: {} });

export const emptyLog = (args, { name, state, instanceIds } = {}) => ({
  args: { log_type: "stdout", ...args },
  name,
  state,
  isOver: isOver(state),
  instanceIds: new Set(instanceIds),
  lines: [],
  search: "",
  follows: true,
});

/** What the log's face can use of what the task's face knows. */
export const knownOf = ({ answer }) => ({
  name: answer.name,
  state: answer.state,
  instanceIds: answer.viewData?.instances.map(({ instance_id }) => instance_id),
});

/** For each face: the tool that a look calls, its arguments, and what takes the answer and tells if all is over. */
export const LOOKS = {
  tasks: {
    tool: "list_tasks",
    args: ({ args, rows }) => ({
      ...args,
      limit: Math.min(MOST_ROWS, Math.max(args.limit ?? PAGE, rows?.length ?? 0)),
    }),
    take: takeTasks,
  },
  task: { tool: "get_task", args: ({ uuid }) => ({ task_uuid: uuid, detail: "full" }), take: takeTask },
  log: {
    tool: "get_task_logs",
    args: ({ args, cursor }) => ({ ...args, ...LOG_PAGE, ...(cursor && { cursor }) }),
    take: takeLog,
  },
};

function takeTasks(view, tasks, { tasks: rows, total, next_cursor }) {
  const states = new Map(tasks.rows?.map(({ uuid, state }) => [uuid, state]));
  const changed = rows.filter(({ uuid, state }) => (states.get(uuid) ?? state) !== state);
  changed.slice(0, MOST_SAID).forEach(view.announceState);
  Object.assign(tasks, { rows, total, nextCursor: next_cursor });
  noteTags(view, tasks, rows);
  return rows.every(({ state }) => isOver(state));
}

function takeTask(view, task, answer) {
  if (task.answer && task.answer.state !== answer.state) view.announceState(answer);
  Object.assign(task, { uuid: answer.uuid, answer });
  remember(task.history, answer);
  view.noteTags(answer);
  return isOver(answer.state);
}

function takeLog(view, log, answer) {
  const lines = linesOf(answer);
  const follows = log.cursor && lines[0]?.number <= (log.lines.at(-1)?.number ?? 0) + 1;
  if (!log.cursor || lines.length) log.lines = follows ? joinedLater(log.lines, lines) : lines;
  for (const { instance } of lines) if (instance !== undefined) log.instanceIds.add(instance);
  if (log.args.instance_id !== undefined) log.instanceIds.add(log.args.instance_id);
  const state = answer.state ?? log.state;
  Object.assign(log, {
    answer,
    state,
    isOver: isOver(state),
    name: answer.task_name ?? log.name,
    cursor: answer.cursor,
  });
  // Without a cursor (the failed instances come first) there is nothing to follow.
  return !log.cursor || (log.isOver && (answer.last_line ?? answer.total_lines) >= answer.total_lines);
}

/** Rows leave out the tag that was asked for. */
function noteTags(view, { args }, rows) {
  const asked = args.tags ?? [];
  if (asked.length === 1) for (const { uuid, tags = [] } of rows) view.noteTags({ uuid, tags: [...asked, ...tags] });
}

/** Reads the next page behind the rows that are shown. */
export async function lookFurther(view) {
  const { host, tasks } = view;
  const answer = await host.callTool("list_tasks", { ...tasks.args, limit: PAGE, cursor: tasks.nextCursor });
  noteTags(view, tasks, answer.tasks);
  const rows = new Map([...tasks.rows, ...answer.tasks].map((row) => [row.uuid, row]));
  Object.assign(tasks, { rows: [...rows.values()], nextCursor: answer.next_cursor });
}

/** Reads the page above the first line that is shown. A cursor may name just a line, without its digest. */
export async function lookEarlier({ host, log }) {
  const { log_type, instance_id } = log.args;
  const first = log.lines[0].number;
  let cursor = `${log_type}.${instance_id ?? "all"}.${Math.max(1, first - LOG_PAGE.tail_lines)}`;
  const earlier = [];
  while (cursor) {
    const answer = await host.callTool("get_task_logs", { ...log.args, ...LOG_PAGE, cursor });
    earlier.push(...linesOf(answer));
    cursor = answer.last_line < first - 1 && answer.cursor;
  }
  log.lines = joinedEarlier(log.lines, earlier);
}

/** Searches the whole log. */
export async function lookForText({ host, log }, expression) {
  const { max_characters } = LOG_PAGE;
  const answer = await host.callTool("get_task_logs", { ...log.args, search: expression, max_characters });
  Object.assign(log, { answer, lines: linesOf(answer), isFound: true, follows: false });
}
