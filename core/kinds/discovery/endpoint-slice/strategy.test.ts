import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestKinds, type TestKinds } from '../../../registry/testing-kinds.ts';

const type = 'discovery.k8s.io/endpointslices';
let kinds: TestKinds;

beforeAll(async () => {
  kinds = await openTestKinds();
});

afterAll(() => kinds.close());

const slice = (endpoint: object, more: object = {}) => ({
  addressType: 'IPv4',
  endpoints: [{ addresses: ['10.1.2.3'], ...endpoint }],
  ...more,
});
const names = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `n${index}` }));

describe('an EndpointSlice is refused', () => {
  it.each<[string, object, readonly string[]]>([
    [
      'no type of addresses',
      { ports: [{}, {}] },
      ['addressType: Required value', 'ports[1].name: Duplicate value: ""'],
    ],
    [
      'a type that there is not',
      { addressType: 'IPX' },
      ['addressType: Unsupported value: "IPX": supported values: "FQDN", "IPv4", "IPv6"'],
    ],
    [
      'addresses of others',
      slice({ addresses: ['fd00::1', '127.0.0.1', '010.0.0.1', 'x', '224.0.0.1'] }),
      [
        'endpoints[0].addresses: Invalid value: "fd00::1": must be an IPv4 address',
        'endpoints[0].addresses[1]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
        'endpoints[0].addresses[2]: Invalid value: "010.0.0.1": must not have leading 0s',
        'endpoints[0].addresses[3]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        'endpoints[0].addresses[4]: Invalid value: "224.0.0.1": may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)',
      ],
    ],
    [
      'addresses in other addresses, and with zones',
      slice({ addresses: ['::ffff:10.0.0.1', 'fe80::1%eth0'] }, { addressType: 'IPv6' }),
      [
        'endpoints[0].addresses[0]: Invalid value: "::ffff:10.0.0.1": must not be an IPv4-mapped IPv6 address',
        'endpoints[0].addresses[1]: Invalid value: "fe80::1%eth0": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      ],
    ],
    [
      'domains that are none',
      slice({ addresses: ['', 'host', 'a..b', `${'x'.repeat(64)}.io`] }, { addressType: 'FQDN' }),
      [
        'endpoints[0].addresses[0]: Required value',
        'endpoints[0].addresses[1]: Invalid value: "host": should be a domain with at least two segments separated by dots',
        expect.stringContaining('endpoints[0].addresses[2]: Invalid value: "a..b": a lowercase RFC 1123 subdomain'),
        `endpoints[0].addresses[3]: Invalid value: "${'x'.repeat(64)}": must be no more than 63 bytes`,
      ],
    ],
    [
      'no address',
      slice({ addresses: [] }),
      ['endpoints[0].addresses: Required value: must contain at least 1 address'],
    ],
    [
      'too many addresses',
      slice({ addresses: Array(101).fill('10.1.2.3') }),
      ['endpoints[0].addresses: Too many: 101: must have at most 100 items'],
    ],
    [
      'too many endpoints',
      { addressType: 'IPv4', endpoints: Array(1001).fill({}) },
      ['endpoints: Too many: 1001: must have at most 1000 items'],
    ],
    [
      'names that are none',
      slice({ nodeName: '', hostname: 'a.b' }),
      [
        expect.stringContaining('endpoints[0].nodeName: Invalid value: "": a lowercase RFC 1123 subdomain'),
        'endpoints[0].hostname: Invalid value: "a.b": must not contain dots',
      ],
    ],
    [
      'too many hints',
      slice({ hints: { forZones: names(9), forNodes: names(9) } }),
      [
        'endpoints[0].hints.forZones: Too many: 9: must have at most 8 items',
        'endpoints[0].hints.forNodes: Too many: 9: must have at most 8 items',
      ],
    ],
    [
      'hints of no zone and no node',
      slice({ hints: { forZones: [{ name: 'z' }, { name: 'z' }, { name: '-' }], forNodes: [{ name: 'N' }, {}, {}] } }),
      [
        'endpoints[0].hints.forZones[1].name: Duplicate value: "z"',
        expect.stringContaining('endpoints[0].hints.forZones[2].name: Invalid value: "-": a valid label must be'),
        expect.stringContaining(
          'endpoints[0].hints.forNodes[0].name: Invalid value: "N": a lowercase RFC 1123 subdomain',
        ),
        expect.stringContaining(
          'endpoints[0].hints.forNodes[1].name: Invalid value: "": a lowercase RFC 1123 subdomain',
        ),
        'endpoints[0].hints.forNodes[2].name: Duplicate value: ""',
        expect.stringContaining(
          'endpoints[0].hints.forNodes[2].name: Invalid value: "": a lowercase RFC 1123 subdomain',
        ),
      ],
    ],
    [
      'ports that are none',
      slice({}, { ports: [{ name: 'A', protocol: 'ICMP', appProtocol: '' }] }),
      [
        expect.stringContaining('ports[0].name: Invalid value: "A": a lowercase RFC 1123 label'),
        'ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
        'ports[0].appProtocol: Invalid value: "": name part must be non-empty',
        expect.stringContaining('ports[0].appProtocol: Invalid value: "": name part must consist of'),
      ],
    ],
  ])('for %s', async (_, object, expected) => {
    expect(await kinds.created(type, object)).toEqual(expected);
  });

  it('for another type of addresses', async () => {
    expect(await kinds.changed(type, slice({}), { addressType: 'IPv6', endpoints: [] })).toEqual([
      'addressType: Invalid value: "IPv6": field is immutable',
    ]);
  });
});

describe('an EndpointSlice', () => {
  it.each([
    ['hints', slice({ hints: { forZones: names(8), forNodes: names(8) } })],
    ['a domain with its last dot', slice({ addresses: ['a.example.com.'] }, { addressType: 'FQDN' })],
    ['ports of any number', slice({}, { ports: [{ name: 'a' }, { name: 'b', port: 0, appProtocol: 'a.io/b' }] })],
  ])('may have %s', async (_, object) => {
    expect(await kinds.created(type, object)).toEqual([]);
  });

  it('takes no topology through v1', async () => {
    const made = await kinds.stored(type, slice({ deprecatedTopology: { 'kubernetes.io/hostname': 'n' } }));
    expect(made['endpoints']).toEqual([{ addresses: ['10.1.2.3'], conditions: {} }]);
  });
});
