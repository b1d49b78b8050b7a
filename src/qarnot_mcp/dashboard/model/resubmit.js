// Running a task again: the server says what it takes, the reader may change it.

/**
 * What the panel edits: {fields, constants, notCopied}. `fields` are arguments of submit_task but for the constants,
 * which are [{key, value, isHidden}]: a hidden value has to be typed again.
 */
export function resubmissionOf({ viewData: { resubmission } }) {
  const { fields, constants, not_copied } = resubmission;
  return {
    fields: { ...fields },
    constants: constants.map(({ key, value, is_hidden }) => ({ key, value, isHidden: is_hidden })),
    notCopied: not_copied,
  };
}

/** The arguments of submit_task, from the fields and what the reader made of the constants. */
export function submitArguments({ fields, constants }) {
  const given = constants.filter(({ value, isHidden }) => value || !isHidden);
  const count = fields.instance_count && { instance_count: Number(fields.instance_count) };
  return { ...fields, ...count, constants: given.map(({ key, value }) => ({ key, value })) };
}
