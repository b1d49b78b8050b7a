// What the reader can do: each handler changes the view, draws it, and looks at the server where that is needed.

import { isLost } from "./host.js";
import { expressionFor } from "../model/log_lines.js";
import { emptyLog, emptyTask, emptyTasks, knownOf, lookEarlier, lookForText, lookFurther } from "./loaders.js";
import { resubmissionOf } from "../model/resubmit.js";

const AT_END_PIXELS = 24;

export function createHandlers(view) {
  const { redraw, look } = view;

  function show(face, part, focus = "#heading") {
    Object.assign(view, { face, [face]: part, asking: null, notice: "" });
    look();
    focusOn(focus);
  }

  /** Runs a call that is no look, and shows in its place what went wrong. */
  async function attempt(part, call) {
    try {
      await call(view);
      part.problem = null;
    } catch (error) {
      part.problem = { isLost: isLost(error), text: error.message };
    }
    redraw();
  }

  function filter(changes) {
    const { text, sort, args } = view.tasks;
    view.tasks = { ...emptyTasks({ ...args, cursor: undefined, ...changes }), text, sort };
    look();
  }

  function change(part, changes) {
    Object.assign(part, changes);
    redraw();
  }

  return {
    refresh: look,
    openTasks: () => show("tasks", view.tasks, `[data-uuid="${CSS.escape(view.task.uuid)}"]`),
    openTask: (uuid, name) => show("task", view.task?.uuid === uuid ? view.task : emptyTask(uuid, name)),

    /** Opens a log; what `changes` does not name stays as it is where the same task's log is open. */
    openLog(changes) {
      const isOpen = view.face === "log";
      const { answer } = view.task ?? {};
      const args = isOpen
        ? view.log.args
        : { task_uuid: answer.uuid, log_type: answer.failure?.groups?.[0]?.log_type ?? "stdout" };
      show("log", emptyLog({ ...args, ...changes }, isOpen ? view.log : knownOf(view.task)));
    },

    sort(by) {
      const { sort } = view.tasks;
      change(view.tasks, { sort: { by, isDescending: sort.by === by && !sort.isDescending } });
    },

    filterText: (text) => change(view.tasks, { text }),
    filterState: (state) => filter({ state: state === "all" ? undefined : state }),
    typeTag: (tagText) => (tagText ? change(view.tasks, { tagText }) : filter({ tags: undefined })),
    filterTag: (text) => filter({ tags: text.trim() ? [text.trim()] : undefined }),
    clearFilters() {
      view.tasks.text = "";
      filter({ state: undefined, tags: undefined, name: undefined });
    },
    more: () => attempt(view.tasks, lookFurther),

    ask(deed) {
      const task = view.task.answer;
      change(view, { asking: { deed, task, submission: deed === "again" && resubmissionOf(task) } });
      focusOn("#asking-cancel");
    },
    cancelAsking() {
      const { deed } = view.asking;
      change(view, { asking: null });
      focusOn(`[data-deed=${deed}]`);
    },
    async confirm() {
      const { asking } = view;
      change(asking, { isBusy: true, problem: null });
      try {
        finish(asking, await view.carryOut(asking));
      } catch (error) {
        const start = isLost(error) ? `${view.say("lostTitle")} ` : "";
        change(asking, { isBusy: false, problem: start + error.message });
      }
    },

    searchText: (search) => change(view.log, { search }),
    searchAll: () => attempt(view.log, () => lookForText(view, expressionFor(view.log.search))),
    leaveSearch() {
      view.log = emptyLog(view.log.args, view.log);
      look();
    },

    async earlier() {
      const lines = document.getElementById("log-lines");
      view.log.follows = false;
      const below = lines.scrollHeight - lines.scrollTop;
      await attempt(view.log, lookEarlier);
      lines.scrollTop = lines.scrollHeight - below;
    },
    scrolled({ target: { scrollTop, scrollHeight, clientHeight } }) {
      const follows = scrollHeight - scrollTop - clientHeight < AT_END_PIXELS;
      if (follows !== view.log.follows) change(view.log, { follows });
    },
    toEnd: () => change(view.log, { follows: true }),
  };

  function finish({ deed, task }, answer) {
    if (deed === "delete") {
      view.tasks.rows = view.tasks.rows?.filter(({ uuid }) => uuid !== task.uuid);
      show("tasks", view.tasks);
    } else show("task", deed === "again" ? emptyTask(answer.uuid, answer.name) : view.task);
    const notice = view.say(`${deed}Done`, { name: answer.name });
    view.announce(notice);
    change(view, { notice });
  }
}

const focusOn = (selector) => document.querySelector(selector)?.focus();
