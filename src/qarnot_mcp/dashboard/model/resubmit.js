// Running a task again: the server says with what, the reader may change it.

/**
 * Return what the dialog edits: {fields, constants, notCopied}. `fields` are arguments of submit_task but for the constants,
 * which are [{key, value, isHidden, isMultiline}]: a hidden value has to be typed again.
 */
export function resubmissionOf({ viewData: { resubmission } }) {
  const { fields, constants, not_copied } = resubmission;
  return {
    fields: { ...fields },
    constants: constants.map(({ key, value, is_hidden }) => ({
      key,
      value,
      isHidden: is_hidden,
      isMultiline: value.includes("\n"),
    })),
    notCopied: not_copied,
  };
}

/** Return the arguments of submit_task, with what the reader made of the fields and constants. */
export function submitArguments({ fields, constants }) {
  const given = constants.filter(({ value, isHidden }) => value || !isHidden);
  const count = fields.instance_count && { instance_count: Number(fields.instance_count) };
  return { ...fields, ...count, constants: given.map(({ key, value }) => ({ key, value })) };
}
