// The dashboard starts here: it holds the view, takes what the host says, and draws the current page.

import { connectToHost, contentOf, isLost } from "./host.js";
import { loadAccount } from "./account.js";
import { createActions } from "./actions.js";
import { h, render } from "../components/dom.js";
import { createHandlers } from "./handlers.js";
import { createLanguage } from "../i18n/language.js";
import { filesPage } from "../pages/files.js";
import { jobPage } from "../pages/job.js";
import { jobsPage } from "../pages/jobs.js";
import { logPage } from "../pages/log.js";
import { newFiles } from "./files.js";
import { LIST_TOOLS, newJob, newList } from "./lists.js";
import { newLog, newTask, newTaskList, LOADERS } from "./loaders.js";
import { iconButton, logo, loading } from "../components/controls.js";
import { createPolling } from "./polling.js";
import { kindOf } from "../model/states.js";
import { poolsPage } from "../pages/pools.js";
import { taskPage } from "../pages/task.js";
import { taskListPage } from "../pages/task_list.js";

/**
 * What every part of the view may have; a part is what one page shows.
 * @typedef {object} Part
 * @property {{isLost: boolean, text: string}} [problem] what went wrong at the last call
 * @property {string} [lastResult] the last result as JSON, to notice that nothing has changed
 */

/**
 * The list of tasks.
 * @typedef {object} TaskListPart
 * @property {object} args the filters, as arguments of list_tasks
 * @property {object[]} [rows] the tasks of list_tasks; missing until they are loaded
 * @property {number} [total] how many tasks match on the server
 * @property {string} [nextCursor] reads on after the last row
 * @property {string} text what the reader filters the rows by
 * @property {string} tagText what is typed into the field for a tag
 * @property {{by: string, isDescending?: boolean}} sort
 */

/**
 * One task.
 * @typedef {object} TaskPart
 * @property {string} uuid
 * @property {string} [name]
 * @property {object} [result] of get_task; missing until it is loaded
 * @property {TaskPart} [job] the job that the reader came from
 * @property {Object<string, number>} history when each kind of state began, in milliseconds, as far as it is known
 */

/**
 * The log of a task.
 * @typedef {object} LogPart
 * @property {object} args which log, as arguments of get_task_logs
 * @property {object} [result] of get_task_logs; missing until it is loaded
 * @property {object[]} lines as model/log_lines.js makes them
 * @property {Set<number>} instanceIds the instances to choose from
 * @property {string} [name] of the task
 * @property {string} [state] of the task
 * @property {boolean} isOver whether the task has ended
 * @property {string} search what is marked in the lines
 * @property {boolean} [isFound] whether the lines are those of a search through the whole log
 * @property {boolean} follows whether the page scrolls to new lines
 * @property {string} [cursor] reads on after the last line
 */

/**
 * The files of a bucket, or the results of a task.
 * @typedef {object} FilesPart
 * @property {object} args which, as arguments of list_files
 * @property {object} [result] of list_files; missing until it is loaded
 * @property {Map<string, string>} pictures the addresses of thumbnails, by path
 * @property {object} [opened] the file that is shown: its path, and a picture, a text or a note
 * @property {string} [name] of the task
 */

/**
 * The list of jobs, or of pools.
 * @typedef {object} ListPart
 * @property {object} args the filters, as arguments of list_jobs or list_pools
 * @property {object[]} [rows] missing until they are loaded
 * @property {number} [total] how many match on the server
 * @property {string} [nextCursor] reads on after the last row
 * @property {boolean} [isLong] whether the reader has read on
 */

/**
 * One job.
 * @typedef {object} JobPart
 * @property {string} uuid
 * @property {string} [name]
 * @property {object} [result] of get_job; missing until it is loaded
 */

/**
 * What the reader is asked to confirm.
 * @typedef {object} Asking
 * @property {"abort"|"delete"|"again"|"terminate"|"close"} action
 * @property {object} resource the result of get_task or of get_job, or a row of list_pools
 * @property {object|false} submission for "again": what model/resubmit.js makes of the task
 * @property {boolean} [isBusy] whether the call is on its way
 * @property {string} [problem] why the call failed
 */

