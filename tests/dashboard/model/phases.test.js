import assert from "node:assert/strict";
import { test } from "node:test";

import { phasesOf, recordStates, timestampOf, wallSeconds } from "../../../src/qarnot_mcp/dashboard/model/phases.js";

const CREATED = "2026-11-01T00:00:00Z";
const at = (seconds) => Date.parse(CREATED) + seconds * 1000;

function task({ state = "Success", total = 1, waiting = 0, times = {}, runs = [] }) {
  return {
    state,
    instances: { total, waiting },
    times: { created: CREATED, wall_seconds: 100, ...times },
    viewData: { instances: runs.map((execution_seconds) => ({ execution_seconds })) },
  };
}

const durations = (phases) => Object.fromEntries(phases.map(({ kind, seconds }) => [kind, seconds]));

test("a date that means none is no timestamp", () => {
  assert.equal(timestampOf(CREATED), at(0));
  for (const text of ["0001-01-01T00:00:00Z", "", undefined, "soon"]) assert.equal(timestampOf(text), null);
});

test("a task without a wall time has lasted since its creation, and never no time at all", () => {
  assert.equal(wallSeconds({ times: { wall_seconds: 0 } }), 0.1);
  assert.ok(wallSeconds({ times: { created: CREATED } }) > 0);
});

test("the first time that a kind of state was seen is kept", () => {
  const history = {};
  const seen = (state, since, previous, previousSince) =>
    recordStates(history, {
      state,
      state_since: since,
      viewData: { previous_state: previous, previous_state_since: previousSince },
    });
  seen("FullyExecuting", "2026-11-01T00:02:00Z", "PartiallyExecuting", "2026-11-01T00:01:00Z");
  seen("FullyExecuting", "2026-11-01T00:03:00Z", undefined, "0001-01-01T00:00:00Z");
  assert.deepEqual(history, { running: at(60) });
});

test("a result without data for the view is recorded, too", () => {
  const history = {};
  recordStates(history, { state: "Submitted", state_since: CREATED });
  assert.deepEqual(history, { queued: at(0) });
});

test("phases are exact where their ends were seen, and together last as long as the task", () => {
  const history = { booting: at(10), running: at(40), uploading: at(90) };
  const phases = phasesOf(task({ runs: [50], times: { upload_seconds_total: 10, boot_seconds_total: 30 } }), history);
  assert.deepEqual(durations(phases), { queued: 10, booting: 30, running: 50, uploading: 10 });
  assert.ok(phases.every(({ isExact }) => isExact));
});

test("phases that nobody saw are estimated from the times of the instances", () => {
  const phases = phasesOf(task({ runs: [60], times: { upload_seconds_total: 10, boot_seconds_total: 20 } }), {});
  assert.deepEqual(durations(phases), { queued: 10, booting: 20, running: 60, uploading: 10 });
  assert.deepEqual(
    phases.map(({ isExact }) => isExact),
    [false, false, false, true],
  );
});

test("a task that waits has one phase, as long as it waits", () => {
  assert.deepEqual(phasesOf(task({ state: "Submitted", waiting: 1 }), {}), [
    { kind: "queued", from: 0, seconds: 100, isExact: true },
  ]);
});

test("a task that was cancelled before it started was only queued", () => {
  assert.deepEqual(durations(phasesOf(task({ state: "Cancelled", waiting: 1 }), {})), { queued: 100 });
});

test("of many instances, which take turns, the boots alone tell when they began to run", () => {
  const many = task({ total: 100, runs: [10], times: { boot_seconds_total: 2000, upload_seconds_total: 0 } });
  assert.deepEqual(durations(phasesOf(many, {})), { queued: 0, booting: 20, running: 80 });
});
