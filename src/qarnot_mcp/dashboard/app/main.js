// The dashboard: it starts here, takes what the host says, and draws the face that is wanted.

import { connectToHost, isLost, structureOf } from "./host.js";
import { createDeeds } from "./actions.js";
import { h, render } from "../components/dom.js";
import { createHandlers } from "./handlers.js";
import { createLanguage } from "../i18n/language.js";
import { logFace } from "../pages/log.js";
import { emptyLog, emptyTask, emptyTasks, LOOKS } from "./loaders.js";
import { iconButton, mark, loading } from "../components/controls.js";
import { createPolling } from "./polling.js";
import { kindOf } from "../model/states.js";
import { taskFace } from "../pages/task.js";
import { tasksFace } from "../pages/task_list.js";

const FACES = { tasks: tasksFace, task: taskFace, log: logFace };

const root = document.documentElement;
const main = document.querySelector("main");
const darkness = matchMedia("(prefers-color-scheme: dark)");
const context = {};
const tagsByTask = new Map();
let input = {};

const view = {
  face: null,
  tasks: emptyTasks(),
  log: emptyLog({}),
  mayAct: root.dataset.actions === "on",
  mayCall: true,
  knownTags: new Set(),
  isAlive: false,
  redraw,
  look: () => polling.lookNow(),
  expandButton,
  announce: (text) => render(document.getElementById("announcements"), text),
  announceState({ name, state }) {
    view.announce(`${name}: ${view.say(kindOf(state))}`);
  },

  /** Lists without a tag filter carry no tags: those seen elsewhere are kept for them. */
  noteTags({ uuid, tags }) {
    if (tags) tagsByTask.set(uuid, tags);
    tags?.forEach((tag) => view.knownTags.add(tag));
  },
  tagsOf: ({ uuid }) => tagsByTask.get(uuid) ?? [],
};

const polling = createPolling(look, (isAlive) => {
  view.isAlive = isAlive;
  redraw();
});

/** What the host tells without being asked. */
const HEARD = {
  "tool-input": (params) => (input = params.arguments ?? {}),
  "tool-result": takeResult,
  "tool-cancelled": () => refuse(view.say("toolCancelled")),
  "host-context-changed": takeContext,
};

view.host = connectToHost((name, params) => HEARD[name]?.(params), polling.stop);
view.carryOut = createDeeds(view.host);
view.go = createHandlers(view);

/** One look at what is shown. */
async function look() {
  const { face } = view;
  const part = view[face];
  view.isAlive = view.mayCall && !part.isFound;
  redraw();
  if (!view.isAlive) return "over";
  try {
    const { tool, args, take } = LOOKS[face];
    const answer = await view.host.callTool(tool, args(part));
    // The reader has gone elsewhere meanwhile: the look that was due there goes on.
    if (view[view.face] !== part || part.isFound) return "gone";
    const text = JSON.stringify(answer);
    const isSame = part.lastAnswer === text;
    Object.assign(part, { lastAnswer: text, problem: null });
    return take(view, part, answer) ? "over" : isSame ? "same" : "changed";
  } catch (error) {
    const lost = isLost(error);
    part.problem = { isLost: lost, text: lost ? view.say("lostText") : error.message };
    return "lost";
  }
}

function redraw() {
  const start = performance.now();
  const { face, notice } = view;
  const content = face ? FACES[face](view) : [h("header.head", mark()), loading(view)];
  render(main, notice && h("p.notice", notice), content);
  const lines = face === "log" && view.log.follows && document.getElementById("log-lines");
  if (lines) lines.scrollTop = lines.scrollHeight;
  performance.measure("qarnot:draw", { start });
}

/** Opens the face that fits the result of the tool that the model called. */
function takeResult(result) {
  try {
    const answer = structureOf(result);
    open(answer.tasks ? "tasks" : answer.instances ? "task" : "log", answer);
    const isDone = LOOKS[view.face].take(view, view[view.face], answer);
    // A summary has no bars, a log's lines may be folded, and what moves may have moved since: look again at once.
    view.log.cursor = undefined;
    if (view.face === "tasks" && isDone) redraw();
    else view.look();
  } catch (error) {
    isLost(error);
    refuse(error.message);
  }
}

function open(
  face,
  { uuid, task_uuid = uuid ?? input.task_uuid, log_type = input.log_type, instance_id = input.instance_id } = {},
) {
  view.face = face;
  if (face === "tasks") view.tasks = emptyTasks({ ...input });
  else if (face === "task") view.task = emptyTask(task_uuid);
  else
    view.log = emptyLog({
      task_uuid,
      log_type: log_type ?? "stdout",
      ...(instance_id !== undefined && { instance_id }),
    });
}

function refuse(text) {
  open(Object.keys(LOOKS).find((face) => LOOKS[face].tool === context.toolInfo?.tool?.name) ?? "tasks");
  view[view.face].problem = { text };
  redraw();
}

/** Follows the host's theme, language, fonts and display mode. */
function takeContext(changes) {
  Object.assign(context, changes);
  const { theme, displayMode, styles, locale = navigator.language, timeZone } = context;
  root.dataset.theme = theme ?? (darkness.matches ? "dark" : "light");
  root.dataset.fills = displayMode === "fullscreen";
  for (const font of ["--font-sans", "--font-mono"]) root.style.setProperty(font, styles?.variables?.[font] ?? "");
  Object.assign(view, createLanguage(locale, timeZone));
  root.lang = view.tag;
  document.title = view.say("title");
  redraw();
}

function expandButton() {
  const mode = context.displayMode === "fullscreen" ? "inline" : "fullscreen";
  return (
    context.availableDisplayModes?.includes(mode) &&
    iconButton("expand", view.say(mode), () => view.host.setDisplayMode(mode))
  );
}

takeContext({});
darkness.addEventListener("change", () => takeContext({}));
view.host.initialize().then(({ hostContext, hostCapabilities }) => {
  view.mayCall = !hostCapabilities || "serverTools" in hostCapabilities;
  view.mayAct &&= view.mayCall;
  takeContext(hostContext ?? {});
  new ResizeObserver(
    ([
      {
        contentRect: { width, height },
      },
    ]) => view.host.tellSize(Math.ceil(width), Math.ceil(height)),
  ).observe(document.body);
});
