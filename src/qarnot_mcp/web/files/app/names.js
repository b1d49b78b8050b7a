// Paths in a bucket, made of what files are called on a person's machine.

const MAX_PATH_BYTES = 900;
// Control characters and halves of characters, which no path has; a backslash would break Qarnot's console.
const UNUSABLE = /[\u0000-\u001f\u007f-\u009f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Return the path of a file below the folder of the link: with `/` only, none at its ends, and no way upwards. */
export function cleanPath(given) {
  const parts = given
    .normalize("NFC")
    .replace(/\\/g, "/")
    .replace(UNUSABLE, "_")
    .split("/")
    .filter((part) => part !== "" && part !== "." && part !== "..");
  const path = parts.join("/") || "file";
  return new TextEncoder().encode(path).length > MAX_PATH_BYTES ? shortened(path) : path;
}

/** Keep the end of a long path: it tells files apart and says what they are. */
function shortened(path) {
  let kept = path;
  while (new TextEncoder().encode(kept).length > MAX_PATH_BYTES) kept = kept.slice(Math.ceil(kept.length / 10));
  return kept.replace(/^[\udc00-\udfff]/, "").replace(/^\/+/, "");
}

/** Return the folder that all paths are in, with a slash at its end, or "". */
export function commonFolder(paths) {
  if (!paths.length) return "";
  let common = paths[0].slice(0, paths[0].lastIndexOf("/") + 1);
  for (const path of paths) while (!path.startsWith(common)) common = common.replace(/[^/]*\/$/, "");
  return common;
}
