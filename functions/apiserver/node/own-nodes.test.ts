// What is read of one node alone is what the index of all nodes says of it, whatever happened, and at the price of that node's things.

import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { DesiredState } from '../../../core/node/protocol.ts';
import { fuzzRuns } from '../../../test/tools/fuzz-runs.ts';
import { createApiServer } from '../handler.ts';
import { heldState } from '../testing/held-state.ts';
import { openGroupedStore } from '../testing/node-modes.ts';
import { openTestApi, type TestApi } from '../testing/open-test-api.ts';
import { groupedTypes } from './grouped-types.ts';

type Api = Pick<TestApi['api'], 'handle' | 'close'>;

let t: TestApi;
let grouped: ReturnType<typeof openGroupedStore>;
/** Over the same store, with the index of all nodes. */
let indexed: Api;

const open = async () => {
  grouped = openGroupedStore();
  await grouped.groups.begin(groupedTypes, 'a', undefined);
  const { store, groups } = grouped;
  t = await openTestApi({ groups }, { openStore: () => store });
  for (const name of ['kube-system', 'a', 'b']) await t.namespace(name);
  const { groups: _, ...options } = t.options;
  indexed = await createApiServer(options);
};
const close = async () => {
  indexed.close();
  await t.close();
};
beforeEach(open);
afterEach(close);

async function desired(api: Api, node: string, cursor = ''): Promise<DesiredState> {
  const path = `/apis/agent.zeroplane.dev/v1/nodes/${node}/desired`;
  const as = { name: `system:node:${node}`, groups: ['system:nodes'] };
  const { status, body } = await t.callAt(api, 'GET', `${path}?cursor=${encodeURIComponent(cursor)}`, { as });
  expect(status).toBe(200);
  return body;
}

const storage = { accessModes: ['ReadWriteOnce'], storageClassName: '' };
const local = (node: string) => ({
  'pv.kubernetes.io/provisioned-by': 'zeroplane.dev/local-path',
  'volume.kubernetes.io/selected-node': node,
});

interface Op {
  readonly kind: 'pod' | 'bind' | 'gone' | 'config' | 'secret' | 'claim' | 'volume' | 'policy' | 'service' | 'fetch';
  readonly at: number;
  readonly node: string;
  readonly namespace: string;
  readonly exists: boolean;
}

let changes = 0;

async function run({ kind, at, node, namespace, exists }: Op) {
  const core = `/api/v1/namespaces/${namespace}`;
  const name = `x${at}`;
  const policies = `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`;
  const make = async (collection: string, body: object) => {
    const path = `${collection}/${name}`;
    if (!exists) return void (await t.remove(`${path}?gracePeriodSeconds=0`));
    const { status } = await t.post(collection, { metadata: { name }, ...body });
    if (status === 409)
      await t.patch(path, 'application/merge-patch+json', { metadata: { annotations: { [`at-${changes++}`]: '' } } });
  };
  const spec = {
    automountServiceAccountToken: false,
    volumes: [{ name: 'v', persistentVolumeClaim: { claimName: name } }],
    containers: [
      { name: 'c', image: 'i', envFrom: [{ configMapRef: { name: `x${(at + 1) % 3}` } }, { secretRef: { name } }] },
    ],
  };
  if (kind === 'pod') await make(`${core}/pods`, { spec: { ...spec, ...(at > 0 && { nodeName: node }) } });
  if (kind === 'bind')
    await t.post(`${core}/pods/${name}/binding`, { metadata: { name }, target: { kind: 'Node', name: node } });
  if (kind === 'gone') await t.remove(`${core}/pods/${name}?gracePeriodSeconds=0`);
  if (kind === 'config') await make(`${core}/configmaps`, {});
  if (kind === 'secret') await make(`${core}/secrets`, {});
  if (kind === 'service') await make(`${core}/services`, { spec: { ports: [{ port: 80 }] } });
  if (kind === 'policy')
    await make(policies, { spec: { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] } });
  if (kind === 'claim')
    await make(`${core}/persistentvolumeclaims`, {
      spec: { ...storage, volumeName: name, resources: { requests: { storage: '1Gi' } } },
    });
  if (kind === 'volume')
    await make('/api/v1/persistentvolumes', {
      metadata: { name, ...(at > 0 && { annotations: local(node) }) },
      spec: {
        ...storage,
        capacity: { storage: '1Gi' },
        claimRef: { namespace, name },
        hostPath: { path: '/data' },
      },
    });
}

const op = fc.record<Op>({
  kind: fc.constantFrom(
    'pod',
    'pod',
    'bind',
    'gone',
    'config',
    'secret',
    'claim',
    'volume',
    'policy',
    'service',
    'fetch',
  ),
  at: fc.nat(2),
  node: fc.constantFrom('n1', 'n2'),
  namespace: fc.constantFrom('a', 'b'),
  exists: fc.constantFrom(true, true, true, false),
});

it('is the same by changes, whole, and by the index of all nodes, whatever happens in between', async () => {
  const told = (state: DesiredState) => {
    const held = heldState();
    held.take(state);
    return held.all();
  };
  await fc.assert(
    fc
      .asyncProperty(fc.array(op, { minLength: 10, maxLength: 40 }), async (ops) => {
        for (const name of ['a', 'b'])
          await t.post(`/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } });
        const nodes = new Map(['n1', 'n2'].map((node) => [node, { held: heldState(), cursor: '' }]));
        const look = async (node: string) => {
          const of = nodes.get(node);
          if (!of) return;
          const state = await desired(t.api, node, of.cursor);
          expect(state.full).toBe(of.cursor === '');
          of.cursor = state.cursor;
          of.held.take(state);
        };
        for (const each of ops) {
          await run(each);
          if (each.kind === 'fetch') await look(each.node);
        }
        for (const [node, { held }] of nodes) {
          await look(node);
          const whole = told(await desired(t.api, node));
          expect(whole).toEqual(told(await desired(indexed, node)));
          expect(held.all()).toEqual(whole);
        }
      })
      .beforeEach(async () => {
        await close();
        await open();
      }),
    { numRuns: fuzzRuns(15) },
  );
});
