// The list of jobs.

import { h } from "../components/dom.js";
import { age, chip, tagList } from "../components/controls.js";
import { cell, listPage } from "../components/list_page.js";
import { groupKindOf } from "../model/states.js";

const JOBS = { title: "jobs", count: "countJobs", none: "noJobs" };

export function jobsPage(view) {
  const { say, go, jobs, mayCall } = view;
  return listPage(view, jobs, JOBS, ["name", "state", "timeLimit", "age"], (job) => [
    cell(
      "name",
      mayCall
        ? h("button.link", { "data-uuid": job.uuid, onclick: () => go.openJob(job.uuid, job.name) }, job.name)
        : h("span.only", job.name),
      h("span.under", job.uses_dependencies && h("span.soft", say("ordered")), tagList(job.tags)),
    ),
    cell("state", chip(view, job.state, groupKindOf(job.state))),
    cell("limit", job.max_wall_time && h("span.soft", { title: say("timeLimit") }, job.max_wall_time)),
    cell("created", age(view, job.created)),
  ]);
}