/**
 * Everything that is shown. Beside these fields it has the functions below, and say, number, percent, date, duration,
 * ago and memory of i18n/language.js.
 * @typedef {object} View
 * @property {"tasks"|"task"|"log"|"files"|"jobs"|"job"|"pools"|null} page the current page; null until the host says what to show
 * @property {Part & TaskListPart} tasks
 * @property {Part & TaskPart} [task]
 * @property {Part & LogPart} log
 * @property {Part & FilesPart} [files]
 * @property {Part & ListPart} [jobs]
 * @property {Part & JobPart} [job]
 * @property {Part & ListPart} [pools]
 * @property {Asking|null} asking
 * @property {string} notice what was done last
 * @property {object} [account] credits (euros), and carbon and saved of this week (g CO2e), once they are loaded
 * @property {boolean} mayAct whether the reader may abort, delete and run again
 * @property {boolean} mayCall whether the host lets the view call tools; else it shows the result that it was given
 * @property {boolean} mayOpen whether the host opens links
 * @property {boolean} hasFiles whether the tools for files are there
 * @property {string[]} lists those that there are tools for: "tasks", "jobs", "pools"
 * @property {function(): number} width how many pixels wide the content of a page is
 * @property {boolean} isAlive whether another load is due
 * @property {"compact"|"inline"|"fullscreen"} display how much room there is: compact is at most 500 pixels high, until
 *   the reader asks for more
 * @property {Set<string>} knownTags
 * @property {object} host the connection of app/host.js
 * @property {object} go the handlers of app/handlers.js
 * @property {function(Asking): Promise<object>} runAction
 */

const PAGES = {
  tasks: taskListPage,
  task: taskPage,
  log: logPage,
  files: filesPage,
  jobs: jobsPage,
  job: jobPage,
  pools: poolsPage,
};
const MAX_ANNOUNCED = 3;

const root = document.documentElement;
const main = document.querySelector("main");
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const hostContext = {};
const tagsByTask = new Map();
let input = {};

/** @type {View} */
const view = {
  page: null,
  tasks: newTaskList(),
  log: newLog({}),
  asking: null,
  notice: "",
  mayAct: root.dataset.actions === "on",
  mayCall: true,
  mayOpen: true,
  hasFiles: root.dataset.storage === "on",
  lists: ["tasks", "jobs", "pools"].filter((list) => list === "tasks" || root.dataset[list] === "on"),
  knownTags: new Set(),
  isAlive: false,
  display: "compact",
  redraw,
  load: () => polling.loadNow(),
  expand,
  displayButton,
  announce: (text) => render(document.getElementById("announcements"), text),
  announceState({ name, state }) {
    view.announce(`${name}: ${view.say(kindOf(state))}`);
  },
  /** Announce the first tasks whose state is another than before. */
  announceStates(before = [], rows) {
    const states = new Map(before.map(({ uuid, state }) => [uuid, state]));
    const changed = rows.filter(({ uuid, state }) => (states.get(uuid) ?? state) !== state);
    changed.slice(0, MAX_ANNOUNCED).forEach(view.announceState);
  },
  width() {
    const { paddingLeft, paddingRight } = getComputedStyle(main);
    return main.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
  },

  /** Lists without a tag filter carry no tags: those seen elsewhere are kept for them. */
  rememberTags({ uuid, tags }) {
    if (tags) tagsByTask.set(uuid, tags);
    tags?.forEach((tag) => view.knownTags.add(tag));
  },
  tagsOf: ({ uuid }) => tagsByTask.get(uuid) ?? [],
};

const polling = createPolling(load, (isAlive) => {
  view.isAlive = isAlive;
  redraw();
});

const NOTIFICATION_HANDLERS = {
  "tool-input": (params) => (input = params.arguments ?? {}),
  "tool-result": openResult,
  "tool-cancelled": () => openProblem(view.say("toolCancelled")),
  "host-context-changed": takeContext,
};

view.host = connectToHost((name, params) => NOTIFICATION_HANDLERS[name]?.(params), polling.stop);
view.runAction = createActions(view.host);
view.go = createHandlers(view);

/** Load what the current page shows, once. */
async function load() {
  const { page } = view;
  const part = view[page];
  view.isAlive = view.mayCall && !part.isFound;
  redraw();
  if (!view.isAlive) return "over";
  try {
    const { tool, args, take } = LOADERS[page];
    const result = await view.host.callTool(tool, args(part));
    // The reader has gone to another page meanwhile, which has a load of its own.
    if (view[view.page] !== part || part.isFound) return "replaced";
    const text = JSON.stringify({ ...result, now: undefined }); // the time alone is no change
    const isSame = part.lastResult === text;
    Object.assign(part, { lastResult: text, problem: null });
    return take(view, part, result) ? "over" : isSame ? "same" : "changed";
  } catch (error) {
    const lost = isLost(error);
    part.problem = { isLost: lost, text: lost ? view.say("lostText") : error.message };
    return "lost";
  }
}

