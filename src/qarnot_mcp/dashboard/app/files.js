// What the reader can do with files: open folders and files, make links, and go to the page that uploads.

import { isPicture, parentOf } from "../model/files.js";

const THUMBNAILS = 12;
const TEXT = { lines: 200, max_characters: 20_000 };

export const newFiles = (args, { name, pictures } = {}) => ({ args, name, pictures: pictures ?? new Map() });

/** Load the first pictures of the list, one after the other; the list is there without them. */
async function loadThumbnails({ host, redraw }, files) {
  const wanted = files.result.files.filter((file) => isPicture(file) && !files.pictures.has(file.path));
  for (const { path } of wanted.slice(0, THUMBNAILS)) {
    const { picture } = await host.callTool("read_file", { bucket: files.result.bucket, path });
    files.pictures.set(path, picture);
    redraw();
  }
}

/** Take a result of list_files; nothing more is to come by itself. */
export function takeFiles(view, files, result) {
  files.result = result;
  if (view.mayCall && view.display !== "compact") view.go.thumbnails(files);
  return true;
}

/** Return the handlers for files; `show` opens a page, `attempt` runs a call and shows what went wrong. */
export function createFileHandlers(view, show, attempt) {
  const place = () => ({ bucket: view.files.result.bucket });
  const openFolder = (prefix) => show("files", newFiles({ ...place(), prefix }, view.files));
  return {
    openFiles: () => show("files", newFiles({ task_uuid: view.task.result.uuid }, { name: view.task.result.name })),
    openFolder,
    openParent: () => openFolder(parentOf(view.files.args.prefix)),
    thumbnails: (files) => attempt(files, () => loadThumbnails(view, files)),
    async openFile(path) {
      const { files } = view;
      await attempt(files, async () => {
        const { picture, text, left_out } = await view.host.callTool("read_file", { ...place(), path, ...TEXT });
        files.opened = { path, picture, text, note: left_out };
      });
      document.getElementById("opened-title")?.focus();
    },
    closeFile() {
      view.files.opened = null;
      view.redraw();
      document.getElementById("heading").focus();
    },
    shareFile: (path) =>
      attempt(view.files, async () => {
        const { link } = await view.host.callTool("share_file", { ...place(), path });
        await view.host.openLink(link);
      }),
    upload: () =>
      attempt(view.files, async () => {
        const { prefix = "" } = view.files.args;
        const { link } = await view.host.callTool("request_upload", { ...place(), prefix });
        await view.host.openLink(link);
      }),
    moreFiles: () =>
      attempt(view.files, async () => {
        const { args, result } = view.files;
        const more = await view.host.callTool("list_files", { ...args, cursor: result.next_cursor });
        const [folders, files] = [result.folders ?? [], result.files];
        takeFiles(view, view.files, {
          ...more,
          folders: [...folders, ...(more.folders ?? [])],
          files: [...files, ...more.files],
        });
      }),
  };
}
