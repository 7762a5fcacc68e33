// Devices that drivers publish, classes of them, and claims to them: what is refused, in Kubernetes' words.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestKinds, type TestKinds } from '../../registry/testing-kinds.ts';

const group = 'resource.k8s.io';
const claims = `${group}/resourceclaims`;
const slices = `${group}/resourceslices`;
const classes = `${group}/deviceclasses`;
let kinds: TestKinds;

beforeAll(async () => {
  kinds = await openTestKinds();
});

afterAll(() => kinds.close());

const label = (value: string) =>
  `Invalid value: "${value}": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`;
const identifier = (value: string) =>
  `Invalid value: "${value}": a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')`;
const reference =
  "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

const exactly = (more: object = {}) => ({ name: 'r', exactly: { deviceClassName: 'c', ...more } });
const claim = (devices: object) => ({ spec: { devices } });
const asking = (...requests: object[]) => claim({ requests });
const many = <T>(count: number, of: (index: number) => T) => Array.from({ length: count }, (_, index) => of(index));

describe('a ResourceClaim is refused', () => {
  it.each<[string, object, readonly string[]]>([
    [
      'more than 32 requests',
      asking(...many(33, (index) => ({ ...exactly(), name: `r${index}` }))),
      ['spec.devices.requests: Too many: 33: must have at most 32 items'],
    ],
    ['two requests of a name', asking(exactly(), exactly()), ['spec.devices.requests[1]: Duplicate value: "r"']],
    [
      'a request without anything',
      asking({}),
      [
        `spec.devices.requests[0].name: ${label('')}`,
        'spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required',
      ],
    ],
    [
      'a request of both kinds',
      asking({ ...exactly(), firstAvailable: [{ name: 's', deviceClassName: 'c' }] }),
      [
        'spec.devices.requests[0]: Invalid value: "null": exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set',
      ],
    ],
    [
      'subrequests',
      asking({
        name: 'r',
        firstAvailable: [
          { name: 'S' },
          { name: 's', deviceClassName: 'c', allocationMode: 'All', count: 1 },
          { name: 's', deviceClassName: 'c' },
        ],
      }),
      [
        `spec.devices.requests[0].firstAvailable[0].name: ${label('S')}`,
        'spec.devices.requests[0].firstAvailable[0].deviceClassName: Required value',
        "spec.devices.requests[0].firstAvailable[1].count: Invalid value: 1: must not be specified when allocationMode is 'All'",
        'spec.devices.requests[0].firstAvailable[2]: Duplicate value: "s"',
      ],
    ],
    [
      'nine subrequests',
      asking({ name: 'r', firstAvailable: many(9, (index) => ({ name: `s${index}`, deviceClassName: 'c' })) }),
      ['spec.devices.requests[0].firstAvailable: Too many: 9: must have at most 8 items'],
    ],
    [
      'a count and a mode that are none',
      asking(exactly({ count: -1 }), { ...exactly({ allocationMode: 'Some' }), name: 's' }),
      [
        'spec.devices.requests[0].exactly.count: Invalid value: -1: must be greater than zero',
        'spec.devices.requests[1].exactly.allocationMode: Unsupported value: "Some": supported values: "All", "ExactCount"',
      ],
    ],
    [
      'selectors',
      asking(
        exactly({
          selectors: [
            {},
            { cel: { expression: '1' } },
            { cel: { expression: 'device.driver ==' } },
            { cel: { expression: 'x'.repeat(10_241) } },
          ],
        }),
      ),
      [
        'spec.devices.requests[0].exactly.selectors[0].cel: Required value',
        'spec.devices.requests[0].exactly.selectors[1].cel.expression: Invalid value: "1": must evaluate to bool or the unknown type, not int',
        expect.stringContaining(
          'spec.devices.requests[0].exactly.selectors[2].cel.expression: Invalid value: "device.driver ==": compilation failed',
        ),
        'spec.devices.requests[0].exactly.selectors[3].cel.expression: Too long: may not be more than 10240 bytes',
      ],
    ],
    [
      'tolerations',
      asking(
        exactly({
          tolerations: [
            { key: '/', operator: 'Exists', value: 'v' },
            { key: 'k', value: '-', effect: 'PreferNoSchedule' },
            { operator: 'Is' },
          ],
        }),
      ),
      [
        expect.stringContaining(
          'spec.devices.requests[0].exactly.tolerations[0].key: Invalid value: "/": prefix part must be non-empty',
        ),
        expect.stringContaining('tolerations[0].key: Invalid value: "/": name part must be non-empty'),
        expect.stringContaining('tolerations[0].key: Invalid value: "/": name part must consist of'),
        'spec.devices.requests[0].exactly.tolerations[0].value: Invalid value: "v": must be empty for operator `Exists`',
        expect.stringContaining(
          'spec.devices.requests[0].exactly.tolerations[1].value: Invalid value: "-": a valid label must be',
        ),
        'spec.devices.requests[0].exactly.tolerations[1].effect: Unsupported value: "PreferNoSchedule": supported values: "NoExecute", "NoSchedule", "None"',
        'spec.devices.requests[0].exactly.tolerations[2].operator: Unsupported value: "Is": supported values: "Equal", "Exists"',
      ],
    ],
    [
      'constraints',
      claim({
        requests: [exactly()],
        constraints: [
          { requests: ['r', 'r'] },
          { requests: ['a/b/c'], matchAttribute: 'numa' },
          { requests: ['x'], distinctAttribute: '/9' },
        ],
      }),
      [
        'spec.devices.constraints[0].requests[1]: Duplicate value: "r"',
        'spec.devices.constraints[0]: Required value: exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set',
        `spec.devices.constraints[1].requests[0]: Invalid value: "a/b/c": ${reference}`,
        'spec.devices.constraints[1].matchAttribute: Invalid value: "numa": a fully qualified name must be a domain and a name separated by a slash',
        `spec.devices.constraints[2].requests[0]: Invalid value: "x": ${reference}`,
        'spec.devices.constraints[2].distinctAttribute: Invalid value: "": the domain must not be empty',
        `spec.devices.constraints[2].distinctAttribute: ${identifier('9')}`,
      ],
    ],
    [
      'settings',
      claim({
        requests: [exactly()],
        config: [
          {},
          { opaque: { driver: 'd', parameters: 'x' } },
          { opaque: { driver: 'd', parameters: { x: 'y'.repeat(10_240) } } },
        ],
      }),
      [
        'spec.devices.config[0].opaque: Required value',
        'spec.devices.config[1].opaque.parameters: Invalid value: "<value omitted>": must be a valid JSON object',
        'spec.devices.config[2].opaque.parameters: Too long: may not be more than 10240 bytes',
      ],
    ],
  ])('for %s', async (_, object, expected) => {
    expect(await kinds.created(claims, object)).toEqual(expected);
  });

  it('for a template of another claim', async () => {
    const template = { spec: { metadata: { labels: { a: '-' } }, ...asking(exactly()) } };
    expect(await kinds.created(`${group}/resourceclaimtemplates`, template)).toEqual([
      expect.stringContaining('spec.metadata.labels: Invalid value: "-": a valid label must be'),
    ]);
  });
});

