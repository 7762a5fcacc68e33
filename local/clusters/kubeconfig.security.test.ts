// The kubeconfig of a hosted cluster makes its holder that cluster's administrator: rights in a namespace of the host are none to it, and
// the host's policies see who asks.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { clusterDefinition } from '../../core/hosted/cluster-definition.ts';
import { notFound } from '../../core/machinery/status.ts';
import { createAudit } from '../../functions/apiserver/audit/audit.ts';
import { readAuditPolicy } from '../../functions/apiserver/audit/policy.ts';
import { type ApiServer, createApiServer } from '../../functions/apiserver/handler.ts';
import { kubeconfigResponder } from '../../functions/apiserver/hosted/kubeconfig-responder.ts';
import { openTestApi, type TestApi } from '../../functions/apiserver/testing/open-test-api.ts';
import { tried } from '../../test/tools/tried.ts';
import type { Clusters } from './clusters.ts';
import type { Hosted } from './hosted.ts';
import { clusterDir } from './made-cluster.ts';
import { storedKubeconfig } from './stored-kubeconfig.ts';

let folder: string;
let t: TestApi;
let api: ApiServer;
let events: string[];
const kim = { name: 'kim' };
const uid = '00000000-0000-4000-8000-000000000001';

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kubeconfig-'));
  mkdirSync(clusterDir(folder, uid), { recursive: true });
  writeFileSync(join(clusterDir(folder, uid), 'admin.kubeconfig'), 'clusters: [{cluster: {server: "https://x"}}]\n');
  const clusters: Clusters = {
    async find(name) {
      if (name !== 'prod') throw notFound({ group: 'zeroplane.dev', resource: 'clusters' }, name);
      return { asked: { name, uid } } as unknown as Hosted;
    },
    use: async () => () => {},
    close: async () => {},
  };
  t = await openTestApi();
  expect((await t.post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', clusterDefinition)).status).toBe(201);
  await t.namespace('a');
  events = [];
  const policy = JSON.stringify({
    ...{ apiVersion: 'audit.k8s.io/v1', kind: 'Policy' },
    rules: [{ level: 'RequestResponse' }],
  });
  api = await createApiServer({
    ...t.options,
    audit: createAudit(await readAuditPolicy(policy), { write: (line) => void events.push(line) }, Date.now),
    responders: [kubeconfigResponder({ registry: t.registry, kubeconfigOf: storedKubeconfig(folder, () => clusters) })],
  });
});
afterEach(async () => {
  api.close();
  await t.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Everything, but in one namespace alone. */
async function ownNamespace(): Promise<void> {
  const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/a';
  const metadata = { name: 'all' };
  const rules = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }];
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'all' };
  const subjects = [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'kim' }];
  expect((await t.post(`${rbac}/roles`, { metadata, rules })).status).toBe(201);
  expect((await t.post(`${rbac}/rolebindings`, { metadata, roleRef, subjects })).status).toBe(201);
}

async function ask(path: string, as?: typeof kim): Promise<{ status: number; text: string }> {
  const { status, body } = await api.handle(t.request('POST', path, as && { as }));
  return { status, text: Buffer.from(body instanceof Uint8Array ? body : []).toString() };
}

it('is given to nobody who may do everything in a namespace, whatever the version and the path', async () => {
  await ownNamespace();
  for (const version of ['v1', 'v2', 'v1alpha1', '__proto__'])
    for (const end of ['', '/', '/more', '%2Fmore'])
      for (const place of ['namespaces/a/', 'namespaces/b/', '']) {
        const path = `/apis/zeroplane.dev/${version}/${place}clusters/prod/kubeconfig${end}`;
        const { status, text } = await ask(path, kim);
        expect([403, 404], path).toContain(status);
        expect(text, path).not.toContain('https://x');
        tried('kubeconfig of a hosted cluster', 1);
      }
  expect((await ask('/apis/zeroplane.dev/v1/clusters/prod/kubeconfig')).status).toBe(201);
  expect((await ask('/apis/zeroplane.dev/v2/clusters/prod/kubeconfig')).status).toBe(404);
  expect((await ask('/apis/zeroplane.dev/v1/clusters/prod/kubeconfig/more')).status).toBe(404);
});

it('is a connection that policies of the host may refuse', async () => {
  const metadata = { name: 'no-kubeconfigs' };
  const spec = {
    matchConstraints: {
      resourceRules: [
        {
          apiGroups: ['zeroplane.dev'],
          apiVersions: ['*'],
          operations: ['CONNECT'],
          resources: ['clusters/kubeconfig'],
        },
      ],
    },
    validations: [{ expression: "request.name != 'prod'", message: 'not of this one' }],
  };
  const policies = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic';
  expect((await t.post(`${policies}ies`, { metadata, spec })).status).toBe(201);
  const binding = { metadata, spec: { policyName: 'no-kubeconfigs', validationActions: ['Deny'] } };
  expect((await t.post(`${policies}ybindings`, binding)).status).toBe(201);
  const { status, text } = await ask('/apis/zeroplane.dev/v1/clusters/prod/kubeconfig');
  expect(text).toContain('not of this one');
  expect(status).toBe(422);
});

it('is in no audit log, whatever the policy wants to see of answers', async () => {
  expect((await ask('/apis/zeroplane.dev/v1/clusters/prod/kubeconfig')).status).toBe(201);
  expect(events.at(-1)).toContain('"stage":"ResponseComplete"');
  expect(events.at(-1)).toContain('"subresource":"kubeconfig"');
  expect(events.join('')).not.toContain('https://x');
});
