// The cluster of cluster.ts as a process, for tests that run it in a network namespace: prints where it is as one line of JSON, and
// ends with its standard input. Its argument: options of cluster.ts, as JSON. Lines on the standard input are orders: `kill NAME` ends
// the environments of a function; `count` prints what was used so far as a line of JSON; `faults JSON` makes the channel's messages go
// wrong, `drop` ends its connections.

import { createInterface } from 'node:readline';
import type { FunctionName } from '../../../infra/function-rows.ts';
import { startAwsCluster } from './cluster.ts';
import { counted } from './counts.ts';

const [options = '{"streamDelayMs":200}'] = process.argv.slice(2);
const cluster = await startAwsCluster(JSON.parse(options));
const { kubeconfig, caFile, gateway } = cluster;
process.stdout.write(`${JSON.stringify({ kubeconfig, caFile, url: gateway.url })}\n`);
const input = createInterface({ input: process.stdin });
input.on('line', (line) => {
  const [order = '', name] = line.split(' ');
  // Names come from the tests beside this file.
  if (order === 'count') process.stdout.write(`${JSON.stringify(counted(cluster))}\n`);
  if (order === 'faults' && cluster.channel) cluster.channel.faults = JSON.parse(line.slice(order.length)) ?? undefined;
  if (order === 'drop') cluster.channel?.drop();
  if (order === 'kill') void cluster.functions[name as FunctionName].kill();
});
input.once('close', () => void cluster.stop().then(() => process.exit(0)));
