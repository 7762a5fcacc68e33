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
}

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
    answers: (from, url) => eventually(60, async () => (await fetch(from, url)) === 'It works.' || undefined),
    refused: (from, url) => eventually(60, async () => (await fetch(from, url)) === undefined || undefined),
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
