// One job: its tasks drawn as the steps of a pipeline, or as a list where there is nothing to draw or no room.

import { confirmDialog } from "../components/confirm_dialog.js";
import { h, ARIA_HIDDEN } from "../components/dom.js";
import { button, chip, head, iconOf, loading, problemBox, section, showAllButton, tagList } from "../components/controls.js";
import { pipelineOf, stepKindOf } from "../model/pipeline.js";
import { groupKindOf, kindOf } from "../model/states.js";

const COMPACT_HEIGHT = 250;
const COMPACT_STEPS = 3;
const MAX_REASONS = 5;
const ENDS = { success: "onSuccess", failure: "onFailure", cancelled: "onCancelled" };

export function jobPage(view) {
  const { say, go, job, mayCall, mayAct, lists, display } = view;
  const { result, problem } = job;
  const kind = result && groupKindOf(result.state);
  const hasList = mayCall && lists.includes("jobs");
  return [
    head(view, problem, hasList && button(say("jobs"), go.openJobs, { kind: "quiet", icon: "back" })),
    h(
      "div.task-title",
      h("h1", { id: "heading", tabindex: -1 }, result?.name ?? job.name ?? say("job_uuid")),
      result && [
        chip(view, result.state, kind),
        h(
          "div.actions",
          mayAct &&
            kind === "open" &&
            button(say("terminate"), () => go.ask("terminate", result), {
              icon: "terminate",
              "data-action": "terminate",
              "data-of": result.uuid,
            }),
        ),
        h(
          "p.soft.under",
          result.max_wall_time && h("span", `${say("timeLimit")}: ${result.max_wall_time}`),
          h("code.uuid", result.uuid),
          tagList(result.tags),
        ),
      ],
    ),
    confirmDialog(view),
    problemBox(view, problem),
    result ? !(view.asking && display === "compact") && pipeline(view, result) : !problem && loading(view),
  ];
}

function pipeline(view, { name, states, tasks, note }) {
  const { say, display } = view;
  const isCompact = display === "compact";
  const drawing = pipelineOf(tasks, view.width());
  const isDrawn = drawing && (!isCompact || drawing.height <= COMPACT_HEIGHT);
  const counts = new Map();
  for (const [state, count] of Object.entries(states))
    counts.set(kindOf(state), (counts.get(kindOf(state)) ?? 0) + count);
  const total = Object.values(states).reduce((sum, count) => sum + count, 0);
  const listed = isCompact ? tasks.slice(0, COMPACT_STEPS) : tasks;
  return [
    section(
      "steps",
      say("countTasks", total),
      h("span.counts", [...counts].map(([kind, count]) => h("span.chip", { key: kind, class: kind }, `${say(kind)}: ${count}`))),
      isDrawn
        ? drawnSteps(view, name, drawing)
        : h("ol.step-list", { "aria-label": say("stepsOf", { name }) }, listed.map((task) => stepItem(view, task))),
    ),
    !isCompact && reasons(view, tasks),
    !isCompact && note && h("p.note", note),
    isCompact && showAllButton(view),
  ];
}

/** Return how a task that is waited for has to end, in words. */
const endsOf = ({ say }, on) => on?.map((end) => (ENDS[end] ? say(ENDS[end]) : end)).join(" / ") ?? say("onAny");

function drawnSteps(view, name, { width, height, steps, edges }) {
  const classOf = ({ on, isUnmet }) => [on?.length === 1 ? on[0] : "", isUnmet && "unmet"].filter(Boolean).join(" ");
  return h(
    "div.pipeline",
    { role: "group", "aria-label": view.say("stepsOf", { name }), "--width": `${width}px`, "--height": `${height}px` },
    h(
      "svg.edges",
      { width, height, ...ARIA_HIDDEN },
      edges.map((edge) => h("path", { class: classOf(edge), d: edge.path })),
    ),
    edges.map((edge) =>
      h("span.edge-word", { class: classOf(edge), ...ARIA_HIDDEN, ...placeOf(edge) }, endsOf(view, edge.on)),
    ),
    h("ol", steps.map((step) => stepItem(view, step.task, { ...placeOf(step), class: "drawn" }))),
  );
}

const placeOf = ({ x, y }) => ({ "--x": `${x}px`, "--y": `${y}px` });

/** A step, which leads to the page of its task: its name and state, by colour, shape and word, and what it waits for. */
function stepItem(view, task, place = {}) {
  const { say, go, mayCall } = view;
  const { uuid, name, reason, after = [] } = task;
  const kind = stepKindOf(task);
  const awaited = after.map((one) => `${one.name ?? one.uuid} (${endsOf(view, one.on)})`).join(", ");
  const waits = awaited && say("after", { awaited });
  return h(
    "li",
    { key: uuid, ...place },
    h(
      "button.step",
      {
        class: kind,
        "data-uuid": uuid,
        disabled: !mayCall,
        title: reason ?? name,
        onclick: () => go.openTask(uuid, name),
      },
      h("span.step-name", name),
      h("span.step-state", iconOf(kind), say(kind)),
      place.class && waits && h("span.visually-hidden", waits),
    ),
    !place.class && waits && h("span.soft.small", waits),
  );
}

/** Why steps failed or never ran. */
function reasons({ say }, tasks) {
  const known = tasks.filter(({ reason }) => reason).slice(0, MAX_REASONS);
  return known.length > 0 &&
    section(
      "reasons",
      say("whyFailed"),
      null,
      h("dl", known.map(({ uuid, name, reason }) => h("div", { key: uuid }, h("dt", name), h("dd", reason)))),
    );
}
