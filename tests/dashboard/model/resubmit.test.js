import assert from "node:assert/strict";
import { test } from "node:test";

import { resubmissionOf, submitArguments } from "../../../src/qarnot_mcp/dashboard/model/resubmit.js";

const task = (instances = { instance_count: 3 }) => ({
  uuid: "u",
  viewData: {
    resubmission: {
      name: "n",
      ...instances,
      constants: [
        { key: "CMD", value: "a\nb", is_hidden: false },
        { key: "EMPTY", value: "", is_hidden: false },
        { key: "SECRET", value: "", is_hidden: true },
      ],
    },
  },
});
const again = { name: "n", rerun_of: "u", rerun: "all" };

test("what is not changed is left to the platform", () => {
  assert.deepEqual(submitArguments(resubmissionOf(task())), again);
  assert.deepEqual(submitArguments(resubmissionOf(task({ advanced_ranges: "0-1" }))), again);
});

test("what is changed is sent alone, and changes nothing of the task", () => {
  const source = task();
  const submission = resubmissionOf(source);
  submission.fields.instance_count = "7";
  submission.constants[2].value = "typed";
  const constants = [{ key: "SECRET", value: "typed" }];
  assert.deepEqual(submitArguments(submission), { ...again, instance_count: 7, constants });
  assert.deepEqual(source, task());
});

test("changed ranges are sent without a count", () => {
  const submission = resubmissionOf(task({ advanced_ranges: "0-1" }));
  submission.fields.advanced_ranges = "0-4";
  assert.deepEqual(submitArguments(submission), { ...again, advanced_ranges: "0-4" });
});

test("a value of several lines is told", () => {
  const { constants } = resubmissionOf(task());
  assert.deepEqual(
    constants.map(({ isMultiline }) => isMultiline),
    [true, false, false],
  );
});