describe('the status of a ResourceClaim is refused', () => {
  const result = { request: 'r', driver: 'd.io', pool: 'p', device: 'dev' };
  it.each<[string, object, readonly string[]]>([
    [
      'reserved for nobody',
      { reservedFor: [{}, { resource: 'pods', name: 'a', uid: 'u' }] },
      [
        'status.reservedFor[0].resource: Required value',
        'status.reservedFor[0].name: Required value',
        'status.reservedFor[0].uid: Required value',
        'status.reservedFor: Forbidden: may not be specified when `allocated` is not set',
      ],
    ],
    [
      'an allocation',
      {
        allocation: {
          nodeSelector: { nodeSelectorTerms: [] },
          devices: {
            results: [{ request: 'q', driver: '', pool: 'A', device: 'D', shareID: 'x', bindingConditions: ['a'] }],
            config: [{ source: 'x' }],
          },
        },
      },
      [
        `status.allocation.devices.results[0].request: Invalid value: "q": ${reference}`,
        'status.allocation.devices.results[0].driver: Required value',
        expect.stringContaining(
          'status.allocation.devices.results[0].driver: Invalid value: "": a lowercase RFC 1123 subdomain',
        ),
        expect.stringContaining(
          'status.allocation.devices.results[0].pool: Invalid value: "A": a lowercase RFC 1123 subdomain',
        ),
        `status.allocation.devices.results[0].device: ${label('D')}`,
        'status.allocation.devices.results[0].bindingFailureConditions: Invalid value: null: bindingFailureConditions are required to use bindingConditions',
        expect.stringContaining(
          'status.allocation.devices.results[0].shareID: Invalid value: "x": uid must be in RFC 4122 normalized form',
        ),
        'status.allocation.devices.config[0].source: Unsupported value: "x": supported values: "FromClaim", "FromClass"',
        'status.allocation.devices.config[0].opaque: Required value',
        'status.allocation.nodeSelector.nodeSelectorTerms: Required value: must have at least one node selector term',
      ],
    ],
    [
      'what a driver says',
      {
        allocation: { devices: { results: [result] } },
        devices: [
          {
            ...result,
            request: undefined,
            device: 'other',
            conditions: [
              { type: 'a', status: 'Maybe' },
              { type: 'a', status: 'True', reason: '1', lastTransitionTime: '2026-01-01T00:00:00Z' },
            ],
          },
          {
            ...result,
            request: undefined,
            data: [],
            networkData: { interfaceName: 'x'.repeat(257), ips: ['10.0.0.1', '010.0.0.1/24', 'FD00::1/64'] },
          },
        ],
      },
      [
        'status.devices[0]: Invalid value: "d.io/p/other": must be an allocated device in the claim',
        'status.devices[0].conditions[0].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"',
        'status.devices[0].conditions[0].lastTransitionTime: Required value: must be set',
        'status.devices[0].conditions[0].reason: Required value: must be set',
        'status.devices[0].conditions[1].type: Duplicate value: "a"',
        expect.stringContaining(
          'status.devices[0].conditions[1].reason: Invalid value: "1": a condition reason must start with',
        ),
        'status.devices[1].data: Invalid value: "<value omitted>": must be a valid JSON object',
        'status.devices[1].networkData.interfaceName: Too long: may not be more than 256 bytes',
        'status.devices[1].networkData.ips[0]: Invalid value: "10.0.0.1": must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)',
        'status.devices[1].networkData.ips[1]: Invalid value: "010.0.0.1/24": must be in canonical form ("10.0.0.1/24")',
        'status.devices[1].networkData.ips[2]: Invalid value: "FD00::1/64": must be in canonical form ("fd00::1/64")',
      ],
    ],
  ])('for %s', async (_, status, expected) => {
    expect(await kinds.changed(claims, asking(exactly()), { status }, 'status')).toEqual(expected);
  });

  it('takes what a scheduler and a driver write', async () => {
    const status = {
      allocation: {
        devices: { results: [result], config: [{ source: 'FromClass', opaque: { driver: 'd.io', parameters: {} } }] },
      },
      reservedFor: [{ resource: 'pods', name: 'a', uid: 'u' }],
      devices: [{ driver: 'd.io', pool: 'p', device: 'dev', data: { a: 1 }, networkData: { ips: ['10.0.0.1/24'] } }],
    };
    expect(await kinds.changed(claims, asking(exactly()), { status }, 'status')).toEqual([]);
  });
});

