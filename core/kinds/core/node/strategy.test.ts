import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestKinds, type TestKinds } from '../../../registry/testing-kinds.ts';

const type = 'nodes';
let kinds: TestKinds;

beforeAll(async () => {
  kinds = await openTestKinds();
});

afterAll(() => kinds.close());

const tainted = (...taints: object[]) => ({ spec: { taints } });

describe('a Node is refused', () => {
  it.each<[string, object, readonly string[]]>([
    [
      'taints that are none',
      tainted({ key: 'a b', value: '-' }, { key: 'k', effect: 'Never' }),
      [
        expect.stringContaining('metadata.taints[0].key: Invalid value: "a b": name part must consist of'),
        expect.stringContaining('metadata.taints[0].value: Invalid value: "-": a valid label must be'),
        'metadata.taints[0].effect: Required value',
        'metadata.taints[1].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
      ],
    ],
    [
      'a taint twice',
      tainted({ key: 'k', effect: 'NoSchedule' }, { key: 'k', value: 'v', effect: 'NoSchedule' }),
      ['metadata.taints[1]: Duplicate value: taints must be unique by key and effect pair'],
    ],
    [
      'ranges that are none',
      { spec: { podCIDRs: ['10.9.0.1/24', '10.8.0.0/24'] } },
      [
        'spec.podCIDRs[0]: Invalid value: "10.9.0.1/24": must not have bits set beyond the prefix length',
        'spec.podCIDRs: Invalid value: ["10.9.0.1/24","10.8.0.0/24"]: may specify no more than one CIDR for each IP family',
      ],
    ],
  ])('for %s', async (_, object, expected) => {
    expect(await kinds.created(type, object)).toEqual(expected);
  });

  it.each<[string, object, object, string, readonly string[]]>([
    [
      'what is set once',
      { spec: { podCIDR: '10.9.0.0/24', providerID: 'p' } },
      { spec: { podCIDR: '10.8.0.0/24', podCIDRs: ['10.8.0.0/24'], providerID: 'q', externalID: 'x' } },
      '',
      [
        'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
        'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
        'spec.externalID: Forbidden: may not be updated',
      ],
    ],
    [
      'a status of half a pod, and of one address twice',
      {},
      {
        status: {
          capacity: { pods: '500m', cpu: '-1', 'a.io/gpu': '1500m' },
          addresses: [
            { type: 'Hostname', address: 'h' },
            { type: 'Hostname', address: 'h' },
          ],
        },
      },
      'status',
      [
        'status.capacity.pods: Invalid value: "500m": must be an integer',
        'status.capacity.cpu: Invalid value: "-1": must be greater than or equal to 0',
        'status.capacity.a.io/gpu: Invalid value: "1500m": must be an integer',
        'status.addresses[1]: Duplicate value: {"type":"Hostname","address":"h"}',
      ],
    ],
  ])('for %s', async (_, object, change, subresource, expected) => {
    expect(await kinds.changed(type, object, change, subresource)).toEqual(expected);
  });
});
