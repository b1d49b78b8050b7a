// The uploads: which part is sent next, what is tried again, and what can be paused and resumed. It knows no page.

import { bytesIn, missingParts } from "./parts.js";
import { isHalting, pauseBefore } from "./retries.js";

const AT_ONCE = 4;

/**
 * One file of the queue.
 * @typedef {object} Upload
 * @property {string} path below the folder of the link
 * @property {number} size
 * @property {number} modified
 * @property {Blob} file
 * @property {"waiting"|"sending"|"retrying"|"paused"|"done"|"failed"|"cancelled"} state
 * @property {string} [problem] why it failed, or what stops it
 * @property {number} sent the bytes that the storage has
 * @property {Map<number, number>} moving the bytes of the parts that are being sent
 * @property {string} [uploadId]
 * @property {object[]|null} parts those that are still to be sent; null until the upload was begun
 */

/**
 * Return a queue. `server` sends, `memory` remembers what was begun, `wait(seconds)` resolves in time or as soon as there
 * is a reason to try again, `onChange()` is told of every change.
 */
export function createQueue({ server, memory, partBytes, wait, onChange }) {
  const uploads = [];
  let running = 0;
  let isPaused = false;
  let halted = null;
  let stopper = new AbortController();

  function add(files) {
    for (const file of files) {
      const same = uploads.find(({ path, state }) => path === file.path && state !== "cancelled" && state !== "failed");
      if (same && same.state !== "done") continue;
      const position = uploads.findIndex(({ path }) => path === file.path);
      if (position >= 0) uploads.splice(position, 1);
      uploads.push({ ...file, state: "waiting", sent: 0, moving: new Map(), parts: null, isBegun: false, tries: 0 });
    }
    pump();
    onChange();
  }

  const isOpen = ({ state }) => ["waiting", "sending", "retrying", "paused"].includes(state);

  /** Return the next thing to do as a function, or nothing. */
  function nextStep() {
    for (const upload of uploads) {
      if (!isOpen(upload) || upload.isCancelled) continue;
      if (!upload.isBegun) {
        upload.isBegun = true;
        return upload.size <= partBytes ? () => sendWhole(upload) : () => begin(upload);
      }
      if (!upload.parts) continue;
      const part = upload.parts.shift();
      if (part) return () => sendPart(upload, part);
      if (!upload.moving.size && !upload.isCompleting) {
        upload.isCompleting = true;
        return () => complete(upload);
      }
    }
    return null;
  }

  function pump() {
    while (running < AT_ONCE && !isPaused && !halted) {
      const step = nextStep();
      if (!step) break;
      running++;
      step().finally(() => {
        running--;
        pump();
        onChange();
      });
    }
  }

  /** Run a call until it works; return whether it did. What `undo` does lets it be done again after a pause. */
  async function attempt(upload, call, undo) {
    for (let tries = 1; ; tries++) {
      try {
        upload.state = "sending";
        const result = await call(stopper.signal);
        return { result };
      } catch (error) {
        if (!error.code) throw error;
        const seconds = error.code === "stopped" ? null : pauseBefore(error.code, tries);
        if (seconds === null || upload.isCancelled) {
          undo();
          if (error.code !== "stopped" && !upload.isCancelled) fail(upload, error);
          return null;
        }
        upload.state = "retrying";
        onChange();
        await wait(seconds);
        if (isPaused || halted || upload.isCancelled) {
          undo();
          return null;
        }
      }
    }
  }

  function fail(upload, error) {
    if (isHalting(error.code)) halt(error);
    else Object.assign(upload, { state: "failed", problem: error });
  }

  function halt(error) {
    halted = error;
    stopAll();
  }

  function stopAll() {
    stopper.abort();
    stopper = new AbortController();
    for (const upload of uploads) if (isOpen(upload)) upload.state = "paused";
  }

  async function sendWhole(upload) {
    const progress = (loaded) => (upload.moving.set(0, loaded), onChange());
    const undo = () => ((upload.isBegun = false), upload.moving.clear());
    const done = await attempt(
      upload,
      (signal) => server.putFile(upload.path, upload.file, progress, signal),
      undo,
    );
    if (done) finish(upload);
  }

  async function begin(upload) {
    const known = upload.uploadId ?? memory.find(upload);
    const undo = () => (upload.isBegun = false);
    const begun = await attempt(
      upload,
      async () => {
        try {
          return await server.begin(upload.path, upload.size, known);
        } catch (error) {
          // It was completed, cancelled or cleared away since.
          if (known && error.code === "not_found") return server.begin(upload.path, upload.size);
          throw error;
        }
      },
      undo,
    );
    if (!begun) return;
    const { upload_id: uploadId, parts: there } = begun.result;
    const parts = missingParts(upload.size, partBytes, there);
    Object.assign(upload, { uploadId, parts, sent: upload.size - bytesIn(parts) });
    memory.keep(upload, uploadId);
    if (upload.isCancelled) await forget(upload);
  }

  async function sendPart(upload, part) {
    const { number, start, end } = part;
    const progress = (loaded) => (upload.moving.set(number, loaded), onChange());
    progress(0);
    const undo = () => upload.parts?.unshift(part);
    const done = await attempt(
      upload,
      (signal) => server.putPart(upload.path, upload.uploadId, number, upload.file.slice(start, end), progress, signal),
      undo,
    );
    upload.moving.delete(number);
    if (done) upload.sent += end - start;
    if (upload.isCancelled && !upload.moving.size) await forget(upload);
  }

  async function complete(upload) {
    const undo = () => {};
    const done = await attempt(upload, () => server.complete(upload.path, upload.uploadId, upload.size), undo);
    upload.isCompleting = false;
    if (!done) return;
    memory.forget(upload);
    finish(upload);
  }

  function finish(upload) {
    Object.assign(upload, { state: "done", sent: upload.size, problem: undefined, file: null });
    upload.moving.clear();
  }

  /** Nothing of a cancelled upload stays in the storage. */
  async function forget(upload) {
    const { uploadId } = upload;
    if (!uploadId) return;
    upload.uploadId = undefined;
    try {
      await server.abort(upload.path, uploadId);
      memory.forget(upload);
    } catch (error) {
      // It stays among those that were not finished, where it can be discarded again.
      if (!error.code) throw error;
      if (error.code === "not_found") memory.forget(upload);
    }
  }

  async function cancel(upload) {
    if (!isOpen(upload) && upload.state !== "failed") return;
    Object.assign(upload, { isCancelled: true, state: "cancelled", file: null });
    if (upload.moving.size && !isPaused && !halted) {
      // Its parts stop with all others, which begin again at once.
      stopper.abort();
      stopper = new AbortController();
    }
    if (!upload.moving.size) await forget(upload);
    onChange();
  }

  return {
    uploads,
    add,
    cancel,
    cancelAll: () => Promise.all(uploads.filter((upload) => isOpen(upload)).map(cancel)),
    pause() {
      isPaused = true;
      stopAll();
      onChange();
    },
    resume() {
      isPaused = false;
      halted = null;
      for (const upload of uploads) if (upload.state === "paused") upload.state = "waiting";
      pump();
      onChange();
    },
    retry(upload) {
      Object.assign(upload, { state: "waiting", problem: undefined, isBegun: false, parts: null });
      pump();
      onChange();
    },
    get isPaused() {
      return isPaused;
    },
    get halted() {
      return halted;
    },
    get isBusy() {
      return uploads.some(isOpen);
    },
    /** Return how much of everything is there; what was cancelled does not count. */
    total() {
      const counted = uploads.filter(({ state }) => state !== "cancelled");
      return {
        count: counted.length,
        done: counted.filter(({ state }) => state === "done").length,
        failed: counted.filter(({ state }) => state === "failed").length,
        size: counted.reduce((sum, { size }) => sum + size, 0),
        sent: counted.reduce((sum, upload) => sum + sentOf(upload), 0),
      };
    },
  };
}

/** Return the bytes of an upload that have gone. */
export const sentOf = ({ sent, moving, size }) =>
  Math.min(size, [...moving.values()].reduce((sum, loaded) => sum + loaded, sent));
