// LangChain's adapter for MCP (JavaScript): loads the tools and invokes one, as an agent would.

import { MultiServerMCPClient } from "@langchain/mcp-adapters";
import { auth } from "@modelcontextprotocol/sdk/client/auth.js";
import { PersonalProvider } from "./sign_in.mjs";

const { MODE, KEY, SERVER } = process.env;
const server = { transport: "http", url: SERVER };
if (MODE === "oauth") {
  // The adapter takes a provider that is signed in already: in a program the person's part comes before.
  server.authProvider = new PersonalProvider(KEY);
  await auth(server.authProvider, { serverUrl: SERVER });
  await auth(server.authProvider, { serverUrl: SERVER, authorizationCode: server.authProvider.answered.get("code") });
} else server.headers = { Authorization: `Bearer ${KEY}` };

const client = new MultiServerMCPClient({ mcpServers: { qarnot: server } });
const tools = await client.getTools();
const answer = await tools.find(({ name }) => name === "list_profiles").invoke({});
const text = JSON.stringify(answer);
console.log(JSON.stringify({ tools: tools.length, profiles: text.includes("docker-batch") ? ["docker-batch"] : [] }));
process.exit(0);
