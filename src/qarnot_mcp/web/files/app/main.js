// The page starts here: it reads the link, holds what is shown, and draws it.

import { createLanguage } from "../../../dashboard/i18n/language.js";
import { h, render } from "../../../dashboard/components/dom.js";
import { connect } from "./server.js";
import { createMemory } from "./interrupted.js";
import { createQueue, sentOf } from "./queue.js";
import { createMeter } from "./speed.js";
import { chosenFiles, droppedFiles } from "./chosen.js";
import { problemView, uploadsView } from "./uploads_view.js";
import { bucketView, previewView } from "./bucket_view.js";

const MAX_FILE_PARTS = 10_000;
const DRAWN_EVERY_MILLISECONDS = 250;
const SIZE_UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
const PROBLEMS = {
  link: "problemLink",
  expired: "problemExpired",
  quota: "problemQuota",
  key: "problemKey",
  rights: "problemRights",
  lost: "problemLost",
  unreadable: "problemUnreadable",
};

const root = document.documentElement;
const main = document.querySelector("main");
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const language = createLanguage(navigator.language);
const server = connect(location.hash.slice(1));
const { say } = language;

const view = {
  ...language,
  place: null,
  problem: null,
  listing: { prefix: "", folders: [], files: [], next: null },
  queue: null,
  memory: null,
  meter: createMeter(),
  meters: new Map(),
  refusals: [],
  isDropping: false,
  isCopied: false,
  shown: null,
  size,
};

let isDrawDue = false;
let wake = () => {};

/** A pause before something is tried again; it ends early when the connection is back. */
const wait = (seconds) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    const before = wake;
    wake = () => {
      clearTimeout(timer);
      before();
      resolve();
    };
  });

function wakeUp() {
  const woken = wake;
  wake = () => {};
  woken();
}

function size(bytes) {
  const power = Math.min(SIZE_UNITS.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const value = bytes / 1024 ** power;
  const options = { style: "unit", unit: SIZE_UNITS[power], unitDisplay: "short", maximumFractionDigits: value < 10 ? 1 : 0 };
  return new Intl.NumberFormat(language.tag, options).format(value);
}

const announce = (text) => render(document.getElementById("announcements"), text);

view.go = {
  explain: ({ code, message }) => (PROBLEMS[code] ? say(PROBLEMS[code]) : message),
  chooseFiles: () => choose(false),
  chooseFolder: () => choose(true),
  pause: () => view.queue.pause(),
  resume() {
    wakeUp();
    view.queue.resume();
  },
  cancel: (upload) => view.queue.cancel(upload),
  cancelAll: () => view.queue.cancelAll(),
  retry: (upload) => view.queue.retry(upload),
  async discard(row) {
    try {
      await server.abort(row.path, row.uploadId);
    } catch (error) {
      if (error.code !== "not_found") return fail(error);
    }
    view.memory.forget(row);
    draw();
  },
  async copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      view.isCopied = true;
    } catch {
      getSelection().selectAllChildren(document.querySelector(".tell")); // to be copied by hand
    }
    draw();
  },
  openFolder: (prefix) => load({ prefix, folders: [], files: [], next: null }),
  moreFiles: () => load(view.listing),
  save: (what, fields) => server.save(what, fields),
  async preview(path) {
    view.shown = { path };
    drawNow();
    document.querySelector("dialog").showModal();
    document.getElementById("preview-close").focus();
    try {
      const { picture, text, is_cut } = await server.preview(path);
      if (view.shown?.path !== path) return;
      view.shown = { path, isLoaded: true, address: picture && URL.createObjectURL(picture), text, is_cut };
    } catch (error) {
      if (!error.code) throw error;
      view.shown = { path, isLoaded: true, problem: view.go.explain(error) };
    }
    draw();
  },
  closePreview() {
    if (view.shown?.address) URL.revokeObjectURL(view.shown.address);
    view.shown = null;
    draw();
  },
};

function fail(error) {
  if (!error.code) throw error;
  view.problem = error;
  draw();
}

async function load(listing) {
  try {
    const { folders, files, next } = await server.list(listing.prefix, listing.next ?? undefined);
    view.listing = {
      prefix: listing.prefix,
      folders: [...listing.folders, ...folders],
      files: [...listing.files, ...files],
      next,
    };
    view.problem = null;
    draw();
  } catch (error) {
    fail(error);
  }
}

