// What an edge takes of a cluster while nothing changes: a look of a follow, and a wish on the channel.

import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { Agent, get } from 'node:https';
import { followHeader, followOn, revisionHeader } from '../../core/edge/follow.ts';
import { ticketHeader, type Wish } from '../../core/edge/ticket.ts';
import type { AwsCluster } from '../../test/aws/harness/cluster.ts';
import { type Count, type Measured, measure, share } from './measure.ts';

const times = 100;

/** Warm, the mean of a hundred each. The cluster has a channel. */
export async function measureEdge(cluster: AwsCluster, count: Count): Promise<{ follow: Measured; wish: Measured }> {
  const agent = new Agent({ keepAlive: true, ca: readFileSync(cluster.caFile) });
  const headers = { authorization: `Bearer ${cluster.token('AKIAADMIN')}`, [followHeader]: followOn };
  const look = (path: string, after: string) =>
    new Promise<IncomingHttpHeaders>((resolve, reject) => {
      const url = `${cluster.gateway.url}${path}?watch=true&resourceVersion=${after}`;
      get(url, { agent, headers }, (answer) => {
        answer.resume();
        answer.once('end', () => resolve(answer.headers));
      }).once('error', reject);
    });
  const opened = await Promise.all(
    ['/api/v1/configmaps', '/api/v1/namespaces', '/apis/apps/v1/deployments'].map((path) => look(path, '0')),
  );
  const wanted: Wish = { tickets: opened.map((each) => String(each[ticketHeader])) };
  const head = String(opened[0]?.[revisionHeader]);
  const follow = await hundred('look of an edge, nothing changed', count, () => look('/api/v1/configmaps', head));
  const requestContext = { routeKey: '$default', connectionId: 'bench' };
  const wish = await hundred('wish of an edge, three types', count, () =>
    cluster.functions.channel.invoke({ requestContext, body: JSON.stringify(wanted) }),
  );
  agent.destroy();
  return { follow, wish };
}

async function hundred(name: string, count: Count, work: () => Promise<unknown>): Promise<Measured> {
  await work();
  const all = await measure(name, count, async () => {
    for (let i = 0; i < times; i++) await work();
  });
  return { name, ...share(all, times) };
}
