// The official TypeScript SDK of 2026-07-28, as its documentation serves: one factory, called for each request over HTTP
// and once over stdio.
// Usage: PACKAGES=<folder> node typescript_2.mjs [--http] [--tools N]

import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const packages = createRequire(`${process.env.PACKAGES}/`);
const { McpServer, createMcpHandler } = packages('@modelcontextprotocol/server');
const { serveStdio } = packages('@modelcontextprotocol/server/stdio');
const { toNodeHandler, localhostHostValidation, localhostOriginValidation } = packages('@modelcontextprotocol/node');
const { z } = packages('zod');

const given = process.argv.slice(2);
const count = given.includes('--tools') ? Number(given[given.indexOf('--tools') + 1]) : 10;
const inputSchema = z.object({ text: z.string().describe('What to give back.') });
const config = { description: 'Give a text back as it is.', inputSchema };

function offered() {
  const server = new McpServer({ name: 'typescript', version: '2' });
  for (let number = 0; number < count; number += 1) {
    const name = number ? `echo_${String(number).padStart(4, '0')}` : 'echo';
    server.registerTool(name, config, async ({ text }) => ({ content: [{ type: 'text', text }] }));
  }
  return server;
}

if (given.includes('--http')) {
  const handle = toNodeHandler(createMcpHandler(offered));
  const guards = [localhostHostValidation(), localhostOriginValidation()];
  const server = createServer((request, response) => {
    if (guards.every((allows) => allows(request, response))) handle(request, response);
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
} else {
  serveStdio(offered);
}
