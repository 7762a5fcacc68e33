import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestKinds, type TestKinds } from '../../../registry/testing-kinds.ts';

const type = 'networking.k8s.io/networkpolicies';
let kinds: TestKinds;

beforeAll(async () => {
  kinds = await openTestKinds();
});

afterAll(() => kinds.close());

const policy = (spec: object) => ({ spec: { podSelector: {}, ...spec } });
const from = (...peers: object[]) => policy({ ingress: [{ from: peers }] });
const block = (cidr: string, ...except: string[]) => ({ ipBlock: { cidr, ...(except.length > 0 && { except }) } });
const ports = (...list: object[]) => policy({ egress: [{ ports: list }] });

describe('a NetworkPolicy is refused', () => {
  it.each<[string, object, readonly string[]]>([
    [
      'ports that are none',
      ports({ port: 0 }, { port: 65536 }, { port: 'HTTP' }, { port: 'a-name-that-is-too-long' }, { protocol: 'ICMP' }),
      [
        'spec.egress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
        'spec.egress[0].ports[1].port: Invalid value: 65536: must be between 1 and 65535, inclusive',
        'spec.egress[0].ports[2].port: Invalid value: "HTTP": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
        'spec.egress[0].ports[2].port: Invalid value: "HTTP": must contain at least one letter (a-z)',
        'spec.egress[0].ports[3].port: Invalid value: "a-name-that-is-too-long": must be no more than 15 bytes',
        'spec.egress[0].ports[4].protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"',
      ],
    ],
    [
      'ranges of ports that are none',
      ports({ port: 80, endPort: 79 }, { port: 80, endPort: 65536 }, { endPort: 80 }, { port: 'http', endPort: 1 }),
      [
        'spec.egress[0].ports[0].endPort: Invalid value: 79: must be greater than or equal to `port`',
        'spec.egress[0].ports[1].endPort: Invalid value: 65536: must be between 1 and 65535, inclusive',
        'spec.egress[0].ports[2].endPort: Invalid value: 80: may not be specified when `port` is not specified',
        'spec.egress[0].ports[3].endPort: Invalid value: 1: may not be specified when `port` is non-numeric',
      ],
    ],
    [
      'peers that are none',
      from({}, { podSelector: {}, ...block('10.0.0.0') }, { namespaceSelector: { matchExpressions: [{ key: 'a' }] } }),
      [
        'spec.ingress[0].from[0]: Required value: must specify a peer',
        'spec.ingress[0].from[1].ipBlock.cidr: Invalid value: "10.0.0.0": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
        'spec.ingress[0].from[1]: Forbidden: may not specify both ipBlock and another peer',
        'spec.ingress[0].from[2].namespaceSelector.matchExpressions[0].operator: Invalid value: "": not a valid selector operator',
      ],
    ],
    [
      'ranges that some read in another way',
      from(block('010.0.0.0/8'), block('10.0.0.1/8'), block('::ffff:10.0.0.0/104'), block('10.0.0.0/08')),
      [
        'spec.ingress[0].from[0].ipBlock.cidr: Invalid value: "010.0.0.0/8": must not have leading 0s in IP or prefix length',
        'spec.ingress[0].from[1].ipBlock.cidr: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length',
        'spec.ingress[0].from[2].ipBlock.cidr: Invalid value: "::ffff:10.0.0.0/104": must not have an IPv4-mapped IPv6 address',
        'spec.ingress[0].from[3].ipBlock.cidr: Invalid value: "10.0.0.0/08": must not have leading 0s in IP or prefix length',
      ],
    ],
    [
      'exceptions that are no part',
      from(block('10.0.0.0/8', '11.0.0.0/16', '10.0.0.0/8', 'x', 'fd00::/8')),
      [
        'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`',
        'spec.ingress[0].from[0].ipBlock.except[1]: Invalid value: "10.0.0.0/8": must be a strict subset of `cidr`',
        'spec.ingress[0].from[0].ipBlock.except[2]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
        'spec.ingress[0].from[0].ipBlock.except[3]: Invalid value: "fd00::/8": must be a strict subset of `cidr`',
      ],
    ],
    [
      'types that there are not',
      policy({ policyTypes: ['Ingress', 'Out'] }),
      ['spec.policyTypes[1]: Unsupported value: "Out": supported values: "Ingress", "Egress"'],
    ],
    [
      'more types than there are',
      policy({ policyTypes: ['Ingress', 'Egress', 'Ingress'] }),
      ['spec.policyTypes: Invalid value: ["Ingress","Egress","Ingress"]: may not specify more than two policyTypes'],
    ],
  ])('for %s', async (_, object, expected) => {
    expect(await kinds.created(type, object)).toEqual(expected);
  });
});

describe('a NetworkPolicy is taken', () => {
  it.each([
    ['with all kinds of peers', from({ podSelector: {}, namespaceSelector: {} }, block('10.0.0.0/8', '10.1.0.0/16'))],
    ['with all kinds of ports', ports({ port: 1, endPort: 2 }, { port: 'http' }, {}, { protocol: 'SCTP', port: 9 })],
  ])('%s', async (_, object) => {
    expect(await kinds.created(type, object)).toEqual([]);
  });
});