describe('a DeviceClass is refused', () => {
  it.each<[string, object, readonly string[]]>([
    [
      'settings',
      { spec: { config: [{}, { opaque: { driver: 'd', parameters: null } }] } },
      ['spec.config[0].opaque: Required value', 'spec.config[1].opaque.parameters: Required value'],
    ],
    [
      'an extended name of Kubernetes',
      { spec: { extendedResourceName: 'kubernetes.io/x' } },
      ['spec.extendedResourceName: Invalid value: "kubernetes.io/x": must be a valid extended resource name'],
    ],
    [
      'a name that is not extended',
      { spec: { extendedResourceName: 'cpu' } },
      ['spec.extendedResourceName: Invalid value: "cpu": must be a valid extended resource name'],
    ],
    [
      '33 selectors',
      { spec: { selectors: many(33, () => ({ cel: { expression: 'true' } })) } },
      ['spec.selectors: Too many: 33: must have at most 32 items'],
    ],
  ])('for %s', async (_, object, expected) => {
    expect(await kinds.created(classes, object)).toEqual(expected);
  });
});

const published = { driver: 'd.io', pool: { name: 'p', generation: 1, resourceSliceCount: 1 } };
const slice = (spec: object) => ({ spec: { ...published, nodeName: 'n', ...spec } });
const withoutNode = (spec: object) => ({ spec: { ...published, ...spec } });
const device = (more: object) => slice({ devices: [{ name: 'd0', ...more }] });
const policy = (requestPolicy: object, value = '10') =>
  device({ allowMultipleAllocations: true, capacity: { memory: { value, requestPolicy } } });

