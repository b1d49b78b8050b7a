// The list of tasks.

import { h } from "./elements.js";
import { button, chip, choices, head, iconButton, mark, problemBox, skeleton, tagList } from "./parts.js";
import { momentOf } from "./phases.js";
import { isOver, KINDS, kindOf } from "./states.js";

const COLUMNS = ["name", "state", "progress", "instances", "created", "duration"];
const STATES = ["all", "active", "finished", "failed"];

const progressOf = ({ state, progress = 0 }) => (state === "Success" ? 100 : progress);
const createdOf = ({ created }) => momentOf(created) ?? 0;
const secondsOf = (row) => Math.max(0, ((momentOf(row.ended) ?? Date.now()) - createdOf(row)) / 1000);

const SORT_KEYS = {
  name: ({ name }) => name.toLowerCase(),
  state: ({ state }) => KINDS.indexOf(kindOf(state)),
  progress: progressOf,
  instances: ({ instances }) => instances,
  created: (row) => -createdOf(row),
  duration: secondsOf,
};

/** The rows that match the text, sorted. */
function shownRows({ tasks: { rows, text, sort }, tagsOf }) {
  const wanted = text.trim().toLowerCase();
  const key = SORT_KEYS[sort.by];
  const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  return rows
    .filter((row) => [row.name, row.uuid, row.profile, ...tagsOf(row)].some((field) => field?.toLowerCase().includes(wanted)))
    .sort((a, b) => (sort.isDescending ? -1 : 1) * compare(key(a), key(b)));
}

export function tasksFace(view) {
  const { language, go, tasks } = view;
  const { say } = language;
  const { rows, args, problem, text } = tasks;
  const total = tasks.total ?? rows?.length;
  const shown = rows && shownRows(view);
  const active = rows?.filter(({ state }) => !isOver(state)).length;
  const counts = rows && [say("countTasks", { count: total }), active > 0 && ` · ${say("countActive", { count: active })}`];
  return [
    head(view, problem, mark(), h("div.title", h("h1", { id: "heading", tabindex: -1 }, say("tasks")), h("p.soft", counts)), iconButton("refresh", say("refresh"), go.refresh)),
    h(
      "div.tools",
      { key: "tools", role: "search" },
      h("input", { id: "filter", type: "search", "aria-label": say("filter"), placeholder: say("filter"), value: text, oninput: ({ target }) => go.filterText(target.value) }),
      choices(say("state"), STATES.map((state) => [state, say(state)]), args.state ?? "all", go.filterState),
      tagFilter(view),
    ),
    problemBox(view, problem),
    !rows && !problem && skeleton(language),
    rows && (shown.length > 0 ? table(view, shown) : nothing(view)),
    tasks.nextCursor &&
      h("div.more", { key: "more" }, button(say("more"), go.more), h("span.soft", say("moreCount", { shown: rows.length, total }))),
  ];
}

function tagFilter({ language: { say }, tasks: { args, tagText }, knownTags, go }) {
  const tag = args.tags?.[0];
  const label = { "aria-label": say("tag"), placeholder: say("tag") };
  return h(
    "form.tag-filter",
    { onsubmit: (event) => (event.preventDefault(), go.filterTag(tagText)) },
    h("input", { id: "tag", list: "known-tags", ...label, value: tagText, oninput: ({ target }) => go.typeTag(target.value), onchange: ({ target }) => go.filterTag(target.value) }),
    h("datalist", { id: "known-tags" }, [...knownTags].sort().map((value) => h("option", { key: value, value }))),
    tag && button("×", () => go.filterTag(""), { kind: "quiet", "aria-label": say("clearTag", { tag }) }),
  );
}

function nothing({ language: { say }, tasks: { text, args }, go }) {
  const isFiltered = text || args.state || args.tags || args.name;
  return h(
    "div.empty",
    { key: "empty" },
    h("p", say(isFiltered ? "noMatch" : "noTasks")),
    isFiltered ? button(say("clearFilters"), go.clearFilters) : h("p.soft", say("noTasksText")),
  );
}

// The roles are said because a table that is laid out as cards on a phone would lose them.
function table(view, rows) {
  const { say } = view.language;
  const { sort } = view.tasks;
  const heading = (column) => {
    const direction = sort.by === column && (sort.isDescending ? "descending" : "ascending");
    return h(
      "th",
      { key: column, role: "columnheader", scope: "col", "aria-sort": direction || "none" },
      h("button", { onclick: () => view.go.sort(column) }, say(column), direction && h("span.arrow", { class: direction, "aria-hidden": "true" })),
    );
  };
  return h(
    "table.tasks",
    { key: "table", role: "table", "aria-label": say("tasks") },
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, COLUMNS.map(heading))),
    h("tbody", { role: "rowgroup", onkeydown: moveAlongRows }, rows.map((row) => taskRow(view, row))),
  );
}

function taskRow({ language, go, tagsOf }, row) {
  const { say, percent, ago, duration, date, number } = language;
  const { uuid, name, state, profile, instances, created } = row;
  const cell = (column, ...children) => h("td", { role: "cell", class: column }, children);
  const open = () => go.openTask(uuid, name);
  const progress = progressOf(row);
  const counts = ["running", "succeeded", "failed"].filter((kind) => row[kind]).map((kind) => say(`${kind}Count`, { count: row[kind] }));
  return h(
    "tr",
    { key: uuid, role: "row", onclick: ({ target }) => target.closest("button") || open() },
    cell("name", h("button.link", { "data-uuid": uuid, onclick: open }, name), h("span.under", h("span.soft", profile ?? say("inPool")), tagList(tagsOf(row)))),
    cell("state", chip(language, state)),
    cell("progress", progressBar(row, say("done", { percent: percent(progress) })), (!isOver(state) || progress === 100) && h("span.percent", { "aria-hidden": "true" }, percent(progress))),
    cell("instances", h("span.count", number(instances)), counts.length > 0 && h("span.under.soft", counts.join(" · "))),
    cell("created", created && h("time", { datetime: created, title: date(createdOf(row)) }, ago((Date.now() - createdOf(row)) / 1000))),
    cell("duration", created && duration(secondsOf(row))),
  );
}

/** The instances by how they stand where that is known, else the progress as a whole. */
function progressBar(row, label) {
  const { state, instances, running, succeeded, failed } = row;
  const isKnown = succeeded || failed;
  const parts = isKnown
    ? [["success", succeeded], ["failure", failed], ["running", running]].map(([kind, count = 0]) => [kind, count / instances])
    : [[kindOf(state), isOver(state) ? 1 : progressOf(row) / 100]];
  const part = ([kind, share]) => h("span", { key: kind, class: kind, vars: { "--share": share } });
  return h("div.bar", { role: "img", "aria-label": label }, parts.map(part));
}

/** Up and down go from task to task, as in any list. */
function moveAlongRows(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const links = [...event.currentTarget.querySelectorAll("[data-uuid]")];
  const next = step && links[links.indexOf(event.target) + step];
  if (!next || !links.includes(event.target)) return;
  event.preventDefault();
  next.focus();
}
