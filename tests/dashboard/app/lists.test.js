import assert from "node:assert/strict";
import { test } from "node:test";

import { createListHandlers, listLoader, newList, takeJob } from "../../../src/qarnot_mcp/dashboard/app/lists.js";

const rows = (...names) => names.map((uuid) => ({ uuid, state: "Active" }));
const uuidsOf = ({ rows: shown }) => shown.map(({ uuid }) => uuid);

/** A view at the list of jobs, whose host answers each call with the next of the results. */
function viewOf(list, ...results) {
  const calls = [];
  const host = { callTool: async (tool, args) => (calls.push([tool, args]), results.shift()) };
  return { page: "jobs", jobs: list, host, calls, announceStates() {} };
}

const attempt = (_, call) => call();

test("a list is loaded until nothing in it is open", () => {
  const { take } = listLoader("pools");
  const over = (...states) => take({}, newList(), { pools: states.map((state) => ({ uuid: state, state })) });
  assert.ok(!over("FullyExecuting", "Closed"));
  assert.ok(!over("Closing"));
  assert.ok(over("Closed", "Failure"));
  assert.ok(over());
});

test("what the reader has read on stays below the first page when that is loaded again", async () => {
  const { take } = listLoader("jobs");
  const list = newList({ tags: ["a"] });
  const view = viewOf(list, { jobs: rows("c"), next_cursor: "third" });
  take(view, list, { jobs: rows("a", "b"), total: 4, next_cursor: "second" });
  await createListHandlers(view, null, attempt).moreRows();
  assert.deepEqual(view.calls, [["list_jobs", { tags: ["a"], cursor: "second" }]]);
  take(view, list, { jobs: rows("new", "a"), total: 5, next_cursor: "other" });
  assert.deepEqual(uuidsOf(list), ["new", "a", "b", "c"]);
  assert.equal(list.nextCursor, "third");
});

test("a job is loaded until its tasks are over, and one without tasks until it is", () => {
  const over = (state, ...states) => {
    const tasks = states.map((one) => ({ uuid: one, state: one }));
    return takeJob(viewOf(), {}, { uuid: "job", state, tasks });
  };
  assert.ok(over("Active", "Success", "Cancelled"));
  assert.ok(!over("Active", "Success", "Submitted"));
  assert.ok(!over("Active"));
  assert.ok(over("Completed"));
});
