import assert from "node:assert/strict";
import { test } from "node:test";

import { isOver, kindOf, orderOf } from "../../../src/qarnot_mcp/dashboard/model/states.js";

test("a state is shown as its kind, and one that is not known as queued", () => {
  assert.equal(kindOf("FullyExecuting"), "running");
  assert.equal(kindOf("PendingCancel"), "stopping");
  assert.equal(kindOf("OnTheMoon"), "queued");
});

test("only success, failure and cancelled are final", () => {
  assert.deepEqual(["Success", "Failure", "Cancelled"].map(isOver), [true, true, true]);
  assert.deepEqual(["Submitted", "UploadingResults", "PendingCancel", undefined].map(isOver), [
    false,
    false,
    false,
    false,
  ]);
});

test("states sort along the life of a task", () => {
  const states = ["Success", "FullyExecuting", "Submitted"].sort((a, b) => orderOf(a) - orderOf(b));
  assert.deepEqual(states, ["Submitted", "FullyExecuting", "Success"]);
});
