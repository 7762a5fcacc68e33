// Requests without a pause from several clients, until the standard input ends: `node http-load.ts URL CLIENTS`. Prints one JSON line
// `{answered, failures}`. A failure is any request that is not answered with 200 within 5 s.

import { Agent, get } from 'node:http';

const [url = '', clients = '1'] = process.argv.slice(2);
// Every request opens a connection, as the worst of clients do: each is balanced anew.
const agent = new Agent({ keepAlive: false });
const failures: string[] = [];
let answered = 0;
let done = false;

process.stdin.on('end', () => {
  done = true;
});
process.stdin.resume();
await Promise.all(
  Array.from({ length: Number(clients) }, async () => {
    while (!done) await request();
  }),
);
console.log(JSON.stringify({ answered, failures }));

function request(): Promise<void> {
  return new Promise((resolve) => {
    const failed = (why: string) => {
      failures.push(`${new Date().toISOString()} ${why}`);
      resolve();
    };
    const call = get(url, { agent, timeout: 5000 }, (response) => {
      response.resume();
      response.on('error', (error) => failed(error.message));
      response.on('end', () => {
        if (response.statusCode !== 200) return failed(`HTTP ${response.statusCode}`);
        answered += 1;
        resolve();
      });
    });
    call.on('timeout', () => call.destroy(new Error('no answer within 5 s')));
    call.on('error', (error) => failed(error.message));
  });
}
