// The list of tasks.

import { h, ARIA_HIDDEN } from "../components/dom.js";
import {
  age,
  button,
  chip,
  choices,
  inputField,
  listChoice,
  problemBox,
  loading,
  showAllButton,
  tagList,
} from "../components/controls.js";
import { cell, COMPACT_ROWS, listHead } from "../components/list_page.js";
import { timestampOf } from "../model/phases.js";
import { isOver, kindOf, orderOf } from "../model/states.js";

const COLUMNS = ["name", "state", "progress", "instances", "created", "duration"];
const STATES = ["all", "active", "finished", "failed"];

const progressOf = ({ state, progress = 0 }) => (state === "Success" ? 100 : progress);
const createdOf = ({ created }) => timestampOf(created) ?? 0;
const secondsOf = (row) => Math.max(0, ((timestampOf(row.ended) ?? Date.now()) - createdOf(row)) / 1000);

const SORT_KEYS = {
  name: ({ name }) => name.toLowerCase(),
  state: ({ state }) => orderOf(state),
  progress: progressOf,
  instances: ({ instances }) => instances,
  created: (row) => -createdOf(row),
  duration: secondsOf,
};

/** Return the rows that match what the reader typed, sorted. */
function shownRows({ tasks: { rows, text, sort }, tagsOf }) {
  const wanted = text.trim().toLowerCase();
  const key = SORT_KEYS[sort.by];
  const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  return rows
    .filter((row) =>
      [row.name, row.uuid, row.profile, ...tagsOf(row)].some((field) => field?.toLowerCase().includes(wanted)),
    )
    .sort((a, b) => (sort.isDescending ? -1 : 1) * compare(key(a), key(b)));
}

export function taskListPage(view) {
  const { say, go, tasks, display, mayCall } = view;
  const { rows, args, problem, text } = tasks;
  const isCompact = display === "compact";
  const total = tasks.total ?? rows?.length;
  const shown = rows && shownRows(view);
  const active = rows?.filter(({ state }) => !isOver(state)).length;
  const counts = rows && [say("countTasks", total), active > 0 && ` · ${say("countActive", active)}`];
  return [
    listHead(view, problem, say("tasks"), counts),
    !isCompact && listChoice(view),
    !isCompact &&
      h(
        "div.tools",
        { role: "search" },
        inputField("filter", say("filter"), text, go.filterText, { type: "search" }),
        mayCall && [
          choices(
            say("state"),
            STATES.map((state) => [state, say(state)]),
            args.state ?? "all",
            go.filterState,
          ),
          tagFilter(view),
        ],
      ),
    problemBox(view, problem),
    !rows && !problem && loading(view),
    rows && (shown.length > 0 ? table(view, isCompact ? shown.slice(0, COMPACT_ROWS) : shown) : nothing(view)),
    isCompact && shown?.length > 0 && showAllButton(view),
    !isCompact &&
      tasks.nextCursor &&
      h("div.more", mayCall && button(say("more"), go.more), h("span.soft", `${rows.length} / ${total}`)),
  ];
}

function tagFilter({ say, tasks: { tagText }, knownTags, go }) {
  return [
    inputField("tag", say("tag"), tagText, go.typeTag, { type: "search", list: "known-tags", onchange: go.filterTag }),
    h(
      "datalist",
      { id: "known-tags" },
      [...knownTags].map((value) => h("option", { key: value, value })),
    ),
  ];
}

function nothing({ say, tasks: { text, args }, go, mayCall }) {
  const isFiltered = text || args.state || args.tags || args.name;
  return h(
    "div.empty",

    h("p", say(isFiltered ? "noMatch" : "noTasks")),
    isFiltered && mayCall && button(say("clearFilters"), go.clearFilters),
  );
}

// The roles are explicit because a table that is laid out as cards on a phone would lose them.
function table(view, rows) {
  const { say } = view;
  const { sort } = view.tasks;
  const heading = (column) => {
    const direction = sort.by === column && (sort.isDescending ? "descending" : "ascending");
    return h(
      "th",
      { key: column, role: "columnheader", scope: "col", "aria-sort": direction || "none" },
      h(
        "button",
        { onclick: () => view.go.sort(column) },
        say(column),
        direction && h("span", ARIA_HIDDEN, sort.isDescending ? " ↓" : " ↑"),
      ),
    );
  };
  return h(
    "table.tasks",
    { role: "table", "aria-label": say("tasks") },
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, COLUMNS.map(heading))),
    h(
      "tbody",
      { role: "rowgroup" },
      rows.map((row) => taskRow(view, row)),
    ),
  );
}

function taskRow(view, row) {
  const { say, percent, duration, number, go, tagsOf, mayCall } = view;
  const { uuid, name, state, profile, instances, created } = row;
  const open = () => go.openTask(uuid, name);
  const progress = progressOf(row);
  const counts = ["running", "succeeded", "failed"]
    .filter((kind) => row[kind])
    .map((kind) => say(`${kind}Count`, row[kind]));
  return h(
    "tr",
    { key: uuid, role: "row", onclick: mayCall && (({ target }) => target.closest("button") || open()) },
    cell(
      "name",
      mayCall ? h("button.link", { "data-uuid": uuid, onclick: open }, name) : h("span.only", name),
      h("span.under", h("span.soft", profile ?? say("inPool")), tagList(tagsOf(row))),
    ),
    cell("state", chip(view, state)),
    cell(
      "progress",
      progressBar(row, isOver(state) ? say(kindOf(state)) : percent(progress)),
      (!isOver(state) || progress === 100) && h("span.percent", ARIA_HIDDEN, percent(progress)),
    ),
    cell(
      "instances",
      h("span.count", number(instances)),
      counts.length > 0 && h("span.under.soft", counts.join(" · ")),
    ),
    cell("created", age(view, created)),
    cell("duration", created && duration(secondsOf(row))),
  );
}

/** The instances by their state where that is known, else the progress of the task. */
function progressBar(row, label) {
  const { state, instances, running, succeeded, failed } = row;
  const counts = { success: succeeded, failure: failed, running };
  const whole = { [kindOf(state)]: isOver(state) ? instances : (progressOf(row) / 100) * instances };
  const part = ([kind, count = 0]) => h("span", { key: kind, class: kind, "--share": count / instances });
  return h(
    "div.bar",
    { role: "img", "aria-label": label },
    Object.entries(succeeded || failed ? counts : whole).map(part),
  );
}
