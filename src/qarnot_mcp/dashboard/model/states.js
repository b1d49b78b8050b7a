// The states of tasks: the kind that a reader sees, and which of them are final.

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

/** The states of jobs and pools that are other than open. */
const GROUP_KIND_OF = {
  Terminating: "stopping",
  Deleting: "stopping",
  Completed: "completed",
  Closing: "stopping",
  PendingDelete: "stopping",
  Closed: "closed",
  Failure: "failure",
};

export const groupKindOf = (state) => GROUP_KIND_OF[state] ?? "open";

export const kindOf = (state) => KIND_OF[state] ?? "queued";
export const isOver = (state) => ["success", "failure", "cancelled"].includes(kindOf(state));

/** Return the position of a state in the life of a task, to sort by. */
export const orderOf = (state) => Object.keys(KIND_OF).indexOf(state);