describe('a ResourceSlice is refused', () => {
  it.each<[string, object, readonly string[]]>([
    [
      'nothing',
      { spec: { nodeName: '' } },
      [
        'spec.driver: Required value',
        expect.stringContaining('spec.driver: Invalid value: "": a lowercase RFC 1123 subdomain'),
        'spec.pool.name: Required value',
        'spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero',
        'spec.nodeName: Invalid value: "": must be either unset or set to a non-empty string',
        'spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required',
      ],
    ],
    [
      'two places',
      slice({ nodeSelector: { nodeSelectorTerms: [{}, {}] }, allNodes: false }),
      [
        expect.stringContaining(
          'spec.nodeSelector.nodeSelectorTerms: Invalid value: [{},{}]: must have exactly one node selector term',
        ),
        'spec.allNodes: Invalid value: false: must be either unset or set to true',
        'spec: Invalid value: "{`nodeName`, `nodeSelector`}": exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set',
      ],
    ],
    [
      '129 devices',
      slice({ devices: many(129, (index) => ({ name: `d${index}` })) }),
      ['spec.devices: Too many: 129: must have at most 128 items'],
    ],
    [
      '65 devices with a taint',
      slice({ devices: many(65, (index) => ({ name: `d${index}`, taints: [{ key: 'k', effect: 'None' }] })) }),
      ['spec.devices: Too many: 65: must have at most 64 items'],
    ],
    [
      'two devices of a name',
      slice({ devices: [{ name: 'd' }, { name: 'd' }] }),
      ['spec.devices[1]: Duplicate value: "d"'],
    ],
    [
      'devices beside counters',
      slice({
        devices: [{ name: 'd' }],
        sharedCounters: [
          { name: 'C', counters: {} },
          { name: 'c', counters: { M: { value: '1' } } },
        ],
      }),
      [
        'spec: Invalid value: "": only one of `sharedCounters` or `devices` is allowed',
        `spec.sharedCounters[0].name: ${label('C')}`,
        'spec.sharedCounters[0].counters: Required value',
        `spec.sharedCounters[1].counters: ${label('M')}`,
      ],
    ],
    [
      'attributes',
      device({
        attributes: {
          '9': { int: 1 },
          'a/b/c': { bool: true },
          'x.io/': { string: 'y'.repeat(65) },
          v: { version: '1.2' },
          none: {},
          two: { int: 1, bool: false },
        },
      }),
      [
        `spec.devices[0].attributes: ${identifier('9')}`,
        'spec.devices[0].attributes: Invalid value: "a/b/c": must not contain more than one slash',
        'spec.devices[0].attributes: Invalid value: "": the name must not be empty',
        'spec.devices[0].attributes[x.io/].string: Too long: may not be more than 64 bytes',
        'spec.devices[0].attributes[v].version: Invalid value: "1.2": must be a string compatible with semver.org spec 2.0.0',
        'spec.devices[0].attributes[none]: Invalid value: "": exactly one value must be specified',
        'spec.devices[0].attributes[two]: Invalid value: {"int":1,"bool":false}: exactly one value must be specified',
      ],
    ],
    [
      '33 attributes',
      device({ attributes: Object.fromEntries(many(33, (index) => [`a${index}`, { int: index }])) }),
      ['spec.devices[0]: Invalid value: 33: the total number of attributes and capacities must not exceed 32'],
    ],
    [
      'taints',
      device({ taints: [{ key: 'k' }, { key: 'k', value: '-', effect: 'Other' }] }),
      [
        'spec.devices[0].taints[0].effect: Required value',
        expect.stringContaining('spec.devices[0].taints[1].value: Invalid value: "-": a valid label must be'),
        'spec.devices[0].taints[1].effect: Unsupported value: "Other": supported values: "NoExecute", "NoSchedule", "None"',
      ],
    ],
    [
      'counters',
      device({
        consumesCounters: [
          { counters: {} },
          { counterSet: 'c', counters: { m: { value: '1' } } },
          { counterSet: 'c', counters: { m: { value: '1' } } },
        ],
      }),
      ['spec.devices[0].consumesCounters: Too many: 3: must have at most 2 items'],
    ],
    [
      'a place in place of the slice',
      device({ nodeName: 'n' }),
      [
        'spec.devices[0]: Invalid value: null: `nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec',
      ],
    ],
    [
      'no place of its own',
      withoutNode({
        perDeviceNodeSelection: true,
        devices: [{ name: 'd', allNodes: false, nodeName: '' }],
      }),
      [
        'spec.devices[0].nodeName: Invalid value: "": must not be empty',
        'spec.devices[0].allNodes: Invalid value: false: must be either unset or set to true',
        'spec.devices[0]: Required value: exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec',
      ],
    ],
    [
      'conditions of binding',
      device({ bindingConditions: ['a', 'a'], bindingFailureConditions: ['a'] }),
      [
        'spec.devices[0].bindingConditions[1]: Duplicate value: "a"',
        'spec.devices[0].bindingFailureConditions[0]: Invalid value: "a": bindingFailureConditions must not overlap with bindingConditions',
      ],
    ],
    [
      'a policy of a device for one',
      device({ capacity: { memory: { value: '1', requestPolicy: { default: '1' } } } }),
      ['spec.devices[0].capacity[memory].requestPolicy: Forbidden: allowMultipleAllocations must be true'],
    ],
    [
      'two policies',
      policy({ default: '1', validValues: ['1'], validRange: { min: '1' } }),
      [
        'spec.devices[0].capacity[memory].requestPolicy: Forbidden: exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time',
      ],
    ],
    [
      'values',
      policy({ default: '3', validValues: ['2', '1', '1000m', '20'] }),
      [
        'spec.devices[0].capacity[memory].requestPolicy.validValues[1]: Invalid value: "1": values must be sorted in ascending order',
        'spec.devices[0].capacity[memory].requestPolicy.validValues[3]: Invalid value: "20": option is larger than capacity value: 10',
        'spec.devices[0].capacity[memory].requestPolicy.validValues[2]: Duplicate value: "1"',
        'spec.devices[0].capacity[memory].requestPolicy.validValues: Invalid value: "3": default value is not valid according to the requestPolicy',
      ],
    ],
    [
      'values without a default',
      policy({ validValues: ['2'] }),
      ['spec.devices[0].capacity[memory].requestPolicy.default: Required value: required when validValues is defined'],
    ],
    [
      'a range',
      policy({ default: '1', validRange: { min: '2', max: '11', step: '9' } }),
      [
        'spec.devices[0].capacity[memory].requestPolicy.validRange.default: Invalid value: "1": default is less than min: 2',
        'spec.devices[0].capacity[memory].requestPolicy.validRange.max: Invalid value: "11": max is larger than capacity value: 10',
        'spec.devices[0].capacity[memory].requestPolicy.validRange.step: Invalid value: "9": one step 11 is larger than capacity value: 10',
        'spec.devices[0].capacity[memory].requestPolicy.validRange.step: Invalid value: "1": value is not a multiple of a given step (9) from (2)',
      ],
    ],
    [
      'steps of nothing',
      policy({ default: '2', validRange: { min: '2', step: '0' } }),
      ['spec.devices[0].capacity[memory].requestPolicy.validRange.step: Invalid value: "0": must be greater than zero'],
    ],
  ])('for %s', async (_, object, expected) => {
    expect(await kinds.created(slices, object)).toEqual(expected);
  });

  it('for another driver, pool or node than before', async () => {
    const change = { spec: { driver: 'e.io', nodeName: 'm', pool: { name: 'q' } } };
    expect(await kinds.changed(slices, slice({}), change)).toEqual([
      'spec.pool.name: Invalid value: "q": field is immutable',
      'spec.driver: Invalid value: "e.io": field is immutable',
      'spec.nodeName: Invalid value: "m": field is immutable',
    ]);
  });

  it('is taken with a policy and a taint, which says since when it holds', async () => {
    const object = slice({
      devices: [
        {
          name: 'd0',
          allowMultipleAllocations: true,
          attributes: { model: { string: 'x' }, 'e.io/v': { version: '1.2.3-rc.1+b' } },
          capacity: {
            memory: {
              value: '10Gi',
              requestPolicy: { default: '1Gi', validRange: { min: '1Gi', max: '9Gi', step: '1Gi' } },
            },
          },
          taints: [{ key: 'k', effect: 'NoSchedule' }],
        },
      ],
    });
    expect(await kinds.created(slices, object)).toEqual([]);
    expect(await kinds.stored(slices, object)).toMatchObject({
      spec: { devices: [{ taints: [{ key: 'k', effect: 'NoSchedule', timeAdded: '2026-01-02T03:04:05Z' }] }] },
    });
  });
});
