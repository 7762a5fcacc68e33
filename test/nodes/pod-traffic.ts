// Who reaches whom, as the tests of nodes ask it: by wget in a pod.

import { eventually, type TestCluster } from '../tools/cluster.ts';

export interface PlacedPod {
  readonly name: string;
  readonly node: string;
  readonly ip: string;
}

export interface PodTraffic {
  podsOf(app: string): Promise<PlacedPod[]>;
  /** What a pod is answered within 3 s, or nothing. */
  fetch(from: string, url: string): Promise<string | undefined>;
  /** Until the pages of the tests' web server come. */
  answers(from: string, url: string): Promise<true>;
  /** Until nothing comes. */
  refused(from: string, url: string): Promise<true>;
  /** Until much more than fits in a packet has come from one pod to an address of another, whole. */
  carries(from: string, to: string, address: string): Promise<true>;
}

/** Seconds: on a busy machine each question takes some, before anything is asked. */
const patience = 180;

export function podTraffic(cluster: TestCluster): PodTraffic {
  const fetch: PodTraffic['fetch'] = async (from, url) =>
    (await cluster.attempt('exec', from, '--', 'timeout', '3', 'wget', '-q', '-O', '-', url)).stdout.trim() ||
    undefined;
  return {
    fetch,
    async podsOf(app) {
      const { items } = await cluster.read('pods', '-l', `app=${app}`);
      return items.map(
        (each: { metadata: { name: string }; spec: { nodeName: string }; status: { podIP: string } }) => ({
          name: each.metadata.name,
          node: each.spec.nodeName,
          ip: each.status.podIP,
        }),
      );
    },
    answers: (from, url) => eventually(patience, async () => (await fetch(from, url)) === 'It works.' || undefined),
    carries(from, to, address) {
      const bytes = '3000000';
      let port = 9000;
      return eventually(2 * patience, async () => {
        // Whoever listens takes one connection: where that broke, the next one finds nobody there.
        port += 1;
        const receive = `sleep 40 | timeout 60 nc -l -p ${port} | wc -c`;
        const received = cluster.attempt('exec', to, '--', 'sh', '-c', receive);
        const send = ['timeout', '30', 'sh', '-c', `head -c ${bytes} /dev/zero | nc ${address} ${port}`];
        await eventually(30, async () => (await cluster.attempt('exec', from, '--', ...send)).code === 0).catch(
          () => undefined,
        );
        return (await received).stdout.trim() === bytes || undefined;
      });
    },
    refused: (from, url) => eventually(patience, async () => (await fetch(from, url)) === undefined || undefined),
  };
}

export function daemonSet(name: string, containers: readonly object[]) {
  const labels = { app: name };
  const spec = { terminationGracePeriodSeconds: 1, containers };
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  };
}
