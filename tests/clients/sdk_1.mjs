// The TypeScript SDK of the handshake era.

import { info, packages, target, walk } from './steps.mjs';

const { Client } = packages('@modelcontextprotocol/sdk/client/index.js');
const { StdioClientTransport } = packages('@modelcontextprotocol/sdk/client/stdio.js');
const { StreamableHTTPClientTransport } = packages('@modelcontextprotocol/sdk/client/streamableHttp.js');
const { ElicitRequestSchema } = packages('@modelcontextprotocol/sdk/types.js');

const answers = [];
const client = new Client(info, { capabilities: { elicitation: {} } });
client.setRequestHandler(ElicitRequestSchema, () => answers.shift());
const transport = target.url
  ? new StreamableHTTPClientTransport(new URL(target.url))
  : new StdioClientTransport({ ...target, stderr: 'inherit' });
await client.connect(transport);
const call = (name, args, options) => client.callTool({ name, arguments: args }, undefined, options);
await walk(client, call, answers);
