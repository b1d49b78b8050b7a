// Files of a bucket: which of them are pictures, and in which folders they are.

const PICTURE = /\.(png|jpe?g|webp|tiff?)$/i;

/** Tell whether a file says by its name that it is a picture that the server can show. */
export const isPicture = ({ path }) => PICTURE.test(path);

/** Return the files by the folder that they are in: `[{folder, files}]`, in the order of the list. */
export function byFolder(files) {
  const folders = new Map();
  for (const file of files) {
    const folder = file.path.slice(0, file.path.lastIndexOf("/") + 1);
    if (!folders.has(folder)) folders.set(folder, []);
    folders.get(folder).push(file);
  }
  return [...folders].map(([folder, inside]) => ({ folder, files: inside }));
}

/** Return the name of a file or of a folder, without the folders that it is in. */
export const nameOf = (path) => /[^/]*\/?$/.exec(path)[0];

/** Return the folder above a folder; "" is the bucket. */
export const parentOf = (prefix) => prefix.replace(/[^/]*\/$/, "");
