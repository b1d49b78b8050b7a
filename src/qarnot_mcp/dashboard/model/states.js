// The states of tasks and instances: what they mean for a reader, and which of them are over.

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

export const kindOf = (state) => KIND_OF[state] ?? "queued";
export const isOver = (state) => ["success", "failure", "cancelled"].includes(kindOf(state));

/** The place of a state in the life of a task, to sort by. */
export const orderOf = (state) => Object.keys(KIND_OF).indexOf(state);
