// Clusters of one deployment are nothing to each other: what opens one opens no other, nor their host, and no path leads from one into another.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../tools/cluster.ts';
import { askRaw } from '../tools/hosted-clusters.ts';
import { type Kubectl, kubectlFor, runTool } from '../tools/kubectl.ts';
import { tried } from '../tools/tried.ts';
import { type AwsCluster, startAwsCluster } from './harness/cluster.ts';

const program = join(import.meta.dirname, '../../cli/main.ts');
const secrets = '/api/v1/namespaces/default/secrets';

interface Place {
  readonly name: string;
  readonly path: string;
  readonly kubectl: Kubectl;
  /** Of its administrator. */
  readonly token: string;
}

describe('clusters hosted on AWS', { timeout: 240_000 }, () => {
  let aws: AwsCluster;
  let places: Place[];
  let endpoint: { url: string; caCertificate: string };
  const ask = (path: string, token: string, more: object = {}) =>
    askRaw(endpoint, { path: `/prod${path}`, token, ...more });

  beforeAll(async () => {
    const policy = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'Metadata' }] };
    aws = await startAwsCluster({ env: { ZEROPLANE_AUDIT_POLICY: JSON.stringify(policy) } });
    endpoint = { url: aws.gateway.url, caCertificate: readFileSync(aws.caFile, 'utf8') };
    const host = kubectlFor(aws.kubeconfig);
    await eventually(120, async () => (await host.attempt('get', 'namespaces')).code === 0);
    const hosted = async (name: string): Promise<Place> => {
      const file = join(aws.folder, name);
      const words = ['cluster', 'create', name, '--file', file, '--kubeconfig', aws.kubeconfig];
      const { code, stderr } = await runTool(process.execPath, [program, ...words]);
      expect(code, stderr).toBe(0);
      const kubectl = kubectlFor(file);
      const config = JSON.parse(await kubectl('config', 'view', '--raw', '-o', 'json'));
      return { name, path: `/clusters/${name}`, kubectl, token: config.users[0].user.token };
    };
    places = [
      { name: 'host', path: '', kubectl: host, token: aws.token('AKIAADMIN') },
      await hosted('one'),
      await hosted('two'),
    ];
    for (const { kubectl, name } of places) {
      // Whoever is known by such a name is an administrator everywhere: only what proves the name tells them apart.
      for (const group of ['system:serviceaccounts', 'system:bootstrappers'])
        await kubectl(
          'create',
          'clusterrolebinding',
          group.replace(':', '-'),
          '--clusterrole=cluster-admin',
          `--group=${group}`,
        );
      await kubectl('create', 'secret', 'generic', `of-${name}`);
    }
  }, 300_000);
  afterAll(() => aws?.stop());

  it('are opened by their own credentials, of each kind, and by no others', async () => {
    const credentials: { kind: string; of: string; token: string }[] = [];
    for (const { name, kubectl, token } of places) {
      await eventually(60, async () => (await kubectl.attempt('get', 'serviceaccount', 'default')).code === 0);
      credentials.push({ kind: 'administrator', of: name, token });
      credentials.push({ kind: 'account', of: name, token: (await kubectl('create', 'token', 'default')).trim() });
      const [id, secret] = ['abcdef', `${name}0123456789abcdef`.slice(0, 16)];
      const stringData = { 'token-id': id, 'token-secret': secret, 'usage-bootstrap-authentication': 'true' };
      const object = {
        ...{ apiVersion: 'v1', kind: 'Secret', type: 'bootstrap.kubernetes.io/token', stringData },
        metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
      };
      await kubectl.input(JSON.stringify(object), 'create', '-f', '-');
      credentials.push({ kind: 'join token', of: name, token: `${id}.${secret}` });
    }
    for (const { kind, of, token } of credentials)
      for (const target of places) {
        const { status, text } = await ask(target.path + secrets, token);
        const what = `${kind} of ${of} at ${target.name}: ${status} ${text.slice(0, 200)}`;
        tried('credential of another cluster on AWS', 1);
        if (of !== target.name) expect([401, 403], what).toContain(status);
        else {
          expect(status, what).toBe(200);
          expect(text).toContain(`"of-${target.name}"`);
        }
      }
  });

  it('are reached by no other path than their own', async () => {
    const { token = '' } = places[1] ?? {};
    const paths = [
      `/clusters/one/../two${secrets}`,
      `/clusters/one/%2e%2e/two${secrets}`,
      `/clusters/one/..%2ftwo${secrets}`,
      `/clusters/one%2f..%2ftwo${secrets}`,
      `/clusters/one/../..${secrets}`,
      `/clusters/one/%2e%2e/%2e%2e${secrets}`,
      `/clusters/one/clusters/two${secrets}`,
      `/clusters//two${secrets}`,
      `/clusters/./two${secrets}`,
      `//clusters/two${secrets}`,
      `/clusters/two;a=b${secrets}`,
      `/clusters/t%77o${secrets}`,
      `/clusters/TWO${secrets}`,
      `/clusters/two%00${secrets}`,
      `/clusters/two.${secrets}`,
      `/clusters/one/watch/two${secrets}`,
    ];
    for (const path of paths) {
      const { status, text } = await ask(path, token);
      tried('path out of a cluster on AWS', 1);
      expect([301, 400, 401, 403, 404], `${path}: ${status} ${text.slice(0, 100)}`).toContain(status);
      expect(text, path).not.toMatch(/"of-(?:two|host)"/);
    }
    // What no cluster was found for is in the audit log of the host.
    const uri = `/clusters/TWO${secrets}`;
    const refused = async () =>
      aws.audited.find(({ requestURI, stage }) => requestURI === uri && stage === 'ResponseComplete');
    expect(await eventually(10, refused)).toMatchObject({ verb: 'get', user: {}, responseStatus: { code: 404 } });
  });

  it('are no way to a node of the host, whatever stands in their objects', async () => {
    const [, one] = places;
    if (!one) throw new Error('there is no cluster');
    await one.kubectl.input(
      JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } }),
      ...['create', '-f', '-'],
    );
    await one.kubectl('run', 'p', '--image=x', '--overrides={"spec":{"nodeName":"n1"}}');
    const before = aws.nodeMessages();
    for (const path of ['pods/p/log', 'pods/p/proxy/', 'pods/p/exec?command=true&stdout=true'])
      expect((await ask(`/clusters/one/api/v1/namespaces/default/${path}`, one.token)).status).toBeGreaterThanOrEqual(
        400,
      );
    expect((await ask('/clusters/one/api/v1/nodes/n1/proxy/pods', one.token)).status).toBeGreaterThanOrEqual(400);
    expect(aws.nodeMessages()).toBe(before);
  });

  it('are entered by nobody whom the host does not let', async () => {
    const { status } = await ask('/apis/zeroplane.dev/v1/clusters/one/kubeconfig', aws.token('AKIAOTHER'), {
      method: 'POST',
    });
    expect(status).toBe(403);
    for (const { token, name } of places.slice(1)) {
      const answer = await ask('/apis/zeroplane.dev/v1/clusters/one/kubeconfig', token, { method: 'POST' });
      expect(answer.status, name).toBe(401);
      // A cluster that is hosted hosts none.
      expect((await ask(`/clusters/${name}/apis/zeroplane.dev/v1/clusters`, token)).status).toBe(404);
    }
  });
});
