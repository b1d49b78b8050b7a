// Controls that the pages share.

import { h, ARIA_HIDDEN } from "./dom.js";
import { timestampOf } from "../model/phases.js";
import { kindOf } from "../model/states.js";

const ICONS = {
  back: "M10 3 5 8l5 5",
  again: "M13 8a5 5 0 1 1-1.6-3.7M13 2.5v2.6h-2.6",
  files: "M2.5 4h4l1.5 1.5h5.5v7h-11z",
  upload: "M8 11V3M4.5 6.5 8 3l3.5 3.5M3 13h10",
  log: "M3 4l4 4-4 4M8.5 12H13",
  abort: "M4.5 4.5h7v7h-7z",
  delete: "M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.6 8.5h5.8l.6-8.5",
  console: "M6.5 3.5H3.5v9h9v-3M9.5 3H13v3.5M13 3 7.5 8.5",
  expand: "M9.5 3H13v3.5M6.5 13H3V9.5M13 3 9 7M3 13l4-4",
  toEnd: "M8 3v10M4 9l4 4 4-4",
  terminate: "M4.5 4.5h7v7h-7z",
  close: "M4 4l8 8M12 4l-8 8",
  success: "M3 8.5 6.5 12 13 4.5",
  failure: "M4 4l8 8M12 4l-8 8",
  cancelled: "M13 8A5 5 0 1 1 3 8a5 5 0 0 1 10 0M4.5 11.5l7-7",
  never: "M3 8h2.5M7 8h2M10.5 8H13",
  running: "M5 3.5 12 8l-7 4.5z",
  stopping: "M4.5 4.5h7v7h-7z",
  queued: "M13 8A5 5 0 1 1 3 8a5 5 0 0 1 10 0M8 5v3l2 1.5",
};

export const logo = () =>
  h(
    "svg.logo",
    { viewBox: "0 0 44 44", ...ARIA_HIDDEN },
    h("rect", { width: 44, height: 44, rx: 11 }),
    h("path", { d: "M29.5 29.5 34 34M31 22a9 9 0 1 1-18 0 9 9 0 0 1 18 0Z" }),
  );

/** A button; `kind` is "quiet", "strong", "danger" or none, `icon` a name of ICONS. */
export const button = (label, onclick, { kind = "", icon, ...more } = {}) =>
  h(
    "button.button",
    { key: icon, class: kind, onclick, ...more },
    icon && iconOf(icon),
    h("span", label),
  );

/** One of ICONS; a kind of state without a shape of its own has that of "queued". */
export const iconOf = (name) =>
  h("svg.icon", { viewBox: "0 0 16 16", ...ARIA_HIDDEN }, h("path", { d: ICONS[name] ?? ICONS.queued }));

/** A button that shows only its icon. */
export const iconButton = (icon, label, onclick) =>
  button("", onclick, { kind: "quiet icon-only", icon, "aria-label": label, title: label });

const dot = () => h("span.dot", ARIA_HIDDEN);

/** The state of a task, as a colour and a word; `kind` says it for what is no task. */
export const chip = ({ say }, state, kind = kindOf(state)) =>
  h("span.chip", { class: kind, title: state }, dot(), say(kind));

/** The way between the lists, where there is more than the one of tasks. */
export const listChoice = ({ say, go, page, lists, mayCall }) =>
  mayCall &&
  lists.length > 1 &&
  choices(
    say("lists"),
    lists.map((list) => [list, say(list)]),
    page,
    go.openList,
  );

/** How long ago something was created. */
export const age = ({ ago, date }, created) => {
  const timestamp = timestampOf(created);
  return (
    timestamp && h("time", { datetime: created, title: date(timestamp) }, ago((Date.now() - timestamp) / 1000))
  );
};

export const tagList = (tags) =>
  tags?.length > 0 &&
  h(
    "span.tags",
    tags.map((tag) => h("span.tag", tag)),
  );

/** One of a few choices, as a row of buttons. */
export const choices = (label, options, chosen, onChoose) =>
  h(
    "div.choices",
    { role: "group", "aria-label": label },
    options.map(([value, text]) =>
      h("button", { key: value, "aria-pressed": String(value === chosen), onclick: () => onChoose(value) }, text),
    ),
  );

/** The header of a page: `start`, whether the page is kept up to date, and the way to full screen. */
export function head({ say, isAlive, displayButton }, problem, ...start) {
  const word = problem?.isLost ? "lost" : isAlive ? "live" : "still";
  return h("header.head", start, h("span.liveness", { class: word }, dot(), say(word)), displayButton());
}

/** A section of a page: its title, something beside the title, and its content. */
export const section = (name, title, aside, ...content) =>
  h(`section.${name}`, { "aria-labelledby": `${name}-title` }, h("h2", { id: `${name}-title` }, title, aside), content);

/** What went wrong, with a way to try again. */
export const problemBox = ({ say, go, mayCall }, problem) =>
  problem &&
  h(
    "div.problem",
    { role: "alert" },
    h("p", problem.isLost && h("strong", say("lostTitle"), " "), problem.text),
    mayCall && button(say("tryAgain"), go.refresh, { icon: "again" }),
  );

/** The way to what a compact page leaves out. */
export const showAllButton = ({ say, go }) => h("div.more", button(say("showAll"), go.expand, { icon: "expand" }));

/** Shown until the first result is there. */
export const loading = ({ say }) => h("p.empty.soft", say("loading"));

/** A field with its label inside; `onText(text)` is called as the reader types. */
export const inputField = (id, label, value, onText, { onchange, ...more } = {}) =>
  h("input", {
    id,
    "aria-label": label,
    placeholder: label,
    value,
    oninput: ({ target }) => onText(target.value),
    onchange: onchange && (({ target }) => onchange(target.value)),
    ...more,
  });
