import assert from "node:assert/strict";
import { test } from "node:test";

import { pauseSeconds } from "../../../src/qarnot_mcp/dashboard/app/polling.js";

test("pauses grow while nothing changes, up to a quarter of a minute", () => {
  assert.deepEqual(
    [0, 4, 5, 10, 15, 1000].map((unchanged) => pauseSeconds(unchanged, 0)),
    [3, 3, 6, 12, 15, 15],
  );
});

test("a server that does not respond is asked less and less, up to twice a minute", () => {
  assert.deepEqual(
    [1, 2, 3, 4, 50].map((lost) => pauseSeconds(0, lost)),
    [5, 10, 20, 30, 30],
  );
});
