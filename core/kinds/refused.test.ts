// What is refused field by field, in kinds whose objects are whole but for it: one row a rule.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '../machinery/object.ts';
import { openTestRegistry, type TestRegistry } from '../registry/testing.ts';

let t: TestRegistry;

beforeAll(async () => {
  t = await openTestRegistry();
  await t.namespace('default');
});

afterAll(() => t.close());

async function created(type: string, object: object) {
  const namespace = t.definitions.ofType(type)?.namespaced ? 'default' : undefined;
  // A test's own object, which is there to be wrong.
  const body = { metadata: { name: 'a' }, ...object } as KubeObject;
  return (await t.registry.create(t.context, t.target(type, namespace), body, { dryRun: true })).object;
}

async function problems(type: string, object: object): Promise<string[]> {
  try {
    await created(type, object);
    return [];
  } catch (error) {
    const { reason, details } = error as {
      reason?: string;
      details?: { causes?: { field: string; message: string }[] };
    };
    return [String(reason), ...(details?.causes ?? []).map(({ field, message }) => `${field}: ${message}`)];
  }
}

const service = (spec: object, port: object = {}) => ({ spec: { ports: [{ port: 80, ...port }], ...spec } });
const volumeFrom = (source: object) => ({
  spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], ...source },
});
const volume = (spec: object) => ({
  spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/x' }, ...spec },
});
const claim = (spec: object) => ({
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
});
const rbac = 'rbac.authorization.k8s.io';
const binding = (subject: object, name = 'r') => ({
  roleRef: { apiGroup: rbac, kind: 'Role', name },
  subjects: [{ name: 's', ...subject }],
});
const topology = (...expressions: object[]) => ({
  provisioner: 'p',
  allowedTopologies: [{ matchLabelExpressions: expressions }],
});

const hooks = 'admissionregistration.k8s.io/validatingwebhookconfigurations';
const hooked = (resources: readonly string[]) => ({
  webhooks: [
    {
      name: 'a.b.c',
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      clientConfig: { url: 'https://hook.example.com/x' },
      rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources }],
    },
  ],
});

