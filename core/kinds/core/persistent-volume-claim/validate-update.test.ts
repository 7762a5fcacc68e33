import { describe, expect, it } from 'vitest';
import type { V1PersistentVolumeClaim } from '../../../../generated/kubernetes.ts';
import { validateClaimStatus } from './validate-status.ts';
import { validateClaimUpdate } from './validate-update.ts';

type Claim = V1PersistentVolumeClaim;

const claim = (spec: object = {}, more: object = {}): Claim => ({
  metadata: { name: 'a' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '4Gi' } }, ...spec },
  status: { phase: 'Bound', capacity: { storage: '1Gi' } },
  ...more,
});
const sized = (storage: string) => ({ resources: { requests: { storage } } });
const annotated = (value: string) => ({
  metadata: { name: 'a', annotations: { 'volume.beta.kubernetes.io/storage-class': value } },
});
const pending = { status: { phase: 'Pending' } };
const spec =
  'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';

describe('an update of a claim', () => {
  it.each<[string, Claim, Claim, string[]]>([
    ['grows once bound', claim(sized('5Gi')), claim(), []],
    ['does not grow before', claim(sized('5Gi'), pending), claim({}, pending), [spec]],
    ['shrinks to more than there is', claim(sized('2Gi')), claim(), []],
    [
      'does not shrink to what there is',
      claim(sized('1Gi')),
      claim(),
      ['spec.resources.requests.storage: Forbidden: field can not be less than status.capacity'],
    ],
    ['names its volume once', claim({ volumeName: 'v' }), claim(), []],
    ['does not name another', claim({ volumeName: 'w' }), claim({ volumeName: 'v' }), [spec]],
    ['gets the default class', claim({ storageClassName: 's' }), claim(), []],
    ['does not change its class', claim({ storageClassName: 's' }), claim({ storageClassName: 't' }), [spec]],
    ['moves its class out of the annotation', claim({ storageClassName: 's' }), claim({}, annotated('s')), []],
    [
      'does not name another class than that',
      claim({ storageClassName: 't' }, annotated('s')),
      claim({}, annotated('s')),
      [spec],
    ],
    [
      'keeps the annotation',
      claim({}, annotated('t')),
      claim({}, annotated('s')),
      ['metadata.annotations[volume.beta.kubernetes.io/storage-class]: Invalid value: "t": field is immutable'],
    ],
    [
      'changes its attributes',
      claim({ volumeAttributesClassName: 'b' }),
      claim({ volumeAttributesClassName: 'a' }),
      [],
    ],
    [
      'does not take its attributes away',
      claim(),
      claim({ volumeAttributesClassName: 'a' }),
      ['spec.volumeAttributesClassName: Forbidden: update from non-nil value to nil is forbidden'],
    ],
    [
      'does not empty its attributes',
      claim({ volumeAttributesClassName: '' }),
      claim({ volumeAttributesClassName: 'a' }),
      ['spec.volumeAttributesClassName: Forbidden: update from non-nil value to an empty string is forbidden'],
    ],
  ])('%s', (_what, object, old, expected) => {
    expect(validateClaimUpdate(object, old).map(({ field, message }) => `${field}: ${message}`)).toEqual(expected);
  });
});

describe('the status of a claim', () => {
  it('says amounts of storage, and how far they have come', () => {
    const status = {
      capacity: { storage: '-1' },
      allocatedResources: { cpu: '1', storage: 'x' },
      allocatedResourceStatuses: { storage: 'Soon', 'example.com/a': 'NodeResizePending' },
    };
    expect(validateClaimStatus({ ...claim(), status }).map(({ field, message }) => `${field}: ${message}`)).toEqual([
      'status.capacity[storage]: Invalid value: "-1": must be a valid resource quantity',
      'status.allocatedResourceStatus: Unsupported value: "storage": supported values: "ControllerResizeFailed", "ControllerResizeInProgress", "NodeResizeFailed", "NodeResizeInProgress", "NodeResizePending"',
      'status.allocatedResources: Unsupported value: "cpu": supported values: "storage"',
      expect.stringMatching(/^status\.allocatedResources\[storage\]: Invalid value: "x": /),
    ]);
  });
});
