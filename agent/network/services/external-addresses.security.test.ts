// Who writes a Service in one namespace takes no other Service's address, and no DNS server's or API server's, by calling it external.

import { expect, it } from 'vitest';
import type { V1Service } from '../../../generated/kubernetes.ts';
import { tried } from '../../../test/tools/tried.ts';
import { ipv4 } from '../nft/family.ts';
import { service, slice } from '../testing/objects.ts';
import { serviceRules } from './rules.ts';
import { servicePorts } from './service-port.ts';

const network = {
  family: ipv4,
  podCIDR: '10.244.1.0/24',
  clusterCIDR: '10.244.0.0/16',
  serviceCIDR: '10.96.0.0/16',
  clusterDNS: '10.96.0.10',
  bridge: 'zp-pods',
};
const api = service('kubernetes', '10.96.0.1', { ports: [{ name: 'https', port: 443, protocol: 'TCP' }] });
const victims = [api, service('web', '10.96.1.1'), service('idle', '10.96.1.2'), service('more', '10.97.0.1')];
const slices = [
  slice('kubernetes', [{ ip: '192.0.2.1' }], [{ name: 'https', port: 6443, protocol: 'TCP' }]),
  slice('web', [{ ip: '10.244.1.5' }]),
];

function taker(namespace: string, address: string, port: number, protocol: string): V1Service {
  const ports = [{ name: 'http', port, protocol }];
  const made = service('taker', '10.96.9.9', { externalIPs: [address], ports });
  return { ...made, metadata: { ...made.metadata, namespace } };
}

const taken = [
  ['a Service', '10.96.1.1', 80, 'TCP'],
  ['a Service that has no pods', '10.96.1.2', 80, 'TCP'],
  ['a Service of another range', '10.97.0.1', 80, 'TCP'],
  ['the API', '10.96.0.1', 443, 'TCP'],
  ["the cluster's DNS", '10.96.0.10', 53, 'UDP'],
  ['a Service to come', '10.96.200.200', 80, 'TCP'],
  ['the API server itself', '192.0.2.1', 6443, 'TCP'],
] as const;

const rulesWith = (services: V1Service[], own: readonly ReturnType<typeof slice>[]) =>
  serviceRules(servicePorts(services, [...slices, ...own], { nodeName: 'node-1' }), network);

it.each(taken)('the address of %s is taken by nobody', (_what, address, port, protocol) => {
  const before = rulesWith(victims, []);
  // The order of names decides who comes last.
  for (const namespace of ['aaa', 'zzz']) {
    for (const ready of [true, false]) {
      const own = slice('taker', ready ? [{ ip: '10.244.1.66' }] : [], [{ name: 'http', port: 8080, protocol }]);
      const evil = { ...own, metadata: { ...own.metadata, namespace } };
      const after = rulesWith([...victims, taker(namespace, address, port, protocol)], [evil]);
      const id = `${address}/${protocol.toLowerCase()}/${port}`;
      for (const set of ['service-ips', 'no-endpoint-services'])
        expect(after.sets.get(set)?.elements.get(id)?.value, set).toEqual(
          before.sets.get(set)?.elements.get(id)?.value,
        );
      tried('addresses that a Service calls its own');
    }
  }
});

it('any other address is, and so is another port beside the API server', () => {
  for (const [address, port] of [
    ['203.0.113.1', 80],
    ['192.0.2.1', 80],
  ] as const) {
    const evil = slice('taker', [{ ip: '10.244.1.66' }]);
    const after = rulesWith([...victims, taker('default', address, port, 'TCP')], [evil]);
    expect(after.sets.get('service-ips')?.elements.has(`${address}/tcp/${port}`)).toBe(true);
  }
});
