// The cluster of cluster.ts as a process, for tests that run it in a network namespace: prints where it is as one line of JSON, and
// ends with its standard input. Lines on the standard input are orders: `kill NAME` ends the environments of a function.

import { createInterface } from 'node:readline';
import { type FunctionName, startAwsCluster } from './cluster.ts';

const cluster = await startAwsCluster({ streamDelayMs: 200 });
const { kubeconfig, caFile, gateway } = cluster;
process.stdout.write(`${JSON.stringify({ kubeconfig, caFile, url: gateway.url })}\n`);
const input = createInterface({ input: process.stdin });
input.on('line', (line) => {
  const [order, name] = line.split(' ');
  // Names come from the tests beside this file.
  if (order === 'kill') void cluster.functions[name as FunctionName].kill();
});
input.once('close', () => void cluster.stop().then(() => process.exit(0)));
