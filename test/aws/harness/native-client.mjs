// Loaded into a process of the runtime interface client before it: stands for its native part, which takes a compiler to make. JavaScript, so that nothing is added to the time that a start takes.

import { Agent, request } from 'node:http';
import Module from 'node:module';
import { pathToFileURL } from 'node:url';

const [hostname, port] = (process.env.AWS_LAMBDA_RUNTIME_API ?? '').split(':');
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let sent = Promise.resolve();
const before = process.cpuUsage();
const root = pathToFileURL(process.env.LAMBDA_TASK_ROOT ?? '/').href;
const loaded = [];
let initMs;

Module.registerHooks({
  load(url, context, next) {
    if (initMs === undefined && url.startsWith(root)) loaded.push(url.slice(root.length + 1));
    return next(url, context);
  },
});

function ask(method, path, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, agent, method, path: `/2018-06-01/runtime/invocation/${path}`, headers });
    asked.on('error', reject);
    asked.once('response', (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.once('end', () => resolve({ bodyJson: Buffer.concat(chunks).toString(), headers: response.headers }));
    });
    asked.end(body);
  });
}

const post = (id, what, body) => {
  sent = ask('POST', `${id}/${what}`, body, { 'content-type': 'application/json' });
};

const client = {
  async next() {
    if (initMs === undefined) {
      const { user, system } = process.cpuUsage(before);
      initMs = Math.round((user + system) / 1000);
    }
    // The native client's answers are sent when its calls return.
    await sent;
    return ask('GET', 'next', undefined, { 'x-init-ms': initMs, 'x-loaded': loaded.join() });
  },
  done: (id, body) => post(id, 'response', body),
  error: (id, body) => post(id, 'error', body),
};

Module._extensions['.node'] = (module) => {
  module.exports = client;
};
