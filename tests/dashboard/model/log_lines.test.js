import assert from "node:assert/strict";
import { test } from "node:test";

import {
  expressionFor,
  joinedEarlier,
  joinedLater,
  linesOf,
  piecesOf,
} from "../../../src/qarnot_mcp/dashboard/model/log_lines.js";

const numbers = (lines) => lines.map(({ number }) => number);
const numbered = (...all) => all.map((number) => ({ number, text: `line ${number}` }));

test("lines are numbered from the first line of the result and name their instance", () => {
  assert.deepEqual(linesOf({ text: " 3> a\nb> c", first_line: 7 }), [
    { number: 7, instance: 3, text: "a" },
    { number: 8, text: "b> c" },
  ]);
});

test("an empty log has no lines", () => {
  assert.deepEqual(linesOf({ text: "", first_line: 1 }), []);
  assert.deepEqual(linesOf({}), []);
});

test("a heading is a section only where lines have no numbers", () => {
  assert.deepEqual(linesOf({ text: "== instance 2 ==\n2> a" }), [
    { number: null, text: "instance 2", isSection: true },
    { number: null, instance: 2, text: "a" },
  ]);
  assert.deepEqual(linesOf({ text: "== mine ==", first_line: 1 }), [{ number: 1, text: "== mine ==" }]);
});

test("a search tells lines that match, lines near them, and gaps", () => {
  assert.deepEqual(linesOf({ text: "4: 1> found\n5- near\n--\n9: again", matches: 2 }), [
    { number: 4, instance: 1, text: "found", isNear: false },
    { number: 5, text: "near", isNear: true },
    { number: null, text: "⋯", isSection: true },
    { number: 9, text: "again", isNear: false },
  ]);
});

test("later lines replace a line that came again", () => {
  const joined = joinedLater(numbered(1, 2, 3), [{ number: 3, text: "whole now" }, ...numbered(4)]);
  assert.deepEqual(numbers(joined), [1, 2, 3, 4]);
  assert.equal(joined[2].text, "whole now");
  assert.deepEqual(numbers(joinedLater(numbered(1, 2), [])), [1, 2]);
});

test("earlier lines come once before those that are there", () => {
  assert.deepEqual(numbers(joinedEarlier(numbered(5, 6), numbered(3, 4, 5))), [3, 4, 5, 6]);
});

test("at most 5,000 lines are kept: the last while following, the first while reading back", () => {
  const many = numbered(...Array(5000).keys());
  assert.deepEqual(numbers(joinedLater(many, numbered(5000))).slice(0, 1), [1]);
  assert.equal(joinedEarlier(numbered(9000), many).length, 5000);
  assert.equal(joinedEarlier(numbered(9000), many).at(-1).number, 4999);
});

test("every second piece of a text matches, whatever its capital letters", () => {
  assert.deepEqual(piecesOf("An ant, an ANT", "ant"), ["An ", "ant", ", an ", "ANT", ""]);
  assert.deepEqual(piecesOf("nothing", "ant"), ["nothing"]);
  assert.deepEqual(piecesOf("anything", ""), ["anything"]);
});

test("a text whose length changes in lower case has no marks", () => {
  assert.deepEqual(piecesOf("İstanbul", "stan"), ["İstanbul"]);
});

test("the expression for a text takes its signs literally", () => {
  assert.equal(expressionFor("a.b (1)"), "(?i)a\\.b \\(1\\)");
});