describe('an object is refused', () => {
  it.each<[string, object, readonly string[]]>([
    [
      'services',
      service({ loadBalancerSourceRanges: ['10.0.0.0/8'] }),
      ["spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'"],
    ],
    [
      hooks,
      hooked(['pods/*', 'pods/log']),
      [
        'webhooks[0].rules[0].resources[1]: Invalid value: "pods/log": if \'pods/*\' is present, must not specify pods/log',
      ],
    ],
    [
      hooks,
      hooked(['*', 'pods', '*/scale']),
      [
        `webhooks[0].rules[0].resources: Invalid value: ["*","pods","*/scale"]: if '*' is present, must not specify other resources without subresources`,
      ],
    ],
    [
      hooks,
      hooked(['*/*', 'pods']),
      [
        `webhooks[0].rules[0].resources: Invalid value: ["*/*","pods"]: if '*/*' is present, must not specify other resources`,
      ],
    ],
    [
      'services',
      service({ type: 'LoadBalancer' }, { port: 10250 }),
      ['spec.ports[0]: Invalid value: 10250: may not expose port 10250 externally since it is used by kubelet'],
    ],
    [
      'services',
      service({ clusterIP: 'fd00::1', ipFamilies: ['IPv4'] }),
      ['spec.clusterIPs[0]: Invalid value: "fd00::1": expected an IPv4 value as indicated by `ipFamilies[0]`'],
    ],
    [
      'persistentvolumes',
      volume({ nodeAffinity: {} }),
      ['spec.nodeAffinity.required: Required value: must specify required node constraints'],
    ],
    [
      'persistentvolumes',
      volume({ nodeAffinity: { required: { nodeSelectorTerms: [] } } }),
      ['spec.nodeAffinity.required.nodeSelectorTerms: Required value: must have at least one node selector term'],
    ],
    [
      'persistentvolumes',
      volume({ capacity: { storage: '1Gi', cpu: '1' } }),
      ['spec.capacity: Unsupported value: {"storage":"1Gi","cpu":"1"}: supported values: "storage"'],
    ],
    [
      'persistentvolumes',
      volume({ capacity: { cpu: '1' } }),
      ['spec.capacity: Unsupported value: {"cpu":"1"}: supported values: "storage"'],
    ],
    [
      'persistentvolumes',
      { spec: { accessModes: ['ReadWriteOnce'], hostPath: { path: '/x' } } },
      ['spec.capacity: Required value', 'spec.capacity: Unsupported value: {}: supported values: "storage"'],
    ],
    [
      'persistentvolumes',
      volume({ volumeAttributesClassName: '' }),
      [
        'spec.volumeAttributesClassName: Required value: an empty string is disallowed',
        'spec.csi: Required value: has to be specified when using volumeAttributesClassName',
      ],
    ],
    [
      'persistentvolumes',
      volumeFrom({
        csi: {
          driver: 'd',
          controllerPublishSecretRef: { name: 'a' },
          nodeStageSecretRef: {},
          nodeExpandSecretRef: {},
        },
      }),
      [
        'spec.csi.volumeHandle: Required value',
        'spec.csi.controllerPublishSecretRef.namespace: Required value',
        'spec.csi.nodeExpandSecretRef.name: Required value',
        'spec.csi.nodeExpandSecretRef.namespace: Required value',
      ],
    ],
    [
      'persistentvolumes',
      volumeFrom({ cinder: { volumeID: 'v', secretRef: {} } }),
      ['spec.cinder.secretRef.name: Required value', 'spec.cinder.secretRef.namespace: Required value'],
    ],
    [
      'persistentvolumes',
      volumeFrom({ azureDisk: { diskName: 'd', diskURI: 'x', kind: 'Managed' } }),
      [
        'spec.azureDisk.diskURI: Unsupported value: "x": supported values: "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"',
      ],
    ],
    [
      'persistentvolumeclaims',
      claim({ resources: { requests: { storage: '-1' } } }),
      ['spec.resources[storage]: Invalid value: "-1": must be greater than zero'],
    ],
    [
      'pods',
      {
        spec: {
          containers: [{ name: 'c', image: 'i' }],
          volumes: [
            {
              name: 'v',
              ephemeral: { volumeClaimTemplate: { metadata: { name: 'n', labels: { a: 'b' } }, spec: {} } },
            },
            { name: 'w', csi: { driver: 'd', nodePublishSecretRef: {} } },
            { name: 'x', emptyDir: { sizeLimit: '-1' } },
            { name: 'y', image: {} },
          ],
        },
      },
      [
        'spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.name: Forbidden: cannot be set',
        'spec.volumes[0].ephemeral.volumeClaimTemplate.spec.accessModes: Required value: at least 1 access mode is required',
        'spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources[storage]: Required value',
        'spec.volumes[1].csi.nodePublishSecretRef.name: Required value',
        'spec.volumes[2].emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource quantity',
        'spec.volumes[3].image.reference: Required value',
      ],
    ],
    [
      'storage.k8s.io/volumeattributesclasses',
      {},
      ['driverName: Required value', 'parameters: Required value: must contain at least one key/value pair'],
    ],
    [
      'batch/jobs',
      {
        spec: {
          selector: { matchLabels: { a: 'b' } },
          template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } },
        },
      },
      [
        expect.stringMatching(
          /^spec\.template\.metadata\.labels: Invalid value: .*: `selector` does not match template `labels`$/,
        ),
        expect.stringMatching(/^spec\.selector: Invalid value: .*: `selector` not auto-generated$/),
      ],
    ],
    [
      'batch/jobs',
      {
        spec: {
          manualSelector: true,
          template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } },
        },
      },
      [
        'spec.selector: Required value',
        expect.stringMatching(
          /^spec\.template\.metadata\.labels: Invalid value: .*: `selector` does not match template `labels`$/,
        ),
      ],
    ],
    [
      'persistentvolumes',
      volume({ hostPath: { path: '/' }, persistentVolumeReclaimPolicy: 'Recycle' }),
      ["spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'"],
    ],
    [
      'persistentvolumeclaims',
      claim({ dataSourceRef: { kind: 'Pod', name: 'p' } }),
      expect.arrayContaining([
        'spec.dataSourceRef: Invalid value: "Pod": must be \'PersistentVolumeClaim\' when referencing the default apiGroup',
      ]),
    ],
    [
      'persistentvolumeclaims',
      claim({
        dataSource: { kind: 'PersistentVolumeClaim', name: 'a' },
        dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'b' },
      }),
      ['spec: Invalid value: "spec.dataSource": must match dataSourceRef'],
    ],
    [
      'rbac.authorization.k8s.io/rolebindings',
      binding({ kind: 'User', apiGroup: 'x' }),
      ['subjects[0].apiGroup: Unsupported value: "x": supported values: "rbac.authorization.k8s.io"'],
    ],
    [
      'rbac.authorization.k8s.io/rolebindings',
      binding({ kind: 'User' }, 'a/b'),
      ['roleRef.name: Invalid value: "a/b": may not contain \'/\''],
    ],
    [
      'storage.k8s.io/storageclasses',
      topology({ key: 'k', values: [] }),
      ['allowedTopologies[0].matchLabelExpressions[0].values: Required value'],
    ],
    [
      'storage.k8s.io/storageclasses',
      topology({ key: 'k', values: ['a'] }, { key: 'k', values: ['b', 'b'] }),
      [
        'allowedTopologies[0].matchLabelExpressions[1].values[1]: Duplicate value: "b"',
        'allowedTopologies[0].matchLabelExpressions[1].key: Duplicate value: "k"',
      ],
    ],
  ])('%s %j', async (type, object, expected) => {
    const [reason, ...causes] = await problems(type, object);
    expect(reason).toBe('Invalid');
    expect(causes).toEqual(expected);
  });

  it.each<[string, object, string]>([
    ['services', service({}, { appProtocol: 'a b' }), 'spec.ports[0].appProtocol'],
    ['services', service({ type: 'LoadBalancer', loadBalancerClass: 'a b' }), 'spec.loadBalancerClass'],
    ['persistentvolumes', volume({ storageClassName: 'A_B' }), 'spec.storageClassName'],
    ['persistentvolumeclaims', claim({ storageClassName: 'A_B' }), 'spec.storageClassName'],
    [
      'networking.k8s.io/ingresses',
      { spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } }, tls: [{ secretName: 'A_B' }] } },
      'spec.tls[0].secretName',
    ],
    [
      'discovery.k8s.io/endpointslices',
      { addressType: 'IPv4', endpoints: [], ports: [{ name: 'x', port: 1, appProtocol: 'a b' }] },
      'ports[0].appProtocol',
    ],
    ['rbac.authorization.k8s.io/rolebindings', binding({ kind: 'ServiceAccount', name: 'A_B' }), 'subjects[0].name'],
  ])('%s %j, whose name is none', async (type, object, field) => {
    const [reason, ...causes] = await problems(type, object);
    expect(reason).toBe('Invalid');
    expect(causes).toEqual([expect.stringMatching(`^${field.replace(/[.[\]]/g, '\\$&')}: Invalid value: "`)]);
  });

  it('where the class of a load balancer changes', async () => {
    const target = t.target('services', 'default', 'lb');
    const body = { metadata: { name: 'lb' }, ...service({ type: 'LoadBalancer', loadBalancerClass: 'a/b' }) };
    await t.registry.create(t.context, t.target('services', 'default'), body as KubeObject);
    const patch = t.registry.patch(t.context, target, 'merge', { spec: { loadBalancerClass: 'a/c' } });
    await expect(patch).rejects.toThrow('spec.loadBalancerClass: Invalid value: "a/c": may not change once set');
  });
});

describe('the sources of a claim', () => {
  it.each<[object, object]>([
    [{ dataSource: { kind: 'PersistentVolumeClaim', name: 'a' } }, { dataSourceRef: { name: 'a' } }],
    [{ dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'a' } }, { dataSource: { name: 'a' } }],
  ])('say the same: %j', async (spec, expected) => {
    expect(await created('persistentvolumeclaims', claim(spec))).toMatchObject({ spec: expected });
  });

  it('are dropped where the older field never knew them', async () => {
    const object = await created(
      'persistentvolumeclaims',
      claim({ dataSource: { apiGroup: 'x.io', kind: 'X', name: 'a' } }),
    );
    expect(object['spec']).not.toHaveProperty('dataSource');
    expect(object['spec']).not.toHaveProperty('dataSourceRef');
  });

  it('takes nothing from another namespace', async () => {
    const source = { kind: 'PersistentVolumeClaim', name: 'a', namespace: 'other' };
    const object = await created('persistentvolumeclaims', claim({ dataSourceRef: source }));
    expect(object['spec']).not.toHaveProperty('dataSourceRef');
  });
});
