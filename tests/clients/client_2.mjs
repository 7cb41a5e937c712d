// The TypeScript client of 2026-07-28, held to that revision.

import { info, packages, target, walk } from './steps.mjs';

const { Client, StreamableHTTPClientTransport } = packages('@modelcontextprotocol/client');
const { StdioClientTransport } = packages('@modelcontextprotocol/client/stdio');

const answers = [];
const client = new Client(info, {
  capabilities: { elicitation: {} },
  versionNegotiation: { mode: { pin: '2026-07-28' } },
});
client.setRequestHandler('elicitation/create', () => answers.shift());
const transport = target.url
  ? new StreamableHTTPClientTransport(new URL(target.url))
  : new StdioClientTransport({ ...target, stderr: 'inherit' });
await client.connect(transport);
const call = (name, args, options) => client.callTool({ name, arguments: args }, options);
await walk(client, call, answers);
