// The TypeScript SDK, version 1 or 2 (SDK), in the era ERA: lists the tools and calls one.

import { PersonalProvider } from "./sign_in.mjs";

const { MODE, KEY, SDK, ERA, SERVER } = process.env;
const [{ Client }, { StreamableHTTPClientTransport }] =
  SDK === "1"
    ? [
        await import("@modelcontextprotocol/sdk/client/index.js"),
        await import("@modelcontextprotocol/sdk/client/streamableHttp.js"),
      ]
    : Array(2).fill(await import("@modelcontextprotocol/client"));

const authProvider = MODE === "oauth" ? new PersonalProvider(KEY) : undefined;
const requestInit = authProvider ? {} : { headers: { Authorization: `Bearer ${KEY}` } };
const options = ERA === "modern" ? { versionNegotiation: { mode: "auto" } } : {};
const client = () => new Client({ name: "typescript", version: "1" }, options);
const transport = () => new StreamableHTTPClientTransport(new URL(SERVER), { authProvider, requestInit });

let [one, way] = [client(), transport()];
try {
  await one.connect(way);
} catch (error) {
  if (!authProvider?.answered) throw error;
  const code = authProvider.answered;
  await way.finishAuth(SDK === "1" ? code.get("code") : code);
  [one, way] = [client(), transport()];
  await one.connect(way);
}
const { tools } = await one.listTools();
const result = await one.callTool({ name: "list_profiles", arguments: {} });
console.log(JSON.stringify({ tools: tools.length, profiles: result.structuredContent.profiles }));
process.exit(0);
