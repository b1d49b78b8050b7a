import assert from "node:assert/strict";
import { test } from "node:test";

import { barsOf, ticksOf } from "../../../src/qarnot_mcp/dashboard/model/instance_bars.js";

function bar(row, { dispatched = 10, total = 100, boot_seconds = 20 } = {}) {
  const task = {
    instances: { total: 1, waiting: row.state === "queued" ? 1 : 0 },
    times: { boot_seconds_total: boot_seconds },
    viewData: { instances: [{ instance_id: 3, ...row }] },
  };
  const { from, boot, run } = barsOf(task, dispatched, total).bars[0];
  return { from, boot, run };
}

test("an instance that ended starts when the task was dispatched", () => {
  assert.deepEqual(bar({ state: "success", wall_seconds: 50, execution_seconds: 30 }), { from: 10, boot: 20, run: 30 });
  assert.deepEqual(bar({ state: "failure", execution_seconds: 30 }), { from: 10, boot: 0, run: 30 });
});

test("a bar never leaves the axis", () => {
  assert.deepEqual(bar({ state: "success", wall_seconds: 500, execution_seconds: 400 }), {
    from: 0,
    boot: 0,
    run: 100,
  });
  assert.deepEqual(bar({ state: "success", wall_seconds: 95, execution_seconds: 90 }), { from: 5, boot: 5, run: 90 });
});

test("an instance that runs started its run and a mean boot ago", () => {
  assert.deepEqual(bar({ state: "running", execution_seconds: 30 }), { from: 50, boot: 20, run: 30 });
});

test("an instance that boots has done so since the task was dispatched", () => {
  assert.deepEqual(bar({ state: "booting" }), { from: 10, boot: 90, run: 0 });
});

test("an instance that waits has an empty bar", () => {
  assert.deepEqual(bar({ state: "queued" }), { from: 0, boot: 0, run: 0 });
});

test("instances that the server left out are counted", () => {
  const rows = [{ instance_id: 0, state: "queued" }];
  const task = { instances: { total: 1000, waiting: 1000 }, times: {}, viewData: { instances: rows } };
  assert.equal(barsOf(task, 0, 1).rest, 999);
});

test("a result without data for the view has no bars", () => {
  assert.deepEqual(barsOf({ instances: { total: 4, waiting: 0 }, times: {} }, 0, 1), { bars: [], rest: 0 });
});

test("the axis has a few round times and none at its very end", () => {
  assert.deepEqual(ticksOf(9), [0, 2, 4, 6, 8]);
  assert.deepEqual(ticksOf(100), [0, 20, 40, 60, 80]);
  assert.deepEqual(ticksOf(3600 * 24 * 20).at(-1), 3600 * 24 * 16);
  assert.ok(ticksOf(0.1).length === 1);
});
