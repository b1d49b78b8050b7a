// Running a task again: Qarnot copies it, and only what the reader changes is sent.

/**
 * Return what the dialog edits: {uuid, fields, constants, before}. `fields` has the name and the instances, `constants`
 * are [{key, value, isHidden, isMultiline}], and `before` is how both were.
 */
export function resubmissionOf({ uuid, viewData: { resubmission } }) {
  const { constants, ...fields } = resubmission;
  return {
    uuid,
    fields: { ...fields },
    constants: constants.map(({ key, value, is_hidden }) => ({
      key,
      value,
      isHidden: is_hidden,
      isMultiline: value.includes("\n"),
    })),
    before: resubmission,
  };
}

/** Return the arguments of submit_task: the task to repeat, and what the reader changed. */
export function submitArguments({ uuid, fields, constants, before }) {
  const changed = constants.filter(({ value }, position) => value !== before.constants[position].value);
  const { name, instance_count, advanced_ranges } = fields;
  return {
    name,
    rerun_of: uuid,
    rerun: "all",
    ...(String(instance_count) !== String(before.instance_count) && { instance_count: Number(instance_count) }),
    ...(advanced_ranges !== before.advanced_ranges && { advanced_ranges }),
    ...(changed.length > 0 && { constants: changed.map(({ key, value }) => ({ key, value })) }),
  };
}
