// The calls of the page. Each carries the link in a header, so that it is in no address and no log.

const LINK_HEADER = "X-Qarnot-Files";
const ADDRESS = "/files";

/** A call that failed: `code` says why, "lost" where no answer came. */
export class CallFailed extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** Return the calls for one link. */
export function connect(link) {
  const address = (path, query = {}) =>
    `${ADDRESS}${path}?${new URLSearchParams(Object.entries(query).filter(([, value]) => value !== undefined))}`;

  async function call(method, path, query) {
    let response;
    try {
      response = await fetch(address(`/api${path}`, query), { method, headers: { [LINK_HEADER]: link } });
    } catch (error) {
      throw new CallFailed("lost", String(error));
    }
    if (!response.ok) throw failure(response.status, await response.text().catch(() => ""));
    return response;
  }

  const json = async (...args) => (await call(...args)).json();

  /** Send bytes; fetch would not say how many have gone. */
  const put = (path, query, body, onProgress, signal) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("PUT", address(`/api${path}`, query));
      request.setRequestHeader(LINK_HEADER, link);
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.upload.onprogress = ({ loaded }) => onProgress(loaded);
      request.onload = () =>
        request.status < 300 ? resolve() : reject(failure(request.status, request.responseText));
      request.onerror = async () => {
        const isReadable = await body.slice(0, 1).arrayBuffer().then(Boolean, () => false);
        reject(new CallFailed(isReadable ? "lost" : "unreadable", "no connection"));
      };
      request.onabort = () => reject(new CallFailed("stopped", "stopped"));
      signal.addEventListener("abort", () => request.abort(), { once: true });
      request.send(body);
    });

  return {
    place: () => json("GET", "/place"),
    list: (prefix, after) => json("GET", "/list", { prefix, after }),
    /** Return `{picture}`, which is a blob, or `{kind, text, is_cut}`. */
    async preview(path) {
      const response = await call("GET", "/preview", { path });
      const isPicture = response.headers.get("content-type").startsWith("image/");
      return isPicture ? { picture: await response.blob() } : response.json();
    },
    putFile: (path, body, onProgress, signal) => put("/file", { path }, body, onProgress, signal),
    begin: (path, size, upload_id) => json("POST", "/uploads", { path, size, upload_id }),
    putPart: (path, upload_id, number, body, onProgress, signal) =>
      put("/uploads/part", { path, upload_id, number }, body, onProgress, signal),
    complete: (path, upload_id, size) => json("POST", "/uploads/complete", { path, upload_id, size }),
    abort: (path, upload_id) => json("DELETE", "/uploads", { path, upload_id }),

    /** Let the browser save what a form gives it: a script would have to hold all of it. */
    save(what, fields) {
      const form = document.createElement("form");
      Object.assign(form, { method: "post", action: `${ADDRESS}/${what}`, target: "_blank", rel: "noopener" });
      for (const [name, value] of Object.entries({ link, ...fields })) {
        const input = document.createElement("input");
        Object.assign(input, { type: "hidden", name, value });
        form.append(input);
      }
      document.body.append(form);
      form.submit();
      form.remove();
    },
  };
}

function failure(status, text) {
  try {
    const { error, message } = JSON.parse(text);
    return new CallFailed(error, message);
  } catch {
    // A proxy in between, or a server that stops.
    return new CallFailed(status >= 500 || status === 408 || status === 429 ? "again" : "storage", `Status ${status}`);
  }
}
