// Uploads that were begun and are not finished, remembered in the browser: after a reload they go on. The ids are of no
// use to anybody without the link.

const PREFIX = "qarnot-files:";
const MAX_DAYS = 7;

/** Return the memory for the files of one place, which is `{bucket, prefix}`. */
export function createMemory(storage, { bucket, prefix }, now = Date.now) {
  const start = `${PREFIX}${bucket}/${prefix}|`;
  const keyOf = ({ path, size, modified }) => start + JSON.stringify([path, size, modified]);

  function entries() {
    const keys = [...Array(storage.length).keys()].map((position) => storage.key(position));
    return keys
      .filter((key) => key.startsWith(start))
      .map((key) => {
        const [path, size, modified] = JSON.parse(key.slice(start.length));
        return { key, path, size, modified, ...JSON.parse(storage.getItem(key)) };
      });
  }

  return {
    /** Return the id of the upload of this very file, if one was begun. */
    find: (file) => JSON.parse(storage.getItem(keyOf(file)) ?? "{}").uploadId,
    keep(file, uploadId) {
      try {
        storage.setItem(keyOf(file), JSON.stringify({ uploadId, at: now() }));
      } catch (error) {
        // A browser that keeps nothing: the upload works all the same, and begins again after a reload.
        if (error.name !== "QuotaExceededError") throw error;
      }
    },
    forget: (file) => storage.removeItem(keyOf(file)),
    /** Return the uploads that can go on: `{path, size, modified, uploadId}`; those of last week are forgotten. */
    list() {
      const all = entries();
      for (const { key, at } of all) if (now() - at > MAX_DAYS * 86_400_000) storage.removeItem(key);
      return all.filter(({ at }) => now() - at <= MAX_DAYS * 86_400_000);
    },
  };
}
