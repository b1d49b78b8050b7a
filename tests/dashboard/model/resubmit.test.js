import assert from "node:assert/strict";
import { test } from "node:test";

import { resubmissionOf, submitArguments } from "../../../src/qarnot_mcp/dashboard/model/resubmit.js";

const task = () => ({
  viewData: {
    resubmission: {
      fields: { name: "n", instance_count: 3 },
      constants: [
        { key: "CMD", value: "a\nb", is_hidden: false },
        { key: "EMPTY", value: "", is_hidden: false },
        { key: "SECRET", value: "", is_hidden: true },
      ],
      not_copied: ["labels"],
    },
  },
});

test("what is not edited is submitted as it was, but for what was hidden", () => {
  assert.deepEqual(submitArguments(resubmissionOf(task())), {
    name: "n",
    instance_count: 3,
    constants: [
      { key: "CMD", value: "a\nb" },
      { key: "EMPTY", value: "" },
    ],
  });
});

test("edits are submitted and change nothing of the task", () => {
  const source = task();
  const submission = resubmissionOf(source);
  submission.fields.instance_count = "7";
  submission.constants[2].value = "typed";
  const { instance_count, constants } = submitArguments(submission);
  assert.equal(instance_count, 7);
  assert.deepEqual(constants[2], { key: "SECRET", value: "typed" });
  assert.deepEqual(source, task());
});

test("ranges are submitted without a count", () => {
  const submission = { fields: { name: "n", advanced_ranges: "0-1" }, constants: [] };
  assert.deepEqual(submitArguments(submission), { name: "n", advanced_ranges: "0-1", constants: [] });
});

test("a value of several lines and what is not copied are told", () => {
  const { constants, notCopied } = resubmissionOf(task());
  assert.deepEqual(
    constants.map(({ isMultiline }) => isMultiline),
    [true, false, false],
  );
  assert.deepEqual(notCopied, ["labels"]);
});
