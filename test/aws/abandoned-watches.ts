// Clients that open watches and vanish: nobody tells a function that its client left.

import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import type { AwsCluster } from './harness/cluster.ts';

const atATime = 8;

/** How many answers there were of each code: first the redirect, then what stands where it leads. */
export async function abandonWatches(cluster: AwsCluster, count: number): Promise<Readonly<Record<number, number>>> {
  const agent = new Agent({ ca: readFileSync(cluster.caFile, 'utf8') });
  const authorization = `Bearer ${cluster.token('AKIAADMIN')}`;
  const answers: Record<number, number> = {};
  /** Where it is sent to; the client is gone with the head of the answer. */
  const ask = (url: string) =>
    new Promise<string | undefined>((resolve, reject) => {
      const sent = request(url, { agent, headers: { authorization } }, (answer) => {
        const code = answer.statusCode ?? 0;
        answers[code] = (answers[code] ?? 0) + 1;
        const { location } = answer.headers;
        answer.on('error', () => undefined);
        sent.destroy();
        resolve(location && new URL(location, url).href);
      });
      sent.once('error', reject).end();
    });
  let left = count;
  const abandon = async () => {
    while (left > 0) {
      left -= 1;
      const sent = await ask(`${cluster.gateway.url}/api/v1/configmaps?watch=true&resourceVersion=1`);
      if (sent !== undefined) await ask(sent);
    }
  };
  await Promise.all(Array.from({ length: atATime }, abandon));
  agent.destroy();
  return answers;
}
