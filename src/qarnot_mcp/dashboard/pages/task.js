// One task: what it is, where it stands, and why it failed.

import { confirmDialog } from "../components/confirm_dialog.js";
import { h, ARIA_HIDDEN } from "../components/dom.js";
import { barsOf, ticksOf } from "../model/instance_bars.js";
import { button, chip, head, problemBox, section, showAllButton, loading, tagList } from "../components/controls.js";
import { timestampOf, phasesOf, wallSeconds } from "../model/phases.js";
import { isOver, kindOf } from "../model/states.js";

const ROOMY_BARS = 16;
const FIELDS = [
  "scheduling_type",
  "resource_buckets",
  "result_bucket",
  "results_count",
  "shortname",
  "pool_uuid",
  "job_uuid",
];
const COUNTS = ["running", "succeeded", "failed", "cancelled", "waiting"];

export function taskPage(view) {
  const { say, go, task, mayCall } = view;
  const { result, problem } = task;
  return [
    head(
      view,
      problem,
      mayCall &&
        button(task.job?.name ?? say("tasks"), task.job ? go.backToJob : go.openTasks, { kind: "quiet", icon: "back" }),
    ),
    h(
      "div.task-title",
      h("h1", { id: "heading", tabindex: -1 }, result?.name ?? task.name ?? say("task")),
      result && [
        chip(view, result.state),
        actionBar(view),
        h(
          "p.soft.under",
          h("span", result.profile ?? say("inPool")),
          h("code.uuid", result.uuid),
          tagList(result.tags),
        ),
      ],
    ),
    confirmDialog(view),
    problemBox(view, problem),
    result ? details(view) : !problem && loading(view),
  ];
}

function details(view) {
  const { history, result } = view.task;
  const total = wallSeconds(result);
  const phases = phasesOf(result, history);
  if (view.asking && view.display === "compact") return null;
  if (view.display === "compact") {
    const report = failure(view);
    return [report ?? timeline(view, result, phases, total), instanceCounts(view), showAllButton(view)];
  }
  return [
    result.note && h("p.note", result.note),
    failure(view),
    timeline(view, result, phases, total),
    instances(view, phases[0].seconds, total),
    energy(view, result.energy),
    facts(view, result),
  ];
}

function actionBar({ say, go, task: { result }, mayAct, mayCall, mayOpen, hasFiles, lists }) {
  const action = (name) => button(say(name), () => go.ask(name), { icon: name, "data-action": name, "data-of": result.uuid });
  return h(
    "div.actions",
    mayCall && button(say("log"), () => go.openLog({}), { icon: "log" }),
    mayCall && hasFiles && result.result_bucket && button(say("files"), go.openFiles, { icon: "files" }),
    mayCall && lists.includes("jobs") && result.job_uuid && button(say("job_uuid"), () => go.openJob(result.job_uuid)),
    mayOpen && result.console_url && button(say("console"), go.openConsole, { icon: "console" }),
    mayAct && result.viewData?.resubmission && action("again"),
    mayAct && action(isOver(result.state) ? "delete" : "abort"),
  );
}

function failure({ say, memory, go, display, mayCall, task: { result } }) {
  const { failure: report, errors = [], state } = result;
  if (!report && (!errors.length || state === "Success")) return null;
  const group = ({
    instances: ids,
    count,
    error,
    attempts,
    peak_memory_mb: peak,
    machine_memory_mb: machine,
    log_type,
    log_tail,
  }) => {
    const first = parseInt(ids, 10);
    const circumstances = [
      attempts > 1 && say("attempts", attempts),
      peak > 0 && say("peak", { memory: memory(peak) }) + (machine ? ` / ${memory(machine)}` : ""),
    ];
    return h(
      "div.group",
      { key: ids },
      h("p", h("strong", say("failedGroup", { count, ids })), " ", error?.message),
      h("p.soft", circumstances.filter(Boolean).join(" · ")),
      log_tail && h("pre", { tabindex: 0, role: "region", "aria-label": say("lastLines", { ids }) }, log_tail),
      mayCall &&
        first >= 0 &&
        button(
          say("logOf", { id: String(first) }),
          () => go.openLog({ instance_id: first, log_type: log_type ?? "stderr" }),
          { icon: "log" },
        ),
    );
  };
  return h(
    "section.failure",
    { class: kindOf(state), "aria-labelledby": "failure-title" },
    h("h2", { id: "failure-title" }, say(state === "Cancelled" ? "cancelled" : "whyFailed")),
    report ? h("p", report.summary) : errors.map(({ message }) => h("p", message)),
    report && [report.hint && h("p.hint", report.hint), display !== "compact" && report.groups.map(group)],
  );
}

