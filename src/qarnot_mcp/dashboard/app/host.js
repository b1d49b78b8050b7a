// The connection to the host: JSON-RPC 2.0 over postMessage, as MCP Apps defines it. The view's only way out.

const RESPONSE_SECONDS = 60;
const NOTIFICATION = "ui/notifications/";
const VIEW_DATA = "com.qarnot/dashboard";
const METHOD_NOT_FOUND = -32601;

/** The tool refused the call; `message` is its text for people. */
class ToolError extends Error {}

/** No response came, or the host could not pass the call on. */
class ConnectionLost extends Error {}

/** Tell whether no response came. An error that is neither this nor a refusal is a defect: it is thrown again. */
export function isLost(error) {
  if (error instanceof ToolError) return false;
  if (error instanceof ConnectionLost) return true;
  throw error;
}

/**
 * Connect to the host. `onNotification(name, params)` receives what it says, the name without its prefix;
 * `onTeardown()` is called before the view is removed.
 */
export function connectToHost(onNotification, onTeardown) {
  const pending = new Map();
  let lastId = 0;

  const post = (message) => window.parent.postMessage({ jsonrpc: "2.0", ...message }, "*");

  const request = (method, params) =>
    new Promise((resolve, reject) => {
      const id = ++lastId;
      const timer = setTimeout(() => settle({ id, error: { message: "no response" } }), RESPONSE_SECONDS * 1000);
      pending.set(id, { resolve, reject, timer });
      post({ id, method, params });
    });

  function settle({ id, result, error }) {
    const { resolve, reject, timer } = pending.get(id) ?? {};
    if (!pending.delete(id)) return;
    clearTimeout(timer);
    if (error) reject(new ConnectionLost(error.message));
    else resolve(result);
  }

  window.addEventListener("message", ({ source, data }) => {
    if (source !== window.parent || data?.jsonrpc !== "2.0") return;
    const { id, method, params = {} } = data;
    if (method === undefined) settle(data);
    else if (id === undefined) onNotification(method.replace(NOTIFICATION, ""), params);
    else if (method === "ping" || method === "ui/resource-teardown") {
      if (method !== "ping") onTeardown();
      post({ id, result: {} });
    } else post({ id, error: { code: METHOD_NOT_FOUND, message: "Method not found" } });
  });

  return {
    /** Introduce the view and return what the host says of itself. */
    async initialize() {
      const result = await request("ui/initialize", {
        appInfo: { name: "qarnot-tasks", version: "1" },
        appCapabilities: { availableDisplayModes: ["inline", "fullscreen"] },
        protocolVersion: "2026-01-26",
      });
      post({ method: `${NOTIFICATION}initialized`, params: {} });
      return result;
    },

    /** Call a tool and return what `contentOf` reads of its result. */
    callTool: async (name, args) => contentOf(await request("tools/call", { name, arguments: args })),

    /** Tell the model, with its next turn, what happened here. */
    updateModelContext: (text, structuredContent) =>
      request("ui/update-model-context", { content: [{ type: "text", text }], structuredContent }),

    openLink: (url) => request("ui/open-link", { url }),

    requestDisplayMode: (mode) => request("ui/request-display-mode", { mode }),

    reportSize: (width, height) => post({ method: `${NOTIFICATION}size-changed`, params: { width, height } }),
  };
}

/**
 * Return the structured content of a tool's result, in `viewData` what the server sends to this view only (a host
 * may leave that out), and in `picture` the address of one. Throws where the tool refused.
 */
export function contentOf({ content = [], isError, structuredContent, _meta }) {
  if (structuredContent && !isError) {
    const image = content.find(({ type }) => type === "image");
    const picture = image && `data:${image.mimeType};base64,${image.data}`;
    return { ...structuredContent, ...(picture && { picture }), viewData: _meta?.[VIEW_DATA] };
  }
  throw new ToolError(content.map(({ text = "" }) => text).join("\n"));
}
