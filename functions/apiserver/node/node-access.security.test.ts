// What a node may read and write: each verb on each resource that discovery names, of its own objects and of another node's, against a
// table that was written by hand from Kubernetes' rules for nodes.

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DesiredState, NodeResource } from '../../../core/node/protocol.ts';
import { fuzzRuns } from '../../../test/tools/fuzz-runs.ts';
import { tried } from '../../../test/tools/tried.ts';
import { heldState } from '../testing/held-state.ts';
import { nodeModes } from '../testing/node-modes.ts';
import type { TestApi } from '../testing/open-test-api.ts';

let t: TestApi;
const agent = (node: string) => ({ as: { name: `system:node:${node}`, groups: ['system:nodes'] } });
const n1 = agent('n1');
const agentPath = (node: string) => `/apis/agent.zeroplane.dev/v1/nodes/${node}`;

async function make(path: string, body: object, options = {}) {
  const made = await t.post(path, body, options);
  expect(made.status, `${path}: ${made.text.slice(0, 500)}`).toBe(201);
  return made.body;
}

/** A pod on a node, and one object of each kind that it names, all called alike. */
async function makePod(name: string, node: string, namespace = 'default') {
  const core = `/api/v1/namespaces/${namespace}`;
  await make(`${core}/serviceaccounts`, { metadata: { name } });
  await make(`${core}/secrets`, { metadata: { name } });
  await make(`${core}/secrets`, { metadata: { name: `volume-${name}` } });
  await make(`${core}/configmaps`, { metadata: { name } });
  const storage = { accessModes: ['ReadWriteOnce'], storageClassName: '' };
  await make('/api/v1/persistentvolumes', {
    metadata: { name },
    spec: {
      ...storage,
      capacity: { storage: '1Gi' },
      claimRef: { namespace, name },
      csi: { driver: 'd', volumeHandle: name, nodePublishSecretRef: { namespace, name: `volume-${name}` } },
    },
  });
  await make(`${core}/persistentvolumeclaims`, {
    metadata: { name },
    spec: { ...storage, volumeName: name, resources: { requests: { storage: '1Gi' } } },
  });
  return make(`${core}/pods`, {
    metadata: { name },
    spec: {
      nodeName: node,
      serviceAccountName: name,
      resourceClaims: [{ name: 'x', resourceClaimName: name }],
      volumes: [{ name: 'claimed', persistentVolumeClaim: { claimName: name } }],
      containers: [{ name: 'c', image: 'i', envFrom: [{ secretRef: { name } }, { configMapRef: { name } }] }],
    },
  });
}