function timeline({ say, duration, date }, { state, times }, phases, total) {
  const hasEnded = isOver(state);
  const swatch = (kind) => h("span.swatch", { class: kind, ...ARIA_HIDDEN });
  return section(
    "timeline",
    say("timeline"),
    h("span.aside", duration(total)),
    h(
      "div.phases",
      ARIA_HIDDEN,
      phases.map(({ kind, seconds }) => h("span", { key: kind, class: kind, "--share": seconds / total })),
    ),
    h(
      "ol.legend",
      phases.map(({ kind, seconds, isExact }, position) =>
        h(
          "li",
          { key: kind, "aria-current": !hasEnded && position === phases.length - 1 && "step" },
          swatch(kind),
          say(kind),
          h("strong", { title: !isExact && say("estimated") }, isExact ? "" : "≈ ", duration(seconds)),
        ),
      ),
      hasEnded &&
        h(
          "li",
          { key: "end" },
          swatch(kindOf(state)),
          say(kindOf(state)),
          times.ended && h("strong", date(timestampOf(times.ended))),
        ),
    ),
  );
}

function instances(view, dispatched, total) {
  const { say, duration } = view;
  const { result } = view.task;
  const { bars, rest } = barsOf(result, dispatched, total);
  return instanceCounts(
    view,
    bars.length > 0 && [
      h(
        "div.bars",
        { class: bars.length > ROOMY_BARS ? "dense" : "", role: "group", "aria-labelledby": "instances-title" },
        h(
          "div.axis",
          ARIA_HIDDEN,
          ticksOf(total).map((at) => h("span", { key: at, "--at": at / total }, duration(at))),
        ),
        h(
          "ul",
          bars.map((bar) => instanceBar(view, bar, total)),
        ),
      ),
      rest > 0 && h("p.soft.small", say("restCount", rest)),
      h("p.soft.small", say("barsNote")),
    ],
  );
}

/** How many instances there are of each kind, and what comes below. */
function instanceCounts({ say, task: { result } }, ...content) {
  const counts = result.instances;
  return section(
    "instances",
    say("countInstances", counts.total),
    h(
      "span.counts",
      COUNTS.filter((name) => counts[name]).map((name) =>
        h("span.aside", { key: name, class: name }, say(`${name}Count`, counts[name])),
      ),
    ),
    ...content,
  );
}

function instanceBar(
  { say, duration, percent, memory: sizeOf, go, mayCall },
  { id, kind, from, boot, run, error, attempts, cpu, memory, memoryLimit },
  total,
) {
  const amount = memory > 0 && sizeOf(memory);
  const load = [
    cpu > 0 && `CPU ${percent(cpu)}`,
    amount && (memoryLimit ? `${amount} / ${sizeOf(memoryLimit)}` : say("peak", { memory: amount })),
    attempts > 1 && say("attempts", attempts),
  ].filter(Boolean);
  const time = boot + run > 0 ? duration(kind === "booting" ? boot : run) : "";
  const label = [say("instance", { id: String(id) }), say(kind), time, error, ...load].filter(Boolean).join(", ");
  const piece = (name, start, seconds) =>
    seconds > 0 && h(`span.${name}`, { key: name, class: kind, "--from": start / total, "--share": seconds / total });
  return h(
    "li",
    { key: id },
    h(
      "button.number",
      {
        class: kind,
        "aria-label": label,
        title: label,
        disabled: !mayCall,
        onclick: () => go.openLog({ instance_id: id }),
      },
      id,
    ),
    h("span.track", ARIA_HIDDEN, piece("boot", from, boot), piece("run", from + boot, run)),
    h("span.what", ARIA_HIDDEN, h("span.time", time || say(kind)), h("span.soft", load.join(" · ") || error)),
  );
}

function energy({ say, number, percent }, known) {
  if (!known) return null;
  const figure = (key, unit, label = say(key)) =>
    key in known && h("div", { key }, h("dt", label), h("dd", h("strong", number(known[key])), ` ${unit}`));
  return section(
    "energy",
    say("energy"),
    known.saved_percent > 0 && h("span.aside.succeeded", say("savedCarbon", { percent: percent(known.saved_percent) })),
    h(
      "dl.figures",
      figure("consumed_wh", "Wh"),
      figure("reused_heat_wh", "Wh"),
      figure("carbon_gco2eq", "g CO₂e"),
      figure("datacenter_carbon_gco2eq", "g CO₂e", known.datacenter_name),
    ),
  );
}

function facts({ say, duration, date }, { times, viewData, constants = {}, ...result }) {
  const known = {
    created: times.created && date(timestampOf(times.created)),
    ended: times.ended && date(timestampOf(times.ended)),
    computed: times.execution_seconds_total > 0 && duration(times.execution_seconds_total),
    machine: viewData?.cpu_model,
  };
  for (const key of FIELDS) known[key] = result[key] && [result[key]].flat().join(", ");
  const list = (name, values, write) =>
    h(
      `dl.${name}`,
      Object.entries(values).map(([key, value]) => value && h("div", { key }, h("dt", write(key)), h("dd", value))),
    );
  return section(
    "details",
    say("details"),
    null,
    list("facts", known, say),
    Object.keys(constants).length > 0 && [h("h3", say("constants")), list("constants", constants, String)],
  );
}
