// The files that a person chose or dropped, with their paths.

import { cleanPath } from "./names.js";

const uploadOf = (file, path) => ({ file, path: cleanPath(path), size: file.size, modified: file.lastModified });

/** Return the files of an input; those of a folder keep its name. */
export const chosenFiles = (input) => [...input.files].map((file) => uploadOf(file, file.webkitRelativePath || file.name));

/** Return the files of a drop, those in folders as well. */
export async function droppedFiles({ items, files }) {
  const entries = [...items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...files].map((file) => uploadOf(file, file.name));
  return (await Promise.all(entries.map(filesIn))).flat();
}

async function filesIn(entry) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    return [uploadOf(file, entry.fullPath)];
  }
  const reader = entry.createReader();
  const found = [];
  // A reader gives a hundred entries at a time, and an empty list at the end.
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) break;
    found.push(...some);
  }
  return (await Promise.all(found.map(filesIn))).flat();
}
