// The way to the host: JSON-RPC 2.0 over postMessage, as MCP Apps defines it. Nothing else here talks to anybody.

const ANSWER_SECONDS = 60;
const NOTIFICATION = "ui/notifications/";
const VIEW_DATA = "com.qarnot/dashboard";

/** The tool answered that it cannot do this; `message` is its text for people. */
class ToolRefused extends Error {}

/** No answer came, or the host could not pass the call on. */
class ServerLost extends Error {}

/** Whether no answer came. What is neither this nor a refusal is a fault of ours: it is thrown on. */
export function isLost(error) {
  if (error instanceof ToolRefused) return false;
  if (error instanceof ServerLost) return true;
  throw error;
}

/** Connects to the host, which `onNotification(name, params)` hears; `onTeardown()` is called before the view goes. */
export function connectToHost(onNotification, onTeardown) {
  const waiting = new Map();
  let lastId = 0;

  const post = (message) => window.parent.postMessage({ jsonrpc: "2.0", ...message }, "*");

  const request = (method, params) =>
    new Promise((resolve, reject) => {
      const id = ++lastId;
      const timer = setTimeout(() => settle({ id, error: { message: "no answer" } }), ANSWER_SECONDS * 1000);
      waiting.set(id, { resolve, reject, timer });
      post({ id, method, params });
    });

  function settle({ id, result, error }) {
    const { resolve, reject, timer } = waiting.get(id) ?? {};
    if (!waiting.delete(id)) return;
    clearTimeout(timer);
    if (error) reject(new ServerLost(error.message));
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
    } else post({ id, error: { code: -32601, message: "Method not found" } });
  });

  return {
    /** Introduces the view and answers what the host says of itself. */
    async initialize() {
      const answer = await request("ui/initialize", {
        appInfo: { name: "qarnot-tasks", version: "1" },
        appCapabilities: { availableDisplayModes: ["inline", "fullscreen"] },
        protocolVersion: "2026-01-26",
      });
      post({ method: `${NOTIFICATION}initialized`, params: {} });
      return answer;
    },

    /** Calls a tool and answers its structured content. */
    callTool: async (name, args) => structureOf(await request("tools/call", { name, arguments: args })),

    /** Tells the model, with its next turn, what happened here. */
    tellModel: (text, structuredContent) =>
      request("ui/update-model-context", { content: [{ type: "text", text }], structuredContent }),

    setDisplayMode: (mode) => request("ui/request-display-mode", { mode }),

    tellSize: (width, height) => post({ method: `${NOTIFICATION}size-changed`, params: { width, height } }),
  };
}

/** The structured content of a tool's result, with what the server says to this view alone as `viewData`. */
export function structureOf({ content = [], isError, structuredContent, _meta }) {
  if (structuredContent && !isError) return { ...structuredContent, viewData: _meta?.[VIEW_DATA] };
  throw new ToolRefused(content.map(({ text = "" }) => text).join("\n"));
}
