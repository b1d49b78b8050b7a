// What the pages of tasks, jobs and pools share: their header, and the table of the last two.

import { h } from "./dom.js";
import { button, head, iconButton, listChoice, loading, logo, problemBox, showAllButton } from "./controls.js";
import { confirmDialog } from "./confirm_dialog.js";

export const COMPACT_ROWS = 4;

/** The header of a list, with the account's credits and carbon as far as they are known. */
export function listHead(view, problem, title, counts) {
  const { say, number, account, mayCall, go } = view;
  const { credits, carbon, saved } = account ?? {};
  const parts = [
    credits !== undefined && say("creditsLeft", { amount: number(credits) }),
    carbon !== undefined && say("weekCarbon", { carbon }),
    saved !== undefined && say("weekSaved", { saved }),
  ];
  return head(
    view,
    problem,
    logo(),
    h(
      "div.title",
      h("h1", { id: "heading", tabindex: -1 }, title),
      h("p.soft", counts),
      account && h("p.soft", { id: "account" }, parts.filter(Boolean).join(" · ")),
    ),
    mayCall && iconButton("again", say("refresh"), go.refresh),
  );
}

/** The cell of a table; its class is the name of its column. */
export const cell = (column, ...children) => h("td", { key: column, role: "cell", class: column }, children);

/**
 * The page of jobs, or of pools: `words` are the names of its messages, {title, count, none}, `columns` those of the
 * columns, and `cellsOf(row)` returns the cells of a row.
 */
export function listPage(view, list, words, columns, cellsOf) {
  const { say, go, display, mayCall, asking } = view;
  const { rows, total = rows?.length, nextCursor, problem } = list;
  const isCompact = display === "compact";
  const row = (item) => h("tr", { key: item.uuid, role: "row" }, cellsOf(item));
  // What is done to a row has a column without a name.
  const heading = (column) =>
    column ? h("th", { key: column, role: "columnheader", scope: "col" }, say(column)) : h("td", { role: "cell" });
  return [
    listHead(view, problem, say(words.title), rows && say(words.count, total)),
    !isCompact && listChoice(view),
    confirmDialog(view),
    problemBox(view, problem),
    !rows && !problem && loading(view),
    rows?.length === 0 && h("p.empty", say(words.none)),
    rows?.length > 0 &&
      !(asking && isCompact) &&
      h(
        "table.tasks",
        { role: "table", "aria-label": say(words.title) },
        h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, columns.map(heading))),
        h("tbody", { role: "rowgroup" }, (isCompact ? rows.slice(0, COMPACT_ROWS) : rows).map(row)),
      ),
    isCompact && rows && showAllButton(view),
    !isCompact &&
      nextCursor &&
      h("div.more", mayCall && button(say("more"), go.moreRows), h("span.soft", `${rows.length} / ${total}`)),
  ];
}