describe.each(nodeModes)('%s', (_, openApi) => {
  beforeEach(async () => {
    t = await openApi();
    for (const name of ['default', 'other', 'kube-system', 'kube-node-lease']) await t.namespace(name);
    for (const [name, node] of [
      ['mine', 'n1'],
      ['theirs', 'n2'],
    ] as const) {
      const annotations = { secret: node };
      await make('/api/v1/nodes', { metadata: { name: node, annotations, labels: { of: node } } });
      await makePod(name, node);
      await make('/apis/storage.k8s.io/v1/volumeattachments', {
        metadata: { name },
        spec: { attacher: 'd', nodeName: node, source: { persistentVolumeName: name } },
      });
      await make('/apis/resource.k8s.io/v1/resourceslices', {
        metadata: { name },
        spec: { driver: 'd.example.com', nodeName: node, pool: { name, generation: 1, resourceSliceCount: 1 } },
      });
    }
  });
  afterEach(() => t.close());

  type Whose = 'own' | 'all';
  const reading = ['get', 'list', 'watch'];
  /** Group and resource: of the objects of its own pods and itself, or of all. */
  const rights: Readonly<Record<string, readonly [Whose, readonly string[]][]>> = {
    '/services': [['all', reading]],
    '/events': [['all', ['create', 'update', 'patch']]],
    'node.k8s.io/runtimeclasses': [['all', reading]],
    'storage.k8s.io/csidrivers': [['all', reading]],
    'authentication.k8s.io/tokenreviews': [['all', ['create']]],
    'authorization.k8s.io/subjectaccessreviews': [['all', ['create']]],
    'authorization.k8s.io/localsubjectaccessreviews': [['all', ['create']]],
    'certificates.k8s.io/certificatesigningrequests': [['all', ['create', ...reading]]],
    '/configmaps': [['own', reading]],
    '/secrets': [['own', reading]],
    '/persistentvolumeclaims': [['own', ['get']]],
    '/persistentvolumeclaims/status': [['own', ['update', 'patch']]],
    '/persistentvolumes': [['own', ['get']]],
    'resource.k8s.io/resourceclaims': [['own', ['get']]],
    'resource.k8s.io/resourceslices': [
      ['all', ['create']],
      ['own', ['get', 'update', 'patch', 'delete']],
    ],
    'storage.k8s.io/volumeattachments': [['own', ['get']]],
    '/pods': [
      ['all', ['create']],
      ['own', [...reading, 'delete']],
    ],
    '/pods/status': [['own', ['update', 'patch']]],
    '/pods/eviction': [['own', ['create']]],
    '/nodes': [
      ['all', ['create']],
      ['own', [...reading, 'update', 'patch']],
    ],
    '/nodes/status': [['own', ['update', 'patch']]],
    'coordination.k8s.io/leases': [
      ['all', ['create']],
      ['own', ['get', 'update', 'patch', 'delete']],
    ],
    'storage.k8s.io/csinodes': [
      ['all', ['create']],
      ['own', ['get', 'update', 'patch', 'delete']],
    ],
    '/serviceaccounts': [['own', ['get']]],
    '/serviceaccounts/token': [['own', ['create']]],
  };

  const verbs = [
    ...reading,
    'create',
    'update',
    'patch',
    'delete',
    'deletecollection',
    'impersonate',
    'bind',
    'escalate',
    '*',
  ];
  /** Their objects are called as the node. */
  const namedForNodes = new Set(['/nodes', '/nodes/status', 'coordination.k8s.io/leases', 'storage.k8s.io/csinodes']);

  describe('a node', () => {
    it('may do what Kubernetes lets nodes do, with each resource, and nothing else', async () => {
      const may = async (resourceAttributes: object) => {
        const spec = { user: 'system:node:n1', groups: ['system:nodes'], resourceAttributes };
        return (await t.post('/apis/authorization.k8s.io/v1/subjectaccessreviews', { spec })).body.status.allowed;
      };
      const wrong: string[] = [];
      for (const { group, resource, namespaced, subresources } of t.definitions.all())
        for (const subresource of ['', ...subresources.map(({ name }) => name), 'proxy', 'made-up']) {
          const id = `${group}/${resource}${subresource && `/${subresource}`}`;
          const names = namedForNodes.has(id) ? ['n1', 'n2', ''] : ['mine', 'theirs', ''];
          const namespace = resource === 'leases' ? 'kube-node-lease' : 'default';
          for (const name of names)
            for (const verb of verbs) {
              const expected = (rights[id] ?? []).some(
                ([whose, its]) => its.includes(verb) && (whose === 'all' || name === names[0]),
              );
              const attributes = { verb, group, resource, subresource, name, ...(namespaced && { namespace }) };
              if ((await may(attributes)) !== expected) wrong.push(`${verb} ${id} ${name}: must be ${expected}`);
              tried("cells of a node's access");
              if (!namespaced || name === '') continue;
              // The same names elsewhere are nobody's of this node.
              const elsewhere = (rights[id] ?? []).some(([whose, its]) => its.includes(verb) && whose === 'all');
              const there = await may({ ...attributes, namespace: 'other' });
              if (there !== (elsewhere && resource !== 'leases')) wrong.push(`${verb} ${id} other/${name}`);
              tried("cells of a node's access");
            }
        }
      expect(wrong).toEqual([]);
    }, 240_000);

    it('reads the Secrets of its own volumes, and no volume that a claim only names', async () => {
      const get = async (path: string) => (await t.get(path, n1)).status;
      expect(await get('/api/v1/namespaces/default/secrets/volume-mine')).toBe(200);
      expect(await get('/api/v1/namespaces/default/secrets/volume-theirs')).toBe(403);
      const spec = {
        accessModes: ['ReadWriteOnce'],
        storageClassName: '',
        volumeName: 'theirs',
        resources: { requests: { storage: '1Gi' } },
      };
      await make('/api/v1/namespaces/default/persistentvolumeclaims', { metadata: { name: 'thief' }, spec });
      const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'thief' } }];
      const containers = [{ name: 'c', image: 'i' }];
      await make('/api/v1/namespaces/default/pods', {
        metadata: { name: 'thief' },
        spec: { nodeName: 'n1', serviceAccountName: 'mine', volumes, containers },
      });
      expect(await get('/api/v1/namespaces/default/persistentvolumeclaims/thief')).toBe(200);
      expect(await get('/api/v1/persistentvolumes/theirs')).toBe(403);
      expect(await get('/api/v1/namespaces/default/secrets/volume-theirs')).toBe(403);
    });

    it('lists by its own name alone', async () => {
      const lists = [
        ['/api/v1/pods', 'spec.nodeName'],
        ['/apis/resource.k8s.io/v1/resourceslices', 'spec.nodeName'],
      ] as const;
      for (const [path, field] of lists) {
        const list = (selector: string) => t.get(`${path}?fieldSelector=${encodeURIComponent(selector)}`, n1);
        const own = await list(`${field}=n1`);
        expect(own.body.items.map((each: { metadata: { name: string } }) => each.metadata.name)).toEqual(['mine']);
        for (const selector of ['', `${field}=n2`, `${field}!=n1`, `${field}!=`, 'metadata.name!=x']) {
          expect((await list(selector)).status, selector).toBe(403);
          tried("lists of other nodes' objects");
        }
        // Both must hold: nothing matches.
        expect((await list(`${field}=n1,${field}=n2`)).body.items).toEqual([]);
      }
    });

    it('changes no pod but the status of its own, and evicts its own', async () => {
      const pods = '/api/v1/namespaces/default/pods';
      const { body } = await t.get(`${pods}/mine`);
      const attempts: Promise<{ status: number }>[] = [
        t.put(`${pods}/mine`, body, n1),
        t.patch(`${pods}/mine`, 'application/merge-patch+json', { metadata: { labels: { a: 'b' } } }, n1),
        t.patch(`${pods}/mine/status`, 'application/merge-patch+json', { metadata: { labels: { a: 'b' } } }, n1),
        t.patch(`${pods}/theirs/status`, 'application/merge-patch+json', { status: { phase: 'Failed' } }, n1),
        t.post(`${pods}/mine/binding`, { target: { name: 'n1' } }, n1),
        t.patch(`${pods}/mine/ephemeralcontainers`, 'application/merge-patch+json', {}, n1),
        t.remove(`${pods}/theirs`, n1),
        t.post(`${pods}/theirs/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction' }, n1),
        t.remove(pods, n1),
      ];
      for (const { status } of await Promise.all(attempts)) expect(status).toBe(403);
      tried("writes of other nodes' pods", attempts.length);
      // Through /status neither spec nor owners change.
      const spec = { ...body.spec, nodeName: 'n2', containers: [{ name: 'c', image: 'other' }] };
      const metadata = {
        ...body.metadata,
        ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'u' }],
      };
      await t.put(`${pods}/mine/status`, { ...body, metadata, spec, status: { ...body.status, phase: 'Running' } }, n1);
      const after = (await t.get(`${pods}/mine`)).body;
      expect(after.spec).toEqual(body.spec);
      expect(after.metadata.ownerReferences).toBeUndefined();
      expect((await t.post(`${pods}/mine/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction' }, n1)).status).toBe(
        201,
      );
    });

    it('makes pictures of static pods that open nothing to it', async () => {
      const { uid } = (await t.get('/api/v1/nodes/n1')).body.metadata;
      const owner = { apiVersion: 'v1', kind: 'Node', name: 'n1', uid, controller: true };
      const annotations = { 'kubernetes.io/config.mirror': 'x' };
      const containers = [{ name: 'c', image: 'i' }];
      const metadata = { name: 'static', annotations, ownerReferences: [owner] };
      const spec = { nodeName: 'n1', containers };
      const post = async (change: { metadata?: object; spec?: object }) =>
        t.post(
          '/api/v1/namespaces/default/pods',
          { metadata: { ...metadata, ...change.metadata }, spec: { ...spec, ...change.spec } },
          n1,
        );
      const env = [{ name: 'x', valueFrom: { secretKeyRef: { name: 'theirs', key: 'k' } } }];
      const refused = [
        { metadata: { annotations: {} } },
        { metadata: { ownerReferences: [] } },
        { metadata: { ownerReferences: [owner, { ...owner, uid: 'u' }] } },
        { metadata: { ownerReferences: [{ ...owner, uid: 'of-another' }] } },
        { metadata: { ownerReferences: [{ ...owner, controller: false }] } },
        { metadata: { ownerReferences: [{ ...owner, blockOwnerDeletion: true }] } },
        { metadata: { ownerReferences: [{ ...owner, name: 'n2' }] } },
        { spec: { nodeName: 'n2' } },
        { spec: { nodeName: '' } },
        { spec: { serviceAccountName: 'theirs' } },
        { spec: { imagePullSecrets: [{ name: 'theirs' }] } },
        { spec: { volumes: [{ name: 'v', secret: { secretName: 'theirs' } }] } },
        { spec: { volumes: [{ name: 'v', configMap: { name: 'theirs' } }] } },
        { spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'theirs' } }] } },
        { spec: { volumes: [{ name: 'v', projected: { sources: [{ secret: { name: 'theirs' } }] } }] } },
        { spec: { volumes: [{ name: 'v', csi: { driver: 'd', nodePublishSecretRef: { name: 'theirs' } } }] } },
        { spec: { resourceClaims: [{ name: 'x', resourceClaimName: 'theirs' }] } },
        { spec: { containers: [{ ...containers[0], env }] } },
        { spec: { containers: [{ ...containers[0], envFrom: [{ configMapRef: { name: 'theirs' } }] }] } },
        { spec: { initContainers: [{ name: 'init', image: 'i', envFrom: [{ secretRef: { name: 'theirs' } }] }] } },
      ];
      for (const change of refused) {
        const answer = await post(change);
        expect([403, 422], `${JSON.stringify(change)}: ${answer.text.slice(0, 300)}`).toContain(answer.status);
        tried('mirror pods of a hostile node');
      }
      expect((await post({})).status).toBe(201);
      expect((await t.get('/api/v1/namespaces/default/serviceaccounts/default', n1)).status).toBe(403);
    });

    it('writes no object of another node', async () => {
      const slice = (nodeName: string | undefined) => ({
        metadata: { name: `s-${nodeName}` },
        spec: {
          driver: 'd.example.com',
          ...(nodeName === undefined ? { allNodes: true } : { nodeName }),
          pool: { name: 'p', generation: 1, resourceSliceCount: 1 },
        },
      });
      const slices = '/apis/resource.k8s.io/v1/resourceslices';
      const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
      const refused: Promise<{ status: number }>[] = [
        t.post(slices, slice('n2'), n1),
        t.post(slices, slice(undefined), n1),
        t.remove(`${slices}/theirs`, n1),
        t.remove(`${slices}?fieldSelector=spec.nodeName%3Dn2`, n1),
        t.post('/api/v1/nodes', { metadata: { name: 'n3' } }, n1),
        t.post('/apis/storage.k8s.io/v1/csinodes', { metadata: { name: 'n2' }, spec: { drivers: [] } }, n1),
        t.post(leases, { metadata: { name: 'n2' }, spec: { holderIdentity: 'n1' } }, n1),
        t.post(leases.replace('kube-node-lease', 'kube-system'), { metadata: { name: 'n1' } }, n1),
        t.remove('/api/v1/nodes/n1', n1),
      ];
      for (const { status } of await Promise.all(refused)) expect(status).toBe(403);
      tried("writes of other nodes' objects", refused.length);
      expect((await t.post(slices, slice('n1'), n1)).status).toBe(201);
      expect((await t.post(leases, { metadata: { name: 'n1' }, spec: { holderIdentity: 'n1' } }, n1)).status).toBe(201);
    });

    it('grows its claims, and changes nothing else of them', async () => {
      const path = '/api/v1/namespaces/default/persistentvolumeclaims';
      const patch = async (name: string, change: object) =>
        (await t.patch(`${path}/${name}/status`, 'application/merge-patch+json', change, n1)).status;
      expect(await patch('mine', { status: { capacity: { storage: '1Gi' } } })).toBe(200);
      for (const change of [
        { status: { phase: 'Lost' } },
        { metadata: { labels: { a: 'b' } } },
        { metadata: { annotations: { a: 'b' } } },
      ])
        expect(await patch('mine', change), JSON.stringify(change)).toBe(403);
      expect(await patch('theirs', { status: { capacity: { storage: '9Gi' } } })).toBe(403);
      tried("writes of a node's claims", 5);
    });
  });

  describe('what a node is told', () => {
    const desired = async (cursor = '') => {
      const answer = await t.get(`${agentPath('n1')}/desired?cursor=${encodeURIComponent(cursor)}`, n1);
      expect(answer.status).toBe(200);
      // as: the answer's kind.
      return answer.body as DesiredState;
    };
    const names = (state: DesiredState, resource: NodeResource) =>
      state.resources[resource]?.put.map(({ metadata: { namespace, name } }) =>
        namespace ? `${namespace}/${name}` : name,
      );
    const policies = 'networking.k8s.io/networkpolicies';
    const policy = (namespace: string, name: string) =>
      make(`/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`, {
        metadata: { name, annotations: { secret: name } },
        spec: { podSelector: {} },
      });

    it('is its own pods, what they name, and of others what it routes by', async () => {
      await policy('default', 'd');
      await policy('other', 'o');
      await make('/api/v1/namespaces/other/services', {
        metadata: { name: 's', annotations: { secret: 's' } },
        spec: { ports: [{ port: 80 }] },
      });
      const state = await desired();
      for (const resource of ['pods', 'secrets', 'configmaps', 'persistentvolumeclaims'] as const)
        expect(names(state, resource), resource).toEqual(['default/mine']);
      expect(names(state, 'persistentvolumes')).toEqual(['mine']);
      expect(names(state, 'namespaces')).toEqual(['default']);
      expect(names(state, policies)).toEqual(['default/d']);
      expect(names(state, 'nodes')).toEqual(['n1', 'n2']);
      const [own, other] = state.resources.nodes?.put ?? [];
      expect(own?.metadata.annotations).toEqual({ secret: 'n1' });
      expect(other?.metadata).not.toHaveProperty('labels');
      const { pods, nodes, ...rest } = state.resources;
      for (const text of [JSON.stringify(other), JSON.stringify({ ...rest, pods: undefined })])
        for (const field of ['annotations":{"secret', 'managedFields', 'nodeInfo'])
          if (!text.includes('"kind":"Secret"')) expect(text).not.toContain(field);
      expect(pods?.put).toHaveLength(1);
      expect(nodes?.put).toHaveLength(2);
    });

    it('follows its pods: a namespace and its policies come with the first and go with the last', async () => {
      await policy('other', 'o');
      const held = heldState();
      let state = await desired();
      held.take(state);
      expect([held.names('namespaces'), held.names(policies)]).toEqual([['default'], []]);
      const look = async () => {
        state = await desired(state.cursor);
        expect(state.full).toBe(false);
        held.take(state);
      };
      await makePod('second', 'n1', 'other');
      await look();
      expect([held.names('namespaces'), held.names(policies)]).toEqual([['default', 'other'], ['other/o']]);
      await policy('other', 'p');
      await policy('default', 'd');
      await look();
      expect(held.names(policies)).toEqual(['default/d', 'other/o', 'other/p']);
      await t.remove('/apis/networking.k8s.io/v1/namespaces/other/networkpolicies/p');
      await look();
      expect(Object.keys(state.resources)).toEqual([policies]);
      expect(held.names(policies)).toEqual(['default/d', 'other/o']);
      await policy('other', 'q');
      await t.remove('/apis/networking.k8s.io/v1/namespaces/other/networkpolicies/o');
      await t.remove('/api/v1/namespaces/other/pods/second?gracePeriodSeconds=0');
      await look();
      expect([held.names('namespaces'), held.names(policies)]).toEqual([['default'], ['default/d']]);
      expect((await desired()).resources[policies]?.put).toHaveLength(1);
    });

    it('takes back a pod whose name another node has by now', async () => {
      const held = heldState();
      const { cursor, ...first } = await desired();
      held.take({ cursor, ...first });
      await t.remove('/api/v1/namespaces/default/pods/mine?gracePeriodSeconds=0');
      await make('/api/v1/namespaces/default/pods', {
        metadata: { name: 'mine' },
        spec: { nodeName: 'n2', serviceAccountName: 'mine', containers: [{ name: 'c', image: 'i' }] },
      });
      expect([held.names('pods'), held.names('secrets')]).toEqual([['default/mine'], ['default/mine']]);
      held.take(await desired(cursor));
      expect([held.names('pods'), held.names('secrets')]).toEqual([[], []]);
      expect((await t.get('/api/v1/namespaces/default/secrets/mine', n1)).status).toBe(403);
    });

    it('is its own, whatever it asks with', async () => {
      const { cursor } = await desired();
      const text = fc.oneof(
        fc.string(),
        fc.string().map((each) => `${cursor}${each}`),
        fc.constant(cursor.replace(/\w/g, 'z')),
      );
      await fc.assert(
        fc.asyncProperty(
          text,
          fc.constantFrom('desired', 'report', 'streams/x', 'credentials', 'join', ''),
          async (asked, path) => {
            const state = await desired(asked);
            expect(names(state, 'pods') ?? []).not.toContain('default/theirs');
            const query = `?cursor=${encodeURIComponent(asked)}`;
            for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
              const other = await t.call(method, `${agentPath('n2')}/${path}${query}`, { ...n1, body: {} });
              expect([403, 405], `${method} ${path}`).toContain(other.status);
              tried("requests for another node's paths");
            }
          },
        ),
        { numRuns: fuzzRuns(40) },
      );
    });
  });

  describe("a node's queue", () => {
    it('is received from by its node, and by no other', async () => {
      const ask = (action: string, body: unknown) =>
        t.post('/queues/', body, {
          ...n1,
          headers: { 'x-amz-target': action, 'content-type': 'application/x-amz-json-1.0' },
        });
      const actions = [
        'CreateQueue',
        'GetQueueUrl',
        'DeleteQueue',
        'SendMessage',
        'ReceiveMessage',
        'DeleteMessage',
        'DeleteMessageBatch',
      ];
      const bodies = (name: string) => [
        { QueueName: name },
        { QueueUrl: `https://server/queues/${name}` },
        { QueueUrl: `https://server/queues/node-n1/../${name}` },
        { QueueName: name, QueueUrl: 'https://server/queues/node-n1' },
        { QueueUrl: `https://server/queues/${name}/` },
        { QueueUrl: `https://server/queues/${name}?x=node-n1` },
      ];
      for (const action of [...actions, 'constructor', '__proto__', 'toString'])
        for (const body of [
          ...bodies('node-n2'),
          ...bodies('controllers'),
          [],
          null,
          { QueueUrl: '%' },
          { QueueUrl: 5 },
          {},
        ]) {
          const { status } = await ask(`AmazonSQS.${action}`, body);
          expect(status, `${action} ${JSON.stringify(body)}`).toBe(403);
          tried("requests for another node's queue");
        }
      for (const action of ['CreateQueue', 'DeleteQueue', 'SendMessage', 'PurgeQueue', 'constructor'])
        expect((await ask(`AmazonSQS.${action}`, { QueueName: 'node-n1', MessageBody: 'x' })).status, action).toBe(403);
      expect((await ask('AmazonSQS.ReceiveMessage', { QueueUrl: 'https://server/queues/node-n1' })).status).toBe(200);
    });
  });
});
