// Running a task again: the fields of submit_task as the API told them of the first run.

const SCHEDULING = { flex: "Flex", ondemand: "OnDemand", reserved: "Reserved" };
const HIDDEN = /\[(hidden|SECRET)\]/i;
const COPIED = {
  pool_uuid: "poolUuid",
  job_uuid: "jobUuid",
  resource_buckets: "resourceBuckets",
  result_bucket: "resultBucket",
  tags: "tags",
  labels: "labels",
  hardware_constraints: "hardwareConstraints",
  results_whitelist: "resultsWhitelist",
  results_blacklist: "resultsBlacklist",
  auto_delete_on_completion: "autoDeleteOnCompletion",
};
const NOT_COPIED = ["advancedResourceBuckets", "snapshotInterval", "forcedNetworkRules", "targetedReservedMachineKey"];

/** Whether the API says something: not null, false, 0, an empty text, an empty list or object, or a nil id. */
const isSaid = (value) =>
  typeof value === "object" ? Object.keys(value ?? {}).length > 0 : value && !/^[0:-]+$/.test(value);

/**
 * What a second run of a task takes: {fields, constants, notCopied}. `fields` are arguments of submit_task but for
 * the constants, which are [{key, value, isHidden}]: a hidden value has to be typed again.
 */
export function submissionOf({ name, instances, api }) {
  const fields = { name };
  const put = (field, value) => isSaid(value) && (fields[field] = value);
  for (const [field, ofApi] of Object.entries(COPIED)) put(field, api[ofApi]);
  if (!fields.pool_uuid) put("profile", api.profile);
  put("scheduling_type", SCHEDULING[String(api.schedulingType).toLowerCase()]);
  put("max_retries_per_instance", api.retrySettings?.maxPerInstanceRetries);
  put("dependencies", api.dependencies?.dependsOn);
  put("completion_time_to_live", api.completionTimeToLive);
  if (!put("advanced_ranges", api.advancedRanges)) fields.instance_count = instances.total;
  const constants = (api.constants ?? []).map(({ key, value }) => {
    const isHidden = HIDDEN.test(value);
    return { key, value: isHidden ? "" : (value ?? ""), isHidden };
  });
  return { fields, constants, notCopied: NOT_COPIED.filter((field) => isSaid(api[field])) };
}

/** The arguments of submit_task, from the fields and what the reader made of the constants. */
export function submitArguments({ fields, constants }) {
  const given = constants.filter(({ value, isHidden }) => value || !isHidden);
  const count = fields.instance_count && { instance_count: Number(fields.instance_count) };
  return { ...fields, ...count, constants: given.map(({ key, value }) => ({ key, value })) };
}
