// What is in the bucket: folders, files, their previews, and the ways to download them.

import { h } from "../../../dashboard/components/dom.js";
import { button } from "./uploads_view.js";

/** The list of a folder. */
export function bucketView(view) {
  const { say, go, listing } = view;
  const { prefix, folders, files, next } = listing;
  const isEmpty = !folders.length && !files.length;
  return h(
    "section.bucket",
    { "aria-labelledby": "bucket-title" },
    h("h2", { id: "bucket-title" }, say("files")),
    h("nav.crumbs", { "aria-label": say("path") }, crumbs(view, prefix)),
    h(
      "div.buttons",
      button(say("refresh"), () => go.openFolder(prefix)),
      !isEmpty && button(say("downloadAll"), () => go.save("zip", { prefix })),
    ),
    isEmpty
      ? h("p.soft", say("empty"))
      : h(
          "table",
          h(
            "thead",
            h(
              "tr",
              h("th", { scope: "col" }, say("name")),
              h("th.number", { scope: "col" }, say("size")),
              h("th.when", { scope: "col" }, say("modified")),
              h("th", { scope: "col" }, h("span.visually-hidden", say("download"))),
            ),
          ),
          h(
            "tbody",
            folders.map((path) => folderRow(view, path, prefix)),
            files.map((file) => fileRow(view, file, prefix)),
          ),
        ),
    next && button(say("more"), go.moreFiles),
  );
}

function crumbs({ say, go }, prefix) {
  const parts = prefix.split("/").filter(Boolean);
  const steps = [[say("bucketTop"), ""], ...parts.map((part, at) => [part, `${parts.slice(0, at + 1).join("/")}/`])];
  return steps.map(([label, path]) =>
    h("button.crumb", { key: path, onclick: () => go.openFolder(path), "aria-current": path === prefix && "page" }, label),
  );
}

const folderRow = ({ say, go }, path, prefix) =>
  h(
    "tr",
    { key: path },
    h("td", h("button.crumb", { onclick: () => go.openFolder(path) }, `${path.slice(prefix.length)}`)),
    h("td.number.soft", say("folder")),
    h("td.when"),
    h("td"),
  );

const fileRow = ({ say, go, size, date }, { path, size_bytes, modified }, prefix) =>
  h(
    "tr",
    { key: path },
    h(
      "td",
      h(
        "button.crumb",
        { onclick: () => go.preview(path), "aria-label": say("previewFile", { path }) },
        path.slice(prefix.length),
      ),
    ),
    h("td.number", size(size_bytes)),
    h("td.when.soft", modified && date(new Date(modified))),
    h(
      "td",
      button(say("download"), () => go.save("download", { path }), { "aria-label": say("downloadFile", { path }) }),
    ),
  );

/** The preview of one file, over the page. */
export function previewView({ say, go, shown }) {
  if (!shown) return null;
  const { path, address, text, is_cut, problem } = shown;
  return h(
    "dialog.preview",
    { key: path, "aria-label": say("previewFile", { path }), onclose: go.closePreview },
    h("h2", path),
    problem && h("p.wrong", { role: "alert" }, problem),
    address && h("img", { src: address, alt: path }),
    text !== undefined && h("pre", { tabindex: 0 }, text || " "),
    is_cut && h("p.soft", say("cutText")),
    !problem && !address && text === undefined && h("p.soft", shown.isLoaded ? say("noPreview") : say("loading")),
    h(
      "div.buttons",
      button(say("download"), () => go.save("download", { path })),
      button(say("close"), go.closePreview, { id: "preview-close" }),
    ),
  );
}
