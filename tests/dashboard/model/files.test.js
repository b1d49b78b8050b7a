import assert from "node:assert/strict";
import { test } from "node:test";

import { byFolder, isPicture, nameOf, parentOf } from "../../../src/qarnot_mcp/dashboard/model/files.js";

test("pictures are told by their names", () => {
  assert.ok(["a.png", "deep/B.JPEG", "c.webp", "d.tif"].every((path) => isPicture({ path })));
  assert.ok(!["a.exr", "png", "a.png.txt"].some((path) => isPicture({ path })));
});

test("files stand below their folders, in the order of the list", () => {
  const files = ["a", "run/b", "run/c", "z/d"].map((path) => ({ path }));
  assert.deepEqual(
    byFolder(files).map(({ folder, files: inside }) => [folder, inside.length]),
    [["", 1], ["run/", 2], ["z/", 1]],
  );
});

test("a name is the end of a path, and the folder above its start", () => {
  assert.equal(nameOf("run/deep/a.txt"), "a.txt");
  assert.equal(nameOf("run/deep/"), "deep/");
  assert.equal(parentOf("run/deep/"), "run/");
  assert.equal(parentOf("run/"), "");
});
