// Running a task again: the fields of submit_task as the API told them of the first run.

const SCHEDULING = { flex: "Flex", ondemand: "OnDemand", reserved: "Reserved" };
const HIDDEN = /\[(?:hidden|SECRET)\]/i;
const NOT_COPIED = ["snapshotInterval", "forcedNetworkRules", "targetedReservedMachineKey", "vpnConnections"];

/**
 * What a second run of a task takes: {fields, constants, notCopied}. `fields` are arguments of submit_task but for
 * the constants, which are [{key, value, isHidden}]: a hidden value has to be typed again.
 */
export function submissionOf(task) {
  const api = task.api;
  const fields = { name: task.name };
  const put = (name, value) => {
    if (value !== null && value !== undefined && value !== "" && value !== false && value.length !== 0) fields[name] = value;
  };
  put("profile", task.pool_uuid ? null : api.profile);
  put("pool_uuid", task.pool_uuid);
  put("job_uuid", task.job_uuid);
  if (api.advancedRanges) fields.advanced_ranges = api.advancedRanges;
  else fields.instance_count = task.instances.total;
  put("resource_buckets", api.resourceBuckets);
  put("result_bucket", api.resultBucket);
  put("tags", api.tags);
  if (Object.keys(api.labels ?? {}).length) fields.labels = api.labels;
  put("scheduling_type", SCHEDULING[String(api.schedulingType ?? "").toLowerCase()]);
  put("hardware_constraints", api.hardwareConstraints);
  put("max_retries_per_instance", api.retrySettings?.maxPerInstanceRetries);
  put("results_whitelist", api.resultsWhitelist);
  put("results_blacklist", api.resultsBlacklist);
  put("dependencies", api.dependencies?.dependsOn);
  put("completion_time_to_live", api.completionTimeToLive === "00:00:00" ? null : api.completionTimeToLive);
  put("auto_delete_on_completion", api.autoDeleteOnCompletion);

  const constants = (api.constants ?? []).map(({ key, value }) => {
    const isHidden = HIDDEN.test(value ?? "");
    return { key, value: isHidden ? "" : (value ?? ""), isHidden };
  });
  const notCopied = NOT_COPIED.filter((name) => api[name] && api[name].length !== 0);
  if (api.advancedResourceBuckets?.length && !api.resourceBuckets?.length) notCopied.push("advancedResourceBuckets");
  return { fields, constants, notCopied };
}

/** The arguments of submit_task, from the fields and what the reader made of the constants. */
export function submitArguments({ fields, constants }) {
  const given = constants.filter(({ value, isHidden }) => value !== "" || !isHidden);
  const count = fields.instance_count && { instance_count: Number(fields.instance_count) };
  return { ...fields, ...count, constants: given.map(({ key, value }) => ({ key, value })) };
}
