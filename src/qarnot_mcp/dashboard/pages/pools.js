// The list of pools: which are open, with how many slots, and what they have to do.

import { h } from "../components/dom.js";
import { age, button, chip, tagList } from "../components/controls.js";
import { cell, listPage } from "../components/list_page.js";
import { groupKindOf } from "../model/states.js";

const POOLS = { title: "pools", count: "countPools", none: "noPools" };

export function poolsPage(view) {
  const { say, go, pools, mayAct } = view;
  return listPage(view, pools, POOLS, ["name", "state", "instances", "age", ""], (pool) => {
    const { uuid, name, state, profile, policies, machines, unfinished_instances: unfinished } = pool;
    const kind = groupKindOf(state);
    return [
      cell(
        "name",
        h("strong", name),
        h("span.under", h("span.soft", [profile, ...policies].filter(Boolean).join(" · ")), tagList(pool.tags)),
      ),
      cell("state", chip(view, state, kind)),
      cell(
        "pool-use",
        kind === "open" && say("countMachines", machines),
        unfinished > 0 && h("span.under.soft", say("unfinishedCount", unfinished)),
      ),
      cell("created", age(view, pool.created)),
      cell(
        "act",
        mayAct &&
          kind === "open" &&
          button(say("close"), () => go.ask("close", pool), {
            icon: "close",
            "data-action": "close",
            "data-of": uuid,
            "aria-label": say("closeAsk", { name }),
          }),
      ),
    ];
  });
}
