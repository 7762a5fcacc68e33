import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestKinds, type TestKinds } from '../../../registry/testing-kinds.ts';

const type = 'endpoints';
let kinds: TestKinds;

beforeAll(async () => {
  kinds = await openTestKinds();
});

afterAll(() => kinds.close());

const address = { ip: '10.1.2.3' };
const subset = (more: object) => ({ subsets: [{ addresses: [address], ...more }] });

describe('Endpoints are refused', () => {
  it.each<[string, object, readonly string[]]>([
    [
      'no address',
      subset({ addresses: [] }),
      ['subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`'],
    ],
    [
      'addresses that are none',
      subset({
        addresses: [{}],
        notReadyAddresses: [{ ip: '01.2.3.4' }, { ip: '169.254.1.1', hostname: 'A', nodeName: '' }],
      }),
      [
        'subsets[0].addresses[0].ip: Invalid value: "": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        'subsets[0].addresses[0].ip: Invalid value: "": must be a valid IP address',
        'subsets[0].notReadyAddresses[0].ip: Invalid value: "01.2.3.4": must not have leading 0s',
        'subsets[0].notReadyAddresses[0].ip: Invalid value: "01.2.3.4": must be a valid IP address',
        expect.stringContaining(
          'subsets[0].notReadyAddresses[1].hostname: Invalid value: "A": a lowercase RFC 1123 label',
        ),
        expect.stringContaining(
          'subsets[0].notReadyAddresses[1].nodeName: Invalid value: "": a lowercase RFC 1123 subdomain',
        ),
        'subsets[0].notReadyAddresses[1].ip: Invalid value: "169.254.1.1": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
      ],
    ],
    [
      'ports that are none',
      subset({ ports: [{ port: 80 }, { name: 'b', port: 70000, protocol: 'X', appProtocol: 'a b' }] }),
      [
        'subsets[0].ports[0].name: Required value',
        'subsets[0].ports[1].port: Invalid value: 70000: must be between 1 and 65535, inclusive',
        'subsets[0].ports[1].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"',
        expect.stringContaining('subsets[0].ports[1].appProtocol: Invalid value: "a b": name part must consist of'),
      ],
    ],
  ])('for %s', async (_, object, expected) => {
    expect(await kinds.created(type, object)).toEqual(expected);
  });
});