function choose(isFolder) {
  const input = document.createElement("input");
  Object.assign(input, { type: "file", multiple: true, webkitdirectory: isFolder });
  input.onchange = () => add(chosenFiles(input));
  input.click();
}

function add(files) {
  const most = view.place.part_bytes * MAX_FILE_PARTS;
  const fitting = files.filter((file) => file.size <= most);
  const total = fitting.reduce((sum, file) => sum + file.size, 0);
  const { left_bytes: left } = view.place;
  view.refusals = files
    .filter((file) => file.size > most)
    .map(({ path, size: bytes }) => say("tooLarge", { path, size: size(bytes) }));
  if (left !== null && total > left) view.refusals.push(say("tooMuch", { size: size(total), left: size(left) }));
  else if (fitting.length) {
    view.isCopied = false;
    view.meter.reset();
    view.queue.add(fitting);
  }
  draw();
}

/** Note what has gone, and tell once when all is over. */
function changed() {
  const seconds = performance.now() / 1000;
  view.meter.note(view.queue.total().sent, seconds);
  for (const upload of view.queue.uploads) {
    if (upload.state !== "sending") view.meters.delete(upload.path);
    else {
      if (!view.meters.has(upload.path)) view.meters.set(upload.path, createMeter());
      view.meters.get(upload.path).note(sentOf(upload), seconds);
    }
  }
  const { isBusy, halted } = view.queue;
  if (view.wasBusy && !isBusy) {
    announce(say("allDone"));
    lookAgain();
    load({ prefix: view.listing.prefix, folders: [], files: [], next: null });
  }
  if (halted && !view.wasHalted) announce(view.go.explain(halted));
  Object.assign(view, { wasBusy: isBusy, wasHalted: Boolean(halted) });
  draw();
}

/** Ask what is left of the storage; the page knew it from when it was opened. */
async function lookAgain() {
  try {
    view.place = await server.place();
  } catch (error) {
    fail(error);
  }
  draw();
}

/** Draw soon: the bytes of many parts change more often than anybody can see. */
function draw() {
  if (isDrawDue) return;
  isDrawDue = true;
  setTimeout(() => {
    isDrawDue = false;
    drawNow();
  }, view.queue?.isBusy ? DRAWN_EVERY_MILLISECONDS : 0);
}

function drawNow() {
  const { place, problem } = view;
  const content = !place
    ? !problem && h("p.soft", say("loading"))
    : [
        h("p", place.prefix ? say("placeFolder", { bucket: place.bucket, folder: place.prefix }) : say("place", place)),
        h(
          "p.soft",
          say("until", { date: view.date(new Date(place.ends_at * 1000)) }),
          place.left_bytes !== null && ` ${say("left", { size: size(place.left_bytes) })}.`,
          !place.may_write && ` ${say("readOnly")}`,
        ),
        place.may_write && uploadsView(view),
        bucketView(view),
        previewView(view),
      ];
  render(main, h("h1", say("title")), problem && problemView(view, problem), content);
}

function follow(event, isDropping) {
  event.preventDefault();
  if (view.isDropping === isDropping) return;
  view.isDropping = isDropping;
  draw();
}

async function start() {
  root.lang = language.tag;
  document.title = say("title");
  root.dataset.theme = prefersDark.matches ? "dark" : "light";
  draw();
  try {
    view.place = await server.place();
  } catch (error) {
    return fail(error);
  }
  view.memory = createMemory(localStorage, view.place);
  const { part_bytes: partBytes } = view.place;
  view.queue = createQueue({ server, memory: view.memory, partBytes, wait, onChange: changed });
  load(view.listing);
}

prefersDark.addEventListener("change", () => (root.dataset.theme = prefersDark.matches ? "dark" : "light"));
addEventListener("online", wakeUp);
addEventListener("hashchange", () => location.reload());
addEventListener("beforeunload", (event) => view.queue?.isBusy && event.preventDefault());
addEventListener("dragover", (event) => follow(event, true));
addEventListener("dragleave", (event) => event.relatedTarget ?? follow(event, false));
addEventListener("drop", async (event) => {
  follow(event, false);
  const { items, files } = event.dataTransfer;
  if (view.place?.may_write) add(await droppedFiles({ items: [...items], files: [...files] }));
});
start();
