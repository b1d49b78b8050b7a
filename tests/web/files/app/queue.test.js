import assert from "node:assert/strict";
import { test } from "node:test";

import { createQueue } from "../../../../src/qarnot_mcp/web/files/app/queue.js";

const PART = 10;
const failed = (code) => Object.assign(new Error(code), { code });
const fileOf = (path, size) => ({ path, size, modified: 1, file: new Blob(["x".repeat(size)]) });

/** A server that keeps what it is sent; `refuse(call, number)` may return a code. */
function fakeServer(refuse = () => null) {
  const calls = [];
  const there = new Set();
  const answer = (name, value, number) => {
    calls.push(number === undefined ? name : `${name} ${number}`);
    const code = refuse(name, number, calls);
    return code ? Promise.reject(failed(code)) : Promise.resolve(value);
  };
  return {
    calls,
    there,
    putFile: (path) => answer("file", undefined, path),
    begin: (path, size, id) => answer(id ? "resume" : "begin", { upload_id: "id", parts: [...there] }),
    putPart: (path, id, number) => answer("part", undefined, number).then(() => void there.add(number)),
    complete: () => answer("complete"),
    abort: () => answer("abort"),
  };
}

const fakeMemory = () => {
  const ids = new Map();
  return {
    ids,
    find: ({ path }) => ids.get(path),
    keep: ({ path }, id) => ids.set(path, id),
    forget: ({ path }) => ids.delete(path),
  };
};

/** Run a queue until `isOver()`; it is told of every change. */
async function run(server, files, { memory = fakeMemory(), isOver = (queue) => !queue.isBusy } = {}) {
  const waits = [];
  let queue;
  await new Promise((resolve) => {
    queue = createQueue({
      server,
      memory,
      partBytes: PART,
      wait: async (seconds) => void waits.push(seconds),
      onChange: () => queue && isOver(queue) && resolve(),
    });
    queue.add(files);
  });
  return { queue, waits, memory };
}

test("a small file is sent at once, a large one in parts", async () => {
  const server = fakeServer();
  const { queue, memory } = await run(server, [fileOf("small", 10), fileOf("large", 25)]);
  assert.deepEqual([...server.calls].sort(), ["begin", "complete", "file small", "part 1", "part 2", "part 3"]);
  assert.deepEqual(queue.total(), { count: 2, done: 2, failed: 0, size: 35, sent: 35 });
  assert.equal(memory.ids.size, 0);
});

test("each part is tried again by itself", async () => {
  const once = new Set();
  const server = fakeServer((name, number) => {
    if (name !== "part" || number !== 2 || once.has(number)) return null;
    once.add(number);
    return "again";
  });
  const { waits } = await run(server, [fileOf("large", 25)]);
  assert.deepEqual(waits, [1]);
  assert.deepEqual(server.calls.filter((call) => call.startsWith("part")).sort(), ["part 1", "part 2", "part 2", "part 3"]);
});

test("parts that are there are not sent again", async () => {
  const server = fakeServer();
  const memory = fakeMemory();
  memory.ids.set("large", "id");
  server.there.add(1).add(3);
  await run(server, [fileOf("large", 25)], { memory });
  assert.deepEqual(server.calls, ["resume", "part 2", "complete"]);
});

test("an upload that is gone begins anew", async () => {
  const server = fakeServer((name) => (name === "resume" ? "not_found" : null));
  const memory = fakeMemory();
  memory.ids.set("large", "old");
  await run(server, [fileOf("large", 15)], { memory });
  assert.deepEqual(server.calls, ["resume", "begin", "part 1", "part 2", "complete"]);
});

test("a full storage stops everything until it is resumed", async () => {
  let isFull = true;
  const server = fakeServer((name) => (isFull && name === "file" ? "quota" : null));
  const files = [fileOf("a", 5), fileOf("b", 5)];
  const { queue } = await run(server, files, { isOver: ({ halted }) => halted });
  assert.equal(queue.halted.code, "quota");
  assert.deepEqual(queue.uploads.map(({ state }) => state), ["paused", "paused"]);
  isFull = false;
  await new Promise((resolve) => {
    const look = () => (queue.isBusy ? setImmediate(look) : resolve());
    queue.resume();
    look();
  });
  assert.deepEqual(queue.uploads.map(({ state }) => state), ["done", "done"]);
});

test("what cannot work fails alone, and can be tried again", async () => {
  const server = fakeServer((name, number) => (number === "bad" ? "path" : null));
  const { queue } = await run(server, [fileOf("bad", 5), fileOf("good", 5)]);
  assert.deepEqual(queue.uploads.map(({ state }) => state), ["failed", "done"]);
  assert.equal(queue.uploads[0].problem.code, "path");
});

test("a cancelled upload is aborted", async () => {
  let release;
  const held = new Promise((resolve) => (release = resolve));
  const server = fakeServer();
  server.putPart = (path, id, number, body, onProgress, signal) =>
    new Promise((resolve, reject) => {
      server.calls.push(`part ${number}`);
      signal.addEventListener("abort", () => reject(failed("stopped")));
      release();
    });
  const memory = fakeMemory();
  const queue = createQueue({ server, memory, partBytes: PART, wait: async () => {}, onChange: () => {} });
  queue.add([fileOf("large", 25)]);
  await held;
  await queue.cancel(queue.uploads[0]);
  await new Promise(setImmediate);
  assert.ok(server.calls.includes("abort"));
  assert.equal(memory.ids.size, 0);
  assert.equal(queue.uploads[0].state, "cancelled");
  assert.equal(queue.total().count, 0);
});
