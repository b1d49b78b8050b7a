// The dashboard: it starts here, takes what the host says, and draws the face that is wanted.

import { connectToHost, isLost, structureOf } from "./bridge.js";
import { createDeeds } from "./deeds.js";
import { h, render } from "./elements.js";
import { createHandlers } from "./handlers.js";
import { createLanguage } from "./language.js";
import { logFace } from "./log_face.js";
import { emptyLog, emptyTask, emptyTasks, LOOKS } from "./looks.js";
import { iconButton, mark, skeleton } from "./parts.js";
import { createPolling } from "./polling.js";
import { kindOf } from "./states.js";
import { taskFace } from "./task_face.js";
import { tasksFace } from "./tasks_face.js";

const FACES = { tasks: tasksFace, task: taskFace, log: logFace };
const MOST_REFUSALS = 5;

const root = document.documentElement;
const main = document.querySelector("main");
const darkness = matchMedia("(prefers-color-scheme: dark)");
const context = {};
const tagsByTask = new Map();
let input = {};
let refusals = 0;

const view = {
  face: null,
  tasks: emptyTasks(),
  mayAct: root.dataset.actions === "on",
  mayCall: true,
  knownTags: new Set(),
  polling: { seconds: null },
  redraw,
  look: () => polling.lookNow(),
  expandButton,
  announce: (text) => render(document.getElementById("announcements"), text),
  announceState({ name, state }) {
    const { say } = view.language;
    view.announce(say("announcement", { name, state: say(kindOf(state)) }));
  },

  /** Lists without a tag filter carry no tags: those seen elsewhere are kept for them. */
  noteTags({ uuid, tags }) {
    if (tags) tagsByTask.set(uuid, tags);
    tags?.forEach((tag) => view.knownTags.add(tag));
  },
  tagsOf: ({ uuid }) => tagsByTask.get(uuid) ?? [],
};

const polling = createPolling(look, (seconds) => {
  view.polling.seconds = seconds;
  redraw();
});
view.host = connectToHost(hear, polling.stop);
view.carryOut = createDeeds(view.host);
view.go = createHandlers(view);

/** One look at what is shown. */
async function look() {
  const { face } = view;
  const part = view[face];
  if (!view.mayCall || part.isFound) return "over";
  view.polling.isBusy = true;
  redraw();
  try {
    const { tool, args, take } = LOOKS[face];
    const answer = await view.host.callTool(tool, args(part));
    // The reader has gone elsewhere meanwhile: the look that was due there goes on.
    if (view[view.face] !== part || part.isFound) return "gone";
    const text = JSON.stringify(answer);
    const isSame = part.lastAnswer === text;
    Object.assign(part, { lastAnswer: text, problem: null });
    Object.assign(view.polling, { seenAt: Date.now(), isBusy: false });
    refusals = 0;
    return take(view, part, answer) ? "over" : isSame ? "same" : "changed";
  } catch (error) {
    const lost = isLost(error);
    part.problem = { isLost: lost, text: lost ? view.language.say("lostText") : error.message };
    refusals = lost ? 0 : refusals + 1;
    return refusals < MOST_REFUSALS ? "lost" : "over";
  } finally {
    view.polling.isBusy = false;
  }
}

function redraw() {
  const start = performance.now();
  const { face, notice, language } = view;
  const content = face ? FACES[face](view) : [h("header.head", { key: "head" }, mark()), skeleton(language)];
  render(main, notice && h("p.notice", { key: "notice" }, notice), content);
  const lines = face === "log" && view.log.follows && document.getElementById("log-lines");
  if (lines) lines.scrollTop = lines.scrollHeight;
  performance.measure("qarnot:draw", { start });
}

/** What the host tells without being asked. */
function hear(method, params) {
  if (method === "tool-input") input = params.arguments ?? {};
  else if (method === "tool-result") takeResult(params);
  else if (method === "tool-cancelled") refuse(view.language.say("toolCancelled"));
  else if (method === "host-context-changed") takeContext(params);
}

/** Opens the face that fits the result of the tool that the model called. */
function takeResult(result) {
  try {
    const answer = structureOf(result);
    open(answer.tasks ? "tasks" : answer.instances ? "task" : "log", answer);
    const isDone = LOOKS[view.face].take(view, view[view.face], answer);
    view.polling.seenAt = Date.now();
    // A summary has no bars, and a result from an old conversation may be out of date: look again at once.
    if (view.face === "tasks" && isDone) polling.schedule("over");
    else view.look();
  } catch (error) {
    isLost(error);
    refuse(error.message);
  }
}

function open(face, { uuid, task_uuid = uuid ?? input.task_uuid, log_type = input.log_type, instance_id = input.instance_id } = {}) {
  view.face = face;
  if (face === "tasks") view.tasks = emptyTasks({ ...input });
  else if (face === "task") view.task = emptyTask(task_uuid);
  else view.log = emptyLog({ task_uuid, log_type: log_type ?? "stdout", ...(instance_id !== undefined && { instance_id }) });
}

function refuse(text) {
  open(Object.keys(LOOKS).find((face) => LOOKS[face].tool === context.toolInfo?.tool?.name) ?? "tasks");
  view[view.face].problem = { text };
  redraw();
}

/** Follows the host's theme, language, fonts and display mode. */
function takeContext(changes) {
  Object.assign(context, changes);
  const { theme, displayMode, containerDimensions, styles, locale = navigator.language, timeZone } = context;
  root.dataset.theme = theme ?? (darkness.matches ? "dark" : "light");
  root.dataset.fills = displayMode === "fullscreen" || containerDimensions?.height !== undefined;
  for (const font of ["--font-sans", "--font-mono"]) root.style.setProperty(font, styles?.variables?.[font] ?? "");
  view.language = createLanguage(locale, timeZone);
  root.lang = view.language.tag;
  document.title = view.language.say("title");
  redraw();
}

function expandButton() {
  const isFull = context.displayMode === "fullscreen";
  const mode = isFull ? "inline" : "fullscreen";
  const name = isFull ? "shrink" : "expand";
  return context.availableDisplayModes?.includes(mode) && iconButton(name, view.language.say(name), () => view.host.setDisplayMode(mode));
}

function tellSize() {
  let told = "";
  new ResizeObserver(() => {
    const { width, height } = document.body.getBoundingClientRect();
    const size = [Math.ceil(width), Math.ceil(height)];
    if (String(size) !== told) view.host.tellSize(...size);
    told = String(size);
  }).observe(document.body);
}

takeContext({});
darkness.addEventListener("change", () => takeContext({}));
view.host.initialize().then(({ hostContext, hostCapabilities }) => {
  view.mayCall = !hostCapabilities || "serverTools" in hostCapabilities;
  view.mayAct &&= view.mayCall;
  takeContext(hostContext ?? {});
  tellSize();
});
