import assert from "node:assert/strict";
import { test } from "node:test";

import { bytesIn, missingParts } from "../../../../src/qarnot_mcp/web/files/app/parts.js";
import { pauseBefore, isHalting } from "../../../../src/qarnot_mcp/web/files/app/retries.js";
import { createMeter, secondsLeft } from "../../../../src/qarnot_mcp/web/files/app/speed.js";
import { createMemory } from "../../../../src/qarnot_mcp/web/files/app/interrupted.js";

test("the parts cover a file, and those that are there are left out", () => {
  assert.deepEqual(missingParts(25, 10), [
    { number: 1, start: 0, end: 10 },
    { number: 2, start: 10, end: 20 },
    { number: 3, start: 20, end: 25 },
  ]);
  assert.deepEqual(missingParts(25, 10, [1, 3]), [{ number: 2, start: 10, end: 20 }]);
  assert.equal(bytesIn(missingParts(25, 10, [2])), 15);
});

test("a cut connection is tried for ever, a failure some times, a full storage never", () => {
  assert.equal(pauseBefore("lost", 1), 1);
  assert.equal(pauseBefore("lost", 100), 15);
  assert.equal(pauseBefore("again", 5), 15);
  assert.equal(pauseBefore("again", 6), null);
  assert.equal(pauseBefore("quota", 1), null);
  assert.ok(isHalting("quota") && isHalting("expired") && !isHalting("path"));
});

test("the speed is that of the last seconds", () => {
  const meter = createMeter();
  assert.equal(meter.speed(), 0);
  for (let second = 0; second <= 20; second++) meter.note(second < 10 ? 0 : (second - 9) * 100, second);
  assert.equal(meter.speed(), 100);
  meter.note(0, 21);
  assert.equal(meter.speed(), 0);
  assert.equal(secondsLeft(500, 100), 5);
  assert.equal(secondsLeft(500, 0), null);
});

class Storage extends Map {
  key = (position) => [...this.keys()][position];
  getItem = (key) => this.get(key) ?? null;
  setItem = (key, value) => this.set(key, value);
  removeItem = (key) => this.delete(key);
  get length() {
    return this.size;
  }
}

test("an upload is found again by the very same file of the same place, for a week", () => {
  let now = 0;
  const storage = new Storage();
  const memory = createMemory(storage, { bucket: "a", prefix: "in/" }, () => now);
  const file = { path: "x", size: 5, modified: 7 };
  memory.keep(file, "id");
  assert.equal(memory.find(file), "id");
  assert.equal(memory.find({ ...file, modified: 8 }), undefined);
  assert.equal(createMemory(storage, { bucket: "a", prefix: "" }, () => now).find(file), undefined);
  assert.deepEqual(memory.list().map(({ path, uploadId }) => [path, uploadId]), [["x", "id"]]);
  now = 8 * 86_400_000;
  assert.deepEqual(memory.list(), []);
  assert.equal(memory.find(file), undefined);
});
