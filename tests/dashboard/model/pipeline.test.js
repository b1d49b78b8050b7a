import assert from "node:assert/strict";
import { test } from "node:test";

import { isUnmet, neverRan, pipelineOf, stepKindOf } from "../../../src/qarnot_mcp/dashboard/model/pipeline.js";

const WIDE = 1000;

/** A task that waits for others; each name may be followed by the end that it has to have: "train failure". */
const task = (uuid, ...after) => ({
  uuid,
  name: uuid,
  state: "Submitted",
  after: after.map((text) => {
    const [awaited, ...on] = text.split(" ");
    return { uuid: awaited, ...(on.length && { on }) };
  }),
});

const placesOf = ({ steps }) => Object.fromEntries(steps.map((step) => [step.task.uuid, step]));

const DIAMOND = [
  task("prepare"),
  task("left", "prepare success"),
  task("right", "prepare success"),
  task("report", "left", "right", "prepare"),
];

test("each task stands beyond all that it waits for, from left to right", () => {
  const drawing = pipelineOf(DIAMOND, WIDE);
  const { prepare, left, right, report } = placesOf(drawing);
  assert.ok(prepare.x + prepare.width < left.x && left.x + left.width < report.x);
  assert.equal(left.x, right.x);
  assert.equal(drawing.edges.length, 5);
  assert.deepEqual(drawing.edges[0].on, ["success"]);
  assert.equal(drawing.edges[2].on, undefined);
});

test("no two tasks overlap, and all are inside the drawing", () => {
  for (const width of [WIDE, 600]) {
    const { steps, ...drawing } = pipelineOf(DIAMOND, width);
    for (const [position, a] of steps.entries()) {
      assert.ok(a.x >= 0 && a.y >= 0 && a.x + a.width <= drawing.width && a.y + a.height <= drawing.height);
      for (const b of steps.slice(position + 1))
        assert.ok(a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y);
    }
  }
});

test("what is too wide from left to right runs downwards", () => {
  const chain = [task("a"), task("b", "a"), task("c", "b"), task("d", "c"), task("e", "d")];
  assert.ok(pipelineOf(chain, 2000).width > WIDE);
  const drawing = pipelineOf(chain, WIDE);
  const { a, e } = placesOf(drawing);
  assert.ok(drawing.width <= WIDE && a.x === e.x && a.y < e.y);
});

test("an edge that passes a layer does not run through a task in it", () => {
  const { steps, edges } = pipelineOf([task("a"), task("b", "a"), task("c", "b", "a")], WIDE);
  const { b } = placesOf({ steps });
  const [passing] = edges.filter(({ from, to }) => from === "a" && to === "c");
  const [, y] = /L\S+ (\S+?)C/.exec(passing.path);
  assert.ok(Number(y) < b.y || Number(y) > b.y + b.height);
});

test("tasks that are drawn in the order of those before them cross no edges", () => {
  const crossed = [task("a"), task("b"), task("after-b", "b"), task("after-a", "a")];
  const places = placesOf(pipelineOf(crossed, WIDE));
  assert.equal(places.a.y < places.b.y, places["after-a"].y < places["after-b"].y);
});

test("a list tells more where nothing waits, where there are many tasks, and where there is no room", () => {
  assert.equal(pipelineOf([], WIDE), null);
  assert.equal(pipelineOf([task("a"), task("b")], WIDE), null);
  assert.equal(pipelineOf(DIAMOND, 320), null);
  const fan = (count) => [task("first"), ...Array.from({ length: count }, (_, n) => task(`${n}`, "first"))];
  assert.equal(pipelineOf(fan(49), 20_000).steps.length, 50);
  assert.equal(pipelineOf(fan(50), 20_000), null);
  const dense = Array.from({ length: 20 }, (_, n) => task(`${n}`, ...Array.from({ length: n }, (_, m) => `${m}`)));
  assert.equal(pipelineOf(dense, 20_000), null);
});

test("what is not there, waits for itself or leads back is left out", () => {
  const odd = [task("a", "gone", "a", "c"), task("b", "a"), task("c", "b")];
  assert.deepEqual(
    pipelineOf(odd, WIDE).edges.map(({ from, to }) => [from, to]),
    [["a", "b"], ["b", "c"]],
  );
});

test("a task that was cancelled as another one ended otherwise never ran", () => {
  const never = { state: "Cancelled", after: [{ uuid: "train", on: ["success"], ended: "failure" }] };
  assert.ok(neverRan(never));
  assert.equal(stepKindOf(never), "never");
  for (const [state, awaited] of [
    ["Submitted", { on: ["success"] }],
    ["Cancelled", { on: ["success"], ended: "success" }],
    ["Cancelled", { ended: "failure" }],
  ])
    assert.notEqual(stepKindOf({ state, after: [awaited] }), "never");
  assert.equal(stepKindOf({ state: "Cancelled" }), "cancelled");
  assert.ok(isUnmet({ on: ["failure", "cancelled"], ended: "success" }));
  assert.ok(!isUnmet({ on: ["failure", "cancelled"], ended: "cancelled" }));
});

test("the drawing of a job that failed marks the edges that were not met", () => {
  const tasks = [
    { ...task("train"), state: "Failure" },
    { ...task("report"), state: "Cancelled", after: [{ uuid: "train", on: ["success"], ended: "failure" }] },
    { ...task("alarm"), state: "Success", after: [{ uuid: "train", on: ["failure"], ended: "failure" }] },
  ];
  assert.deepEqual(
    pipelineOf(tasks, WIDE).edges.map(({ isUnmet: unmet }) => unmet),
    [true, false],
  );
});
