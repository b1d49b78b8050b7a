// The panel that asks, naming a task, a job or a pool, before something is done to it.

import { h } from "./dom.js";
import { button } from "./controls.js";

/** The panel of `view.asking` (its shape is in app/main.js), or nothing. */
export function confirmDialog({ asking, say, go, redraw }) {
  if (!asking) return null;
  const { action, resource, problem, isBusy, submission } = asking;
  const kind = action === "again" ? "strong" : "danger";
  return h(
    "div.asking",
    {
      class: kind,
      role: "alertdialog",
      "aria-labelledby": "asking-title",
      "aria-describedby": "asking-text",
      onkeydown: ({ key }) => key === "Escape" && go.cancelAsking(),
    },
    h("h2", { id: "asking-title" }, say(`${action}Ask`, { name: resource.name })),
    h("p", { id: "asking-text" }, say(`${action}Text`)),
    submission && submissionFields(submission, say, redraw),
    problem && h("p.wrong", { role: "alert" }, problem),
    h(
      "div.buttons",
      button(say("cancel"), go.cancelAsking, { id: "asking-cancel" }),
      button(say(action), go.confirm, { kind, disabled: Boolean(isBusy) }),
    ),
  );
}

function submissionFields({ fields, constants }, say, redraw) {
  const field = (id, label, owner, name, { tag = "input", ...more } = {}) =>
    h(
      "p.field",
      h("label", { for: id }, label),
      h(tag, {
        id,
        value: String(owner[name]),
        oninput: ({ target }) => ((owner[name] = target.value), redraw()),
        ...more,
      }),
    );
  return [
    field("again-name", say("name"), fields, "name"),
    fields.advanced_ranges
      ? field("again-ranges", say("ranges"), fields, "advanced_ranges")
      : field("again-count", say("instances"), fields, "instance_count", { type: "number", min: 1 }),
    constants.map((constant, position) => {
      const more = constant.isHidden
        ? { type: "password", autocomplete: "off", placeholder: say("hidden") }
        : // An input would drop the line ends.
          { spellcheck: "false", ...(constant.isMultiline && { tag: "textarea", rows: 4 }) };
      return field(`again-${position}`, h("code", constant.key), constant, "value", more);
    }),
  ];
}
