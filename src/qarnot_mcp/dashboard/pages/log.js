// The log of a task.

import { h } from "../components/dom.js";
import { piecesOf } from "../model/log_lines.js";
import { button, chip, choices, head, inputField, problemBox, loading } from "../components/controls.js";

const STREAMS = ["stdout", "stderr"].map((name) => [name, name]);
const MAX_CHOICES = 500;

export function logPage(view) {
  const { say, go, log } = view;
  const { result, lines, args, name, state, search, problem } = log;
  const matches = search && lines.reduce((sum, { text }) => sum + (piecesOf(text, search).length - 1) / 2, 0);
  return [
    head(
      view,
      problem,
      button(name ?? say("task"), () => go.openTask(args.task_uuid, name), { kind: "quiet", icon: "back" }),
    ),
    h("div.task-title", h("h1", { id: "heading", tabindex: -1 }, say("log")), state && chip(view, state)),
    h(
      "div.tools",
      { role: "search" },
      choices(say("stream"), STREAMS, args.log_type, (log_type) => go.openLog({ log_type })),
      instanceChoice(view),
      h(
        "div.log-search",
        inputField("log-search", say("search"), search, go.searchText, {
          type: "search",
          onkeydown: ({ key }) => key === "Enter" && go.searchAll(),
        }),
        search && h("span.soft", { "aria-live": "polite" }, say("matches", matches)),
      ),
    ),
    problemBox(view, problem),
    result ? terminal(view) : !problem && loading(view),
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

function terminal({ say, go, log }) {
  const { result, args, lines, search, isFound, isOver, follows } = log;
  const first = lines[0]?.number;
  const digits = String(lines.at(-1)?.number ?? 1).length;
  const note = (text, label, onclick) =>
    h("p.strip", h("span", text), label && button(say(label), onclick, { kind: "quiet" }));
  return h(
    "div.terminal",

    isFound
      ? note(say("foundLines", result.matches ?? 0), "backToLog", go.leaveSearch)
      : first > 1 && note(say("linesAbove", first - 1), "earlier", go.earlier),
    first === null && result.left_out && note(result.left_out),
    h(
      "div.lines",
      {
        id: "log-lines",
        role: "log",
        tabindex: 0,
        "aria-live": "off",
        "aria-label": say("linesOf", { stream: args.log_type }),
        "--digits": `${digits}ch`,
        onscroll: go.scrolled,
      },
      lines.length
        ? lines.map((line, position) => logLine(line, position, search))
        : h("p.nothing", say(isOver ? "emptyLog" : "emptySoFar")),
    ),
    !follows && !isFound && h("div.to-end", button(say("toEnd"), go.toEnd, { icon: "toEnd", kind: "strong" })),
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
