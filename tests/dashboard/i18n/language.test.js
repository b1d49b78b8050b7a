import assert from "node:assert/strict";
import { test } from "node:test";

import { createLanguage } from "../../../src/qarnot_mcp/dashboard/i18n/language.js";
import { LANGUAGES, messagesIn } from "../../../src/qarnot_mcp/dashboard/i18n/messages.js";

const english = createLanguage("en-GB", "Europe/Paris");
const french = createLanguage("fr-FR", "Europe/Paris");
const spaced = (text) => text.replace(/\s/g, " ");

test("every language has every message", () => {
  for (const language of LANGUAGES) {
    for (const [key, text] of Object.entries(messagesIn(language))) assert.ok(text, `${language}: ${key}`);
  }
});

test("a missing column is as in English", () => {
  assert.equal(messagesIn("fr").job_uuid, "Job");
});

test("the locale chooses the language, and one without messages gets English", () => {
  assert.equal(french.say("tasks"), "Tâches");
  for (const locale of ["de-DE", "zh-Hans-CN", "not a locale!", "en-Latn-GB-x-odd", ""]) {
    assert.equal(createLanguage(locale).say("tasks"), "Tasks", locale);
  }
});

test("a locale keeps its region where it is a plain one", () => {
  assert.equal(french.tag, "fr-FR");
  assert.equal(createLanguage("fr-FR-u-nu-odd").tag, "fr");
  assert.equal(createLanguage("de-DE").tag, "en");
});

test("a count chooses the plural as the language does", () => {
  assert.deepEqual(
    [0, 1, 2].map((count) => english.say("countTasks", count)),
    ["0 tasks", "1 task", "2 tasks"],
  );
  assert.deepEqual(
    [0, 1, 2].map((count) => french.say("countTasks", count)),
    ["0 tâche", "1 tâche", "2 tâches"],
  );
});

test("values take their places, numbers as the locale writes them", () => {
  assert.equal(english.say("abortAsk", { name: "{name} $& <b>" }), "Abort “{name} $& <b>”?");
  assert.equal(spaced(french.say("countLines", 12345)), "12 345 lignes");
});

test("durations have their two largest units", () => {
  const texts = [0, 0.4, 9.9, 130, 7200, 90061].map(english.duration).map(spaced);
  assert.deepEqual(texts, ["0s", "0.4s", "9.9s", "2m 10s", "2h", "1d 1h"]);
});

test("ages are rounded down and never in the future", () => {
  assert.equal(english.ago(119), "1 min ago");
  assert.equal(english.ago(-5), "now");
  assert.equal(english.ago(0.4), "now");
  assert.equal(french.ago(0), "maintenant");
  assert.equal(english.ago(1), "1 sec ago");
});

test("a time zone that the browser does not know is left to it", () => {
  assert.match(createLanguage("en-GB", "Nowhere/Land").date(0), /1970|1969/);
});