function redraw() {
  const start = performance.now();
  const { page, notice } = view;
  const content = page ? PAGES[page](view) : [h("header.head", logo()), loading(view)];
  render(main, notice && h("p.notice", notice), content);
  if (page === "log" && view.log.follows && view.display === "fullscreen") scrollTo(0, root.scrollHeight);
  performance.measure("qarnot:draw", { start });
}

/** By which field the results of the tools are told, each before those that have it, too. */
const RESULTS = [
  ["jobs", "jobs"],
  ["pools", "pools"],
  ["states", "job"],
  ["tasks", "tasks"],
  ["instances", "task"],
  ["files", "files"],
];

/** Open the page for the result of the tool that the model called. */
function openResult(toolResult) {
  try {
    const result = contentOf(toolResult);
    open(RESULTS.find(([field]) => result[field])?.[1] ?? "log", result);
    const isDone = LOADERS[view.page].take(view, view[view.page], result);
    // A summary has no bars, a log may be folded, and time has passed since: load again at once.
    view.log.cursor = undefined;
    if (view.page === "tasks" && isDone) redraw();
    else view.load();
  } catch (error) {
    isLost(error);
    openProblem(error.message);
  }
}

function open(
  page,
  { uuid, task_uuid = uuid ?? input.task_uuid, log_type = input.log_type, instance_id = input.instance_id } = {},
) {
  view.page = page;
  if (page === "tasks") view.tasks = newTaskList({ ...input });
  else if (page === "task") view.task = newTask(task_uuid);
  else if (page === "files") view.files = newFiles({ ...input });
  else if (page === "job") view.job = newJob(uuid ?? input.job_uuid);
  else if (page in LIST_TOOLS) view[page] = newList({ ...input });
  else
    view.log = newLog({
      task_uuid,
      log_type: log_type ?? "stdout",
      ...(instance_id !== undefined && { instance_id }),
    });
}

/** Open the page of the tool that the model called, with what went wrong. */
function openProblem(text) {
  open(Object.keys(LOADERS).find((page) => LOADERS[page].tool === hostContext.toolInfo?.tool?.name) ?? "tasks");
  view[view.page].problem = { text };
  redraw();
}

/** Follow the host's theme, colours, fonts, language and display mode. */
function takeContext(changes) {
  Object.assign(hostContext, changes);
  const { theme, displayMode, styles, locale = navigator.language, timeZone } = hostContext;
  root.dataset.theme = theme ?? (prefersDark.matches ? "dark" : "light");
  if (displayMode === "fullscreen") showAs("fullscreen");
  else if (view.display === "fullscreen") showAs("compact");
  for (const [name, value] of Object.entries(styles?.variables ?? {})) root.style.setProperty(name, value ?? "");
  document.getElementById("host-fonts").textContent = styles?.css?.fonts ?? "";
  Object.assign(view, createLanguage(locale, timeZone));
  root.lang = view.tag;
  document.title = view.say("title");
  redraw();
}

function showAs(display) {
  view.display = root.dataset.display = display;
}

/** Show everything: on the full screen where the host has one, else in place. */
async function expand() {
  try {
    if (hostContext.availableDisplayModes?.includes("fullscreen"))
      return await view.host.requestDisplayMode("fullscreen");
  } catch (error) {
    isLost(error);
  }
  showAs("inline");
  redraw();
}

/** The way to full screen and back, where the host has it. */
function displayButton() {
  const mode = view.display === "fullscreen" ? "inline" : "fullscreen";
  return (
    hostContext.availableDisplayModes?.includes(mode) &&
    iconButton("expand", view.say(mode), mode === "inline" ? () => view.host.requestDisplayMode(mode) : expand)
  );
}

showAs("compact");
takeContext({});
addEventListener("scroll", () => view.page === "log" && view.go.scrolled(root));
prefersDark.addEventListener("change", () => takeContext({}));
view.host.initialize().then((host) => {
  const can = (name) => !host.hostCapabilities || name in host.hostCapabilities;
  Object.assign(view, { mayCall: can("serverTools"), mayOpen: can("openLinks") });
  view.mayAct &&= view.mayCall;
  root.dataset.calls = view.mayCall ? "on" : "off";
  takeContext(host.hostContext ?? {});
  if (root.dataset.account === "on" && view.mayCall) loadAccount(view);
  new ResizeObserver(
    ([
      {
        contentRect: { width, height },
      },
    ]) => {
      view.host.reportSize(Math.ceil(width), Math.ceil(height));
      if (view.page === "job") redraw(); // whether there is room for the drawing
    },
  ).observe(document.body);
});
