// Watches of clients without `zeroplane connect`: a function of their own follows the log for them, to which they are sent by a redirect.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { KubeConfig, Watch } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../tools/cluster.ts';
import { type Kubectl, kubectlFor, tool } from '../tools/kubectl.ts';
import { abandonWatches } from './abandoned-watches.ts';
import { type AwsCluster, startAwsCluster } from './harness/cluster.ts';

describe('plain watches', { timeout: 240_000 }, () => {
  const configMaps = '/api/v1/namespaces/default/configmaps';
  let cluster: AwsCluster;
  let kubectl: Kubectl;
  let agent: Agent;

  beforeAll(async () => {
    cluster = await startAwsCluster({ streamDelayMs: 200, env: { ZEROPLANE_WATCHES: '80' } });
    kubectl = kubectlFor(cluster.kubeconfig);
    agent = new Agent({ ca: readFileSync(cluster.caFile, 'utf8') });
    await eventually(120, async () => (await kubectl.attempt('get', 'serviceaccount', 'default')).code === 0);
  }, 300_000);
  afterAll(async () => {
    agent?.destroy();
    await cluster?.stop();
  });

  const apply = (object: object) => kubectl.input(JSON.stringify(object), 'apply', '-f', '-');
  const configMap = (name: string, labels = {}) =>
    apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels } });
  const get = (url: string, token: string) =>
    new Promise<{ code: number; location: string; body: string }>((resolve, reject) => {
      request(url, { agent, headers: { authorization: `Bearer ${token}` } }, (answer) => {
        text(answer).then(
          (body) => resolve({ code: answer.statusCode ?? 0, location: answer.headers.location ?? '', body }),
          reject,
        );
      })
        .once('error', reject)
        .end();
    });
  const running = (name: 'read' | 'watch') => cluster.functions[name].invocations - cluster.functions[name].answered;
  const follow = (...args: string[]) => {
    const process = spawn(tool('kubectl'), ['--kubeconfig', cluster.kubeconfig, 'get', ...args]);
    const said = { text: '' };
    process.stdout.on('data', (chunk: Buffer) => {
      said.text += chunk;
    });
    return { said, stop: () => process.kill() };
  };

  it('are followed by kubectl, as objects and as tables, and hold no function that reads', async () => {
    const [names, table] = [follow('configmaps', '--watch-only', '-o', 'name'), follow('configmaps', '--watch')];
    try {
      await eventually(60, async () => running('watch') === 2);
      await configMap('seen');
      await eventually(60, async () => names.said.text.includes('configmap/seen') && /seen +0 /.test(table.said.text));
      await eventually(60, async () => running('read') === 0);
      expect(running('watch')).toBe(2);
    } finally {
      names.stop();
      table.stop();
    }
  });

  it('are followed by @kubernetes/client-node, from what there is on', async () => {
    const config = new KubeConfig();
    config.loadFromFile(cluster.kubeconfig);
    const seen: string[] = [];
    const watch = await new Watch(config).watch(
      configMaps,
      {},
      (type, object: { metadata: { name: string } }) => seen.push(`${type} ${object.metadata.name}`),
      () => undefined,
    );
    try {
      await eventually(60, async () => seen.includes('ADDED seen'));
      await configMap('later');
      await eventually(60, async () => seen.includes('ADDED later'));
      await kubectl('delete', 'configmap', 'later');
      await eventually(60, async () => seen.includes('DELETED later'));
      expect(seen.filter((each) => each.endsWith(' later'))).toEqual(['ADDED later', 'DELETED later']);
    } finally {
      watch.abort();
    }
  });

  it('see what selectors leave: what stops matching is deleted, and what begins to is added', async () => {
    await configMap('chosen', { tier: 'web' });
    const names = follow('configmaps', '-l', 'tier=web', '--watch-only', '--output-watch-events');
    try {
      const watches = running('watch');
      await eventually(60, async () => running('watch') > watches || names.said.text !== '');
      await eventually(60, async () => {
        await kubectl('label', 'configmap', 'chosen', 'tier=db', '--overwrite');
        await kubectl('label', 'configmap', 'chosen', 'tier=web', '--overwrite');
        return /DELETED +chosen [\s\S]*ADDED +chosen /.test(names.said.text);
      });
    } finally {
      names.stop();
    }
  });

  it('are of custom resources, too', async () => {
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    await apply({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'things.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'things', kind: 'Thing' },
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    });
    await kubectl('wait', '--for=condition=Established', 'crd/things.example.com', '--timeout=60s');
    await eventually(60, async () => (await kubectl.attempt('get', 'things')).code === 0);
    const names = follow('things.example.com', '--watch-only', '-o', 'name');
    try {
      await eventually(60, async () => {
        await apply({
          apiVersion: 'example.com/v1',
          kind: 'Thing',
          metadata: { name: 'one' },
          spec: { at: Date.now() },
        });
        return names.said.text.includes('thing.example.com/one');
      });
    } finally {
      names.stop();
    }
  });

  it('are authorized where they come to, and open to nobody else where they are sent', async () => {
    const [admin, other] = [cluster.token('AKIAADMIN'), cluster.token('AKIAOTHER')];
    const url = `${cluster.gateway.url}${configMaps}?watch=true&timeoutSeconds=1`;
    expect((await get(url, other)).code).toBe(403);
    const { code, location } = await get(url, admin);
    expect(code).toBe(307);
    const sent = new URL(location, url).href;
    expect(sent.startsWith(`${cluster.gateway.url}/watch/`)).toBe(true);
    expect(JSON.parse((await get(sent, other)).body)).toMatchObject({ reason: 'Unauthorized' });
    expect(JSON.parse((await get(`${sent}x`, admin)).body)).toMatchObject({ reason: 'Unauthorized' });
    const { body } = await get(sent, admin);
    expect(body).toContain('"type":"ADDED"');
  });

  it('say in the stream that they cannot begin with a state that is not there', async () => {
    const version = 'resourceVersion=999999999&resourceVersionMatch=NotOlderThan';
    const url = `${cluster.gateway.url}${configMaps}?watch=true&sendInitialEvents=true&${version}`;
    const admin = cluster.token('AKIAADMIN');
    const sent = new URL((await get(url, admin)).location, url).href;
    expect(JSON.parse((await get(sent, admin)).body)).toMatchObject({ type: 'ERROR', object: { reason: 'Timeout' } });
  });

  it('that are abandoned keep nobody from writing', async () => {
    const abandoned = await abandonWatches(cluster, 40);
    // A user has a share of all that there may be: the others are told to come later.
    expect(abandoned[307]).toBe(40);
    expect(abandoned[200]).toBeGreaterThan(0);
    expect(abandoned[429]).toBeGreaterThan(0);
    // Some met a function that was at its bound of environments.
    expect(Object.values(abandoned).reduce((sum, each) => sum + each)).toBe(80);
    expect(abandoned[200]).toBeLessThanOrEqual(20);
    const { write } = cluster.functions;
    const before = write.answered;
    for (let i = 0; i < 5; i++) await configMap(`while-abandoned-${i}`);
    expect(write.answered).toBeGreaterThanOrEqual(before + 5);
  });
});
