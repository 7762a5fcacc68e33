import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestKinds, type TestKinds } from '../../registry/testing-kinds.ts';

let kinds: TestKinds;

beforeAll(async () => {
  kinds = await openTestKinds();
});

afterAll(() => kinds.close());

const storage = (resource: string) => `storage.k8s.io/${resource}`;
const subdomain = (text: string) => expect.stringContaining(`${text}: a lowercase RFC 1123 subdomain`);

describe('an object is refused', () => {
  it.each<[string, object, readonly string[]]>([
    [
      'storageclasses',
      { provisioner: 'a b', parameters: { '': 'x' }, reclaimPolicy: 'Recycle', volumeBindingMode: 'Never' },
      [
        expect.stringContaining('provisioner: Invalid value: "a b": name part must consist of'),
        'parameters: Invalid value: "": field can not be empty.',
        'reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"',
        'volumeBindingMode: Unsupported value: "Never": supported values: "Immediate", "WaitForFirstConsumer"',
      ],
    ],
    [
      'storageclasses',
      { provisioner: 'p', parameters: Object.fromEntries(Array.from({ length: 513 }, (_, at) => [`k${at}`, ''])) },
      ['parameters: Too long: may not be more than 512 bytes'],
    ],
    ['csidrivers', { metadata: { name: 'A.io' }, spec: {} }, [subdomain('metadata.name: Invalid value: "A.io"')]],
    [
      'csidrivers',
      {
        spec: {
          tokenRequests: [
            { audience: 'x', expirationSeconds: 599 },
            { audience: 'y', expirationSeconds: 2 ** 33 },
          ],
          volumeLifecycleModes: ['Eternal'],
          nodeAllocatableUpdatePeriodSeconds: 9,
          fsGroupPolicy: 'Some',
        },
      },
      [
        'spec.tokenRequests[0].expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
        'spec.tokenRequests[1].expirationSeconds: Invalid value: 8589934592: may not specify a duration larger than 2^32 seconds',
        'spec.volumeLifecycleModes: Unsupported value: "Eternal": supported values: "Persistent", "Ephemeral"',
        'spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or equal to 10 seconds',
        'spec.fsGroupPolicy: Unsupported value: "Some": supported values: "File", "None", "ReadWriteOnceWithFSType"',
      ],
    ],
    [
      'csidrivers',
      { spec: { serviceAccountTokenInSecrets: true } },
      [
        'spec.serviceAccountTokenInSecrets: Invalid value: true: serviceAccountTokenInSecrets is set but no tokenRequests are specified',
      ],
    ],
    [
      'csinodes',
      {
        spec: {
          drivers: [
            { nodeID: 'x'.repeat(257), allocatable: { count: -1 } },
            { name: 'd', nodeID: 'n', topologyKeys: ['', 'k', 'k'] },
            { name: 'd', nodeID: 'n' },
          ],
        },
      },
      [
        'spec.drivers[0].name: Required value',
        subdomain('spec.drivers[0].name: Invalid value: ""'),
        `spec.drivers[0].nodeID: Invalid value: "${'x'.repeat(257)}": must be 256 characters or less`,
        'spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to 0',
        'spec.drivers[1]: Required value',
        'spec.drivers[1]: Invalid value: "": name part must be non-empty',
        expect.stringContaining('spec.drivers[1]: Invalid value: "": name part must consist of'),
        'spec.drivers[1]: Duplicate value: "k"',
        'spec.drivers[2].name: Duplicate value: "d"',
      ],
    ],
    [
      'volumeattachments',
      { spec: { attacher: 'x'.repeat(64), source: { persistentVolumeName: '' } } },
      [
        'spec.attacher: Too long: may not be more than 63 bytes',
        'spec.source.persistentVolumeName: Required value: must specify non empty persistentVolumeName',
        subdomain('spec.nodeName: Invalid value: ""'),
        subdomain('spec.source.persistentVolumeName: Invalid value: ""'),
      ],
    ],
    [
      'volumeattachments',
      {
        spec: {
          attacher: 'd.io',
          nodeName: 'n',
          source: {
            inlineVolumeSpec: {
              hostPath: { path: '/x' },
              capacity: { storage: '1Gi' },
              claimRef: { name: 'c' },
              accessModes: ['ReadWriteOnce'],
              persistentVolumeReclaimPolicy: 'Delete',
              storageClassName: 's',
              nodeAffinity: {},
              volumeMode: 'Block',
            },
          },
        },
      },
      [
        'claimRef: Forbidden: may not be specified in the context of inline volumes',
        'capacity: Forbidden: may not be specified in the context of inline volumes',
        'csi: Required value: has to be specified in the context of inline volumes',
        'persistentVolumeReclaimPolicy: Forbidden: may only be Retain in the context of inline volumes',
        'nodeAffinity: Forbidden: may not be specified in the context of inline volumes',
        'storageClassName: Forbidden: may not be specified in the context of inline volumes',
        'volumeMode: Forbidden: may not specify volumeMode other than Filesystem in the context of inline volumes',
      ].map((each) => `spec.source.inlineVolumeSpec.${each}`),
    ],
    [
      'csistoragecapacities',
      { capacity: '-1' },
      [
        subdomain('storageClassName: Invalid value: ""'),
        'capacity: Invalid value: "-1": must be greater than or equal to 0',
      ],
    ],
    [
      'volumeattributesclasses',
      {},
      ['driverName: Required value', 'parameters: Required value: must contain at least one key/value pair'],
    ],
  ])('%s %j', async (resource, object, expected) => {
    expect(await kinds.created(storage(resource), object)).toEqual(expected);
  });

  it.each<[string, object, object, string, readonly string[]]>([
    [
      'storageclasses',
      { provisioner: 'p', parameters: { a: 'b' } },
      { provisioner: 'q', parameters: { a: 'c' }, reclaimPolicy: 'Retain', volumeBindingMode: 'WaitForFirstConsumer' },
      '',
      [
        'parameters: Forbidden: updates to parameters are forbidden.',
        'provisioner: Forbidden: updates to provisioner are forbidden.',
        'reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.',
        'volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable',
      ],
    ],
    [
      'csinodes',
      { spec: { drivers: [{ name: 'd', nodeID: 'n', allocatable: { count: 1 } }] } },
      { spec: { drivers: [{ name: 'd', nodeID: 'm', allocatable: { count: 2 } }] } },
      '',
      ['spec.drivers: Invalid value: {"name":"d","nodeID":"m"}: field is immutable'],
    ],
    [
      'volumeattachments',
      { spec: { attacher: 'd', nodeName: 'n', source: { persistentVolumeName: 'v' } } },
      { status: { attached: false, attachError: { message: 'x'.repeat(1025), errorCode: -1 } } },
      'status',
      [
        'status.attachError.message: Too long: may not be more than 1024 bytes',
        'status.attachError.errorCode: Invalid value: -1: must be between 0 and 2147483647, inclusive',
      ],
    ],
  ])('%s %j, changed to %j', async (resource, object, change, subresource, expected) => {
    expect(await kinds.changed(storage(resource), object, change, subresource)).toEqual(expected);
  });
});
