// The node n8n-nodes-mcp, run as n8n runs it, with the extra arguments that n8n's agents add to each call.

const { McpClient } = require("n8n-nodes-mcp/dist/nodes/McpClient/McpClient.node.js");

const { KEY, SERVER } = process.env;
const silent = () => {};

// The node throws from an event handler when it hangs up; n8n's process goes on, and so does this one.
process.on("uncaughtException", (error) => {
  if (!error.message.includes("This operation was aborted")) throw error;
});

async function run(parameters) {
  const context = {
    getNode: () => ({ name: "MCP Client", typeVersion: 1 }),
    getNodeParameter: (name, _, fallback) => parameters[name] ?? fallback ?? "",
    getCredentials: async () => ({ httpStreamUrl: SERVER, headers: `Authorization=Bearer ${KEY}` }),
    logger: { debug: silent, info: silent, warn: silent, error: silent },
  };
  const [[{ json }]] = await new McpClient().execute.call(context);
  return json;
}

(async () => {
  const { tools } = await run({ connectionType: "http", operation: "listTools" });
  const toolParameters = { sessionId: "1", action: "sendMessage", chatInput: "hello", toolCallId: "call_1" };
  const { result } = await run({ connectionType: "http", operation: "executeTool", toolName: "list_profiles", toolParameters });
  console.log(JSON.stringify({ tools: tools.length, profiles: result.structuredContent.profiles }));
  process.exit(0);
})();
