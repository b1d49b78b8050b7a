// What is being uploaded: a row for each file, one for all of them, and what to do when it is over.

import { h } from "../../../dashboard/components/dom.js";
import { commonFolder } from "./names.js";
import { secondsLeft } from "./speed.js";
import { sentOf } from "./queue.js";

const MAX_ROWS = 60;

export const button = (label, onclick, more = {}) => h("button.button", { onclick, ...more }, label);

/** The place to drop and choose files, and everything about the uploads. */
export function uploadsView(view) {
  const { say, queue, go } = view;
  return h(
    "section.uploads",
    { "aria-labelledby": "upload-title" },
    h("h2", { id: "upload-title" }, say("upload")),
    h(
      "div.drop",
      { class: view.isDropping ? "over" : "" },
      h("p.soft", say("dropHere")),
      h(
        "div.buttons",
        button(say("chooseFiles"), go.chooseFiles, { class: "strong" }),
        button(say("chooseFolder"), go.chooseFolder, { class: "strong" }),
      ),
    ),
    view.refusals.map((text) => h("p.wrong", { role: "alert" }, text)),
    interruptedView(view),
    queue.uploads.length > 0 && queueView(view),
  );
}

function interruptedView({ say, memory, queue, go, size }) {
  const active = new Set(queue.uploads.map(({ path }) => path));
  const rows = memory.list().filter(({ path }) => !active.has(path));
  if (!rows.length) return null;
  return h(
    "div.interrupted",
    h("h3", say("interrupted")),
    h("p", say("interruptedText")),
    h(
      "ul.rows",
      rows.map((row) =>
        h(
          "li.row",
          { key: row.path },
          h("span.path", row.path),
          h("span.soft", size(row.size)),
          button(say("discard"), () => go.discard(row), { "aria-label": say("discardFile", { path: row.path }) }),
        ),
      ),
    ),
  );
}

function queueView(view) {
  const { say, queue, go, meter, size } = view;
  const total = queue.total();
  const shown = queue.uploads.filter(({ state }) => state !== "done" && state !== "cancelled");
  const speed = meter.speed();
  const left = secondsLeft(total.size - total.sent, speed);
  return [
    queue.halted && problemView(view, queue.halted),
    h(
      "div.overall",
      bar(say("overallLabel"), total.sent, total.size),
      h(
        "p",
        say("overall", { count: total.count, done: total.done, sent: size(total.sent), size: size(total.size) }),
        queue.isBusy && speed > 0 && !queue.isPaused && h("span.soft", " · ", speedText(view, speed, left)),
      ),
      queue.isBusy &&
        h(
          "div.buttons",
          queue.isPaused || queue.halted
            ? button(say("resume"), go.resume, { class: "strong" })
            : button(say("pause"), go.pause),
          button(say("cancelAll"), go.cancelAll),
        ),
    ),
    h("ul.rows", shown.slice(0, MAX_ROWS).map((upload) => rowView(view, upload))),
    shown.length > MAX_ROWS && h("p.soft", say("moreRows", shown.length - MAX_ROWS)),
    !queue.isBusy && total.done > 0 && finishedView(view, total),
  ];
}

const speedText = ({ say, size, duration }, speed, left) =>
  left === null
    ? say("speedOnly", { speed: size(speed) })
    : say("speedLeft", { speed: size(speed), time: duration(Math.max(1, left)) });

function rowView(view, upload) {
  const { say, go, size, meters } = view;
  const { path, state } = upload;
  const sent = sentOf(upload);
  const speed = state === "sending" ? (meters.get(path)?.speed() ?? 0) : 0;
  return h(
    "li.row",
    { key: path, class: state },
    h("span.path", path),
    h("span.soft", `${size(sent)} / ${size(upload.size)}`),
    bar(path, sent, upload.size),
    h(
      "span.state",
      say(state),
      speed > 0 && ` · ${speedText(view, speed, secondsLeft(upload.size - sent, speed))}`,
      upload.problem && h("span.wrong", ` · ${go.explain(upload.problem)}`),
    ),
    state === "failed" &&
      button(say("tryAgain"), () => go.retry(upload), { "aria-label": say("retryFile", { path }) }),
    button(say("cancel"), () => go.cancel(upload), { "aria-label": say("cancelFile", { path }) }),
  );
}

/** A bar at 0 would be drawn as one of which nobody knows how far it is. */
const bar = (label, value, max) =>
  h("progress", { "aria-label": label, max: Math.max(1, max), value: max ? Math.max(value, max / 1e9) : 1 });

export function problemView({ say, go }, problem) {
  return h("div.problem", { role: "alert" }, h("p", go.explain(problem)));
}

function finishedView(view, { count, done }) {
  const { say, go, isCopied } = view;
  const text = sentence(view);
  return h(
    "div.finished",
    { role: "status" },
    h("p.strong", done === count ? say("allDone") : say("someDone", done)),
    h("h3", say("tellTitle")),
    h("p.tell", text),
    button(isCopied ? say("copied") : say("copy"), () => go.copy(text)),
  );
}

/** What the person can say to the assistant: how many files are where. */
export function sentence({ say, place, queue }) {
  const paths = queue.uploads.filter(({ state }) => state === "done").map(({ path }) => place.prefix + path);
  const [bucket, count] = [place.bucket, paths.length];
  if (count === 1) return say("tellOne", { bucket, path: paths[0] });
  const folder = commonFolder(paths);
  return folder ? say("tellFolder", { bucket, count, folder }) : say("tellRoot", { bucket, count });
}
