// Runs a node's network in a process of its own, for tests that put it into a network namespace: options as the argument, one JSON
// command a line on stdin, one JSON answer a line on stdout.

import { createInterface } from 'node:readline';
import type { NetworkOptions, NetworkState } from '../contract.ts';
import { createNetwork } from '../network.ts';

type Command = { start: true } | { apply: NetworkState } | { stop: true } | { teardown: true };

const network = createNetwork({
  ...(JSON.parse(process.argv[2] ?? '') as NetworkOptions), // written by the test
  onError: (error) => console.log(JSON.stringify({ error: String(error) })),
});

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line) as Command;
  try {
    if ('start' in command) await network.start();
    else if ('apply' in command) await network.apply(command.apply);
    else if ('stop' in command) await network.stop();
    else await network.teardown();
    console.log(JSON.stringify({ done: true }));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error) }));
  }
}
