import assert from "node:assert/strict";
import { test } from "node:test";

import { cleanPath, commonFolder } from "../../../../src/qarnot_mcp/web/files/app/names.js";

test("a path has no way upwards, no slash at its ends and none doubled", () => {
  assert.equal(cleanPath("/mesh/a.txt"), "mesh/a.txt");
  assert.equal(cleanPath("../../x"), "x");
  assert.equal(cleanPath("a//b/./c/"), "a/b/c");
  assert.equal(cleanPath("a\\b"), "a/b");
  assert.equal(cleanPath("/"), "file");
});

test("control characters and halves of characters become underscores", () => {
  assert.equal(cleanPath("a\u0000b\u001b[31m"), "a_b_[31m");
  assert.equal(cleanPath("a\ud800b"), "a_b");
  assert.equal(cleanPath("😀"), "😀");
});

test("a name is written the same whatever system it comes from", () => {
  assert.equal(cleanPath("e\u0301"), "é");
});

test("a path that is too long keeps its end", () => {
  const path = cleanPath(`${"é".repeat(2000)}.csv`);
  assert.ok(new TextEncoder().encode(path).length <= 900);
  assert.ok(path.endsWith("é.csv"));
});

test("the common folder is the deepest that holds all", () => {
  assert.equal(commonFolder(["in/a.txt", "in/deep/b.txt"]), "in/");
  assert.equal(commonFolder(["a.txt", "in/b.txt"]), "");
  assert.equal(commonFolder(["in/mesh1/a", "in/mesh2/b"]), "in/");
  assert.equal(commonFolder([]), "");
});
