// The official TypeScript SDK of the handshake era. Over HTTP it streams its answers, which is its faster way.
// Usage: PACKAGES=<folder> node typescript.mjs [--http] [--tools N]

import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const packages = createRequire(`${process.env.PACKAGES}/`);
const { McpServer } = packages('@modelcontextprotocol/sdk/server/mcp.js');
const { StdioServerTransport } = packages('@modelcontextprotocol/sdk/server/stdio.js');
const { StreamableHTTPServerTransport } = packages('@modelcontextprotocol/sdk/server/streamableHttp.js');
const { z } = packages('zod');

const given = process.argv.slice(2);
const count = given.includes('--tools') ? Number(given[given.indexOf('--tools') + 1]) : 10;
const config = { description: 'Give a text back as it is.', inputSchema: { text: z.string().describe('What to give back.') } };

function offered() {
  const server = new McpServer({ name: 'typescript', version: '1' });
  for (let number = 0; number < count; number += 1) {
    const name = number ? `echo_${String(number).padStart(4, '0')}` : 'echo';
    server.registerTool(name, config, async ({ text }) => ({ content: [{ type: 'text', text }] }));
  }
  return server;
}

const sessions = new Map();

async function transportOf(request) {
  const known = sessions.get(request.headers['mcp-session-id']);
  if (known) return known;
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => sessions.set(id, transport),
  });
  await offered().connect(transport);
  return transport;
}

if (given.includes('--http')) {
  const server = createServer(async (request, response) => (await transportOf(request)).handleRequest(request, response));
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
} else {
  await offered().connect(new StdioServerTransport());
}
