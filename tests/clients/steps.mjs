// What every client does with the server. Each step's findings are printed as one JSON object at the end.
// Usage of a client: node <client>.mjs '{"url": …}' or '{"command": …, "args": …, "env": …, "cwd": …}'

import { createRequire } from 'node:module';

/** Packages are installed beside no script, so they are looked up where the environment says. */
export const packages = createRequire(`${process.env.PACKAGES}/`);

export const target = JSON.parse(process.argv[2]);

export const info = { name: 'toolyard-check', version: '1.0.0' };

/** `call(name, arguments, options)` resolves to a tool's result; `answers` holds what the user says to each ask. */
export async function walk(client, call, answers) {
  const found = {};
  found.tools = (await client.listTools()).tools.map((tool) => tool.name);
  found.sum = textOf(await call('add', { a: 2, b: 3 }));

  found.progress = [];
  const hear = ({ progress, total }) => {
    found.progress.push([progress, total]);
    void call('heard', {}); // a report that arrives together with the answer is dropped by these clients
  };
  found.counted = textOf(await call('count', {}, { onprogress: hear }));

  answers.push({ action: 'accept', content: { approve: true } });
  found.approved = await call('erase', { name: 'a' });
  answers.push({ action: 'decline' });
  found.declined = await call('erase', { name: 'b' });

  const stop = new AbortController();
  const waiting = call('wait', {}, { signal: stop.signal, onprogress: () => stop.abort('enough') });
  found.cancelled = await waiting.then(() => 'answered', () => 'cancelled');
  found.stopped = textOf(await call('stopped', {}));

  await client.close();
  console.log(JSON.stringify(found));
}

function textOf(result) {
  return result.content.map((block) => block.text).join('\n');
}
