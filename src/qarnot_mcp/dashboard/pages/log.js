// The log of a task.

import { h } from "../components/dom.js";
import { piecesOf } from "../model/log_lines.js";
import { button, chip, choices, head, inputField, problemBox, loading, showAllButton } from "../components/controls.js";

const STREAMS = ["stdout", "stderr"].map((name) => [name, name]);
const MAX_CHOICES = 500;
/** A full screen scrolls; in the conversation the view is as high as its lines. */
const SHOWN_LINES = { compact: 10, inline: 100, fullscreen: Infinity };

export function logPage(view) {
  const { say, go, log, display, mayCall } = view;
  const { result, lines, args, name, state, search, problem } = log;
  const matches = search && lines.reduce((sum, { text }) => sum + (piecesOf(text, search).length - 1) / 2, 0);
  return [
    head(
      view,
      problem,
      mayCall && button(name ?? say("task"), () => go.openTask(args.task_uuid, name), { kind: "quiet", icon: "back" }),
    ),
    h("div.task-title", h("h1", { id: "heading", tabindex: -1 }, say("log")), state && chip(view, state)),
    display !== "compact" &&
      h(
        "div.tools",
        { role: "search" },
        mayCall && [
          choices(say("stream"), STREAMS, args.log_type, (log_type) => go.openLog({ log_type })),
          instanceChoice(view),
        ],
        h(
          "div.log-search",
          inputField("log-search", say("search"), search, go.searchText, {
            type: "search",
            onkeydown: ({ key }) => mayCall && key === "Enter" && go.searchAll(),
          }),
          search && h("span.soft", { "aria-live": "polite" }, say("matches", matches)),
        ),
      ),
    problemBox(view, problem),
    result ? terminal(view) : !problem && loading(view),
    display === "compact" && result && showAllButton(view),
  ];
}

function instanceChoice({ say, go, log: { args, instanceIds } }) {
  const chosen = args.instance_id;
  const onchange = ({ target: { value } }) => go.openLog({ instance_id: value ? Number(value) : undefined });
  const ids = [...instanceIds].sort((a, b) => a - b).slice(0, MAX_CHOICES);
  return h(
    "select",
    { id: "log-instance", "aria-label": say("oneInstance"), onchange },
    h("option", { value: "", selected: chosen === undefined }, say("allInstances")),
    ids.map((id) =>
      h("option", { key: id, value: String(id), selected: id === chosen }, say("instance", { id: String(id) })),
    ),
  );
}

function terminal({ say, go, log, display, mayCall }) {
  const { result, args, search, isFound, isOver, follows } = log;
  const isFull = display === "fullscreen";
  const count = SHOWN_LINES[display];
  const lines = isFound ? log.lines.slice(0, count) : log.lines.slice(-count);
  const first = lines[0]?.number;
  const digits = String(lines.at(-1)?.number ?? 1).length;
  const note = (text, label, onclick) =>
    h("p.strip", h("span", text), label && button(say(label), onclick, { kind: "quiet" }));
  return h(
    "div.terminal",

    isFound
      ? note(say("foundLines", result.matches ?? 0), "backToLog", go.leaveSearch)
      : first > 1 && note(say("linesAbove", first - 1), isFull && mayCall && "earlier", go.earlier),
    first === null && result.left_out && note(result.left_out),
    h(
      "div.lines",
      {
        id: "log-lines",
        role: "log",
        "aria-live": "off",
        "aria-label": say("linesOf", { stream: args.log_type }),
        "--digits": `${digits}ch`,
      },
      lines.length
        ? lines.map((line, position) => logLine(line, position, search))
        : h("p.nothing", say(isOver ? "emptyLog" : "emptySoFar")),
    ),
    isFull &&
      !follows &&
      !isFound &&
      h("div.to-end", button(say("toEnd"), go.toEnd, { icon: "toEnd", kind: "strong" })),
    h(
      "p.strip",
      h("span", say("countLines", result.total_lines)),
      h("span", say(isOver ? "logEnded" : follows ? "following" : "paused")),
    ),
  );
}

function logLine({ number, instance, text, isSection, isNear }, position, search) {
  if (isSection) return h("div.divider", { key: `at ${position}` }, text);
  const pieces = piecesOf(text, search).map((piece, index) => (index % 2 ? h("mark", piece) : piece));
  return h(
    "div.line",
    { key: number ?? `at ${position}`, class: isNear ? "near" : "" },
    h("span.gutter", { "data-number": number ?? "" }),
    instance !== undefined && h("span.source", { "--source": instance }, instance),
    h("span.text", pieces),
  );
}
