// What the reader can do: each handler changes the view, draws it, and loads from the server where that is needed.

import { isLost } from "./host.js";
import { createFileHandlers } from "./files.js";
import { createListHandlers } from "./lists.js";
import { expressionFor } from "../model/log_lines.js";
import { loadEarlier, loadMore, newLog, newTask, newTaskList, searchLog, taskContext } from "./loaders.js";
import { resubmissionOf } from "../model/resubmit.js";

const AT_END_PIXELS = 24;

/** Return the handlers of a view, which its pages know as `go`. */
export function createHandlers(view) {
  const { redraw, load } = view;

  function show(page, part, focus = "#heading") {
    Object.assign(view, { page, [page]: part, asking: null, notice: "" });
    load();
    focusOn(focus);
  }

  /** Run a call that the reader asked for, and show on its page what went wrong. */
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
    view.tasks = { ...newTaskList({ ...args, cursor: undefined, ...changes }), text, sort };
    load();
  }

  function change(part, changes) {
    Object.assign(part, changes);
    redraw();
  }

  return {
    ...createFileHandlers(view, show, attempt),
    ...createListHandlers(view, show, attempt),
    refresh: load,
    expand: view.expand,
    openConsole: () => attempt(view.task, () => view.host.openLink(view.task.result.console_url)),
    openTasks: () => show("tasks", view.tasks, `[data-uuid="${CSS.escape(view.task.uuid)}"]`),
    openTask(uuid, name) {
      const { page, task } = view;
      // A task leads back to the job whose page it was opened from, by way of its log and its files, too.
      const job = page === "job" ? view.job : page === "tasks" ? null : task?.job;
      show("task", Object.assign(task?.uuid === uuid ? task : newTask(uuid, name), { job }));
    },

    /** Open a log; while a log is open, its arguments stay but for those in `changes`. */
    openLog(changes) {
      const isOpen = view.page === "log";
      const { result } = view.task ?? {};
      const args = isOpen
        ? view.log.args
        : { task_uuid: result.uuid, log_type: result.failure?.groups?.[0]?.log_type ?? "stdout" };
      show("log", newLog({ ...args, ...changes }, isOpen ? view.log : taskContext(view.task)));
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
    more: () => attempt(view.tasks, loadMore),

    ask(action, resource = view.task.result) {
      change(view, { asking: { action, resource, submission: action === "again" && resubmissionOf(resource) } });
      focusOn("#asking-cancel");
    },
    cancelAsking() {
      const { action, resource } = view.asking;
      change(view, { asking: null });
      focusOn(`[data-action=${action}][data-of="${CSS.escape(resource.uuid)}"]`);
    },
    async confirm() {
      const { asking } = view;
      change(asking, { isBusy: true, problem: null });
      try {
        finish(asking, await view.runAction(asking));
      } catch (error) {
        const prefix = isLost(error) ? `${view.say("lostTitle")} ` : "";
        change(asking, { isBusy: false, problem: prefix + error.message });
      }
    },

    searchText: (search) => change(view.log, { search }),
    searchAll: () => attempt(view.log, () => searchLog(view, expressionFor(view.log.search))),
    leaveSearch() {
      view.log = newLog(view.log.args, view.log);
      load();
    },

    async earlier() {
      const root = document.documentElement;
      view.log.follows = false;
      const below = root.scrollHeight - root.scrollTop;
      await attempt(view.log, loadEarlier);
      root.scrollTop = root.scrollHeight - below;
    },
    /** The reader scrolled: the log is followed while its end is in sight. */
    scrolled({ scrollTop, scrollHeight, clientHeight }) {
      const follows = scrollHeight - scrollTop - clientHeight < AT_END_PIXELS;
      if (follows !== view.log.follows) change(view.log, { follows });
    },
    toEnd: () => change(view.log, { follows: true }),
  };

  function finish({ action, resource }, result) {
    if (action === "delete") {
      view.tasks.rows = view.tasks.rows?.filter(({ uuid }) => uuid !== resource.uuid);
      show("tasks", view.tasks);
    } else if (action === "again") show("task", newTask(result.uuid, result.name));
    else show(view.page, view[view.page]);
    const notice = view.say(`${action}Done`, { name: result.name });
    view.announce(notice);
    change(view, { notice });
  }
}

const focusOn = (selector) => document.querySelector(selector)?.focus();
