// The files of a bucket, or the results of a task: pictures as thumbnails, texts by their end, links, and uploads.

import { h } from "../components/dom.js";
import { button, head, problemBox, loading, showAllButton } from "../components/controls.js";
import { byFolder, isPicture, nameOf, parentOf } from "../model/files.js";

const COMPACT_FILES = 6;

export function filesPage(view) {
  const { say, go, files, mayCall, mayAct, mayOpen } = view;
  const { args, name, result, problem } = files;
  const back = args.task_uuid
    ? mayCall && button(name ?? say("task"), () => go.openTask(args.task_uuid, name), { kind: "quiet", icon: "back" })
    : null;
  return [
    head(view, problem, back),
    h(
      "div.task-title",
      h("h1", { id: "heading", tabindex: -1 }, say("files")),
      result && [
        h(
          "div.actions",
          args.prefix && mayCall && button(parentOf(args.prefix) || result.bucket, go.openParent, { icon: "back" }),
          mayAct && mayOpen && button(say("upload"), go.upload, { icon: "upload" }),
        ),
        h("p.soft.under", h("code", `${result.bucket}/${args.prefix ?? ""}`)),
      ],
    ),
    problemBox(view, problem),
    files.opened && openedFile(view, files.opened),
    result ? content(view) : !problem && loading(view),
  ];
}

function content(view) {
  const { say, go, files, display, mayCall } = view;
  const { folders = [], files: rows, next_cursor: next, hint } = files.result;
  const shown = display === "compact" ? rows.slice(0, COMPACT_FILES) : rows;
  return [
    hint && h("p.note", hint),
    folders.length > 0 &&
      h(
        "ul.file-folders",
        folders.map((path) =>
          h("li", { key: path }, button(nameOf(path), () => go.openFolder(path), { disabled: !mayCall })),
        ),
      ),
    byFolder(shown).map(({ folder, files: inside }) => [
      folder !== (files.args.prefix ?? "") && h("h2.file-folder", { key: folder }, folder),
      h("ul.file-list", { key: `list ${folder}` }, inside.map((file) => fileItem(view, file))),
    ]),
    display === "compact" && rows.length > shown.length && showAllButton(view),
    display !== "compact" && next && mayCall && h("div.more", button(say("more"), go.moreFiles)),
  ];
}

function fileItem({ say, go, files, bytes, mayCall, mayOpen }, file) {
  const { path, size_bytes: size, instance_id: id } = file;
  const picture = files.pictures.get(path);
  return h(
    "li",
    { key: path },
    h(
      "button.thumbnail",
      { onclick: () => go.openFile(path), disabled: !mayCall, "aria-label": say("showFile", { path }) },
      picture ? h("img", { src: picture, alt: "" }) : h("span.soft", isPicture(file) ? "…" : nameOf(path).split(".").pop()),
    ),
    h("span.file-name", { title: path }, nameOf(path)),
    h("span.soft.small", [bytes(size), id !== undefined && say("instance", { id: String(id) })].filter(Boolean).join(" · ")),
    mayCall && mayOpen && button(say("link"), () => go.shareFile(path), { "aria-label": say("linkTo", { path }) }),
  );
}

function openedFile({ say, go }, { path, picture, text, note }) {
  return h(
    "section.file-opened",
    { "aria-labelledby": "opened-title" },
    h("h2", { id: "opened-title", tabindex: -1 }, path),
    picture && h("img", { src: picture, alt: path }),
    text !== undefined && h("pre", { tabindex: 0, role: "region", "aria-label": say("endOf", { path }) }, text || " "),
    note && h("p.soft", note),
    h("div.buttons", button(say("close"), go.closeFile)),
  );
}
