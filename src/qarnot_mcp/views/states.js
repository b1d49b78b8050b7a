// The states of tasks and instances: what they mean for a reader, and which of them are over.

/** The kinds of states, in the order in which a list sorts them. */
export const KINDS = ["running", "booting", "queued", "uploading", "stopping", "failure", "cancelled", "success"];

const KIND_OF = {
  Submitted: "queued",
  PartiallyDispatched: "booting",
  FullyDispatched: "booting",
  PartiallyExecuting: "running",
  FullyExecuting: "running",
  UploadingResults: "uploading",
  DownloadingResults: "uploading",
  PendingCancel: "stopping",
  PendingDelete: "stopping",
  Success: "success",
  Failure: "failure",
  Cancelled: "cancelled",
};

const OVER = new Set(["success", "failure", "cancelled"]);

export const kindOf = (state) => KIND_OF[state] ?? "queued";
export const isOver = (state) => OVER.has(kindOf(state));
