import { describe, expect, it } from 'vitest';
import { service, slice } from '../testing/objects.ts';
import { servicePorts } from './service-port.ts';
import { staleFlows } from './stale-flows.ts';

const here = { nodeName: 'node-1', zone: 'z1' };
const web = service('web', '10.96.1.1');
const ips = (endpoints: Parameters<typeof slice>[1], topology = here) => {
  const [port] = servicePorts([web], [slice('web', endpoints)], topology);
  return { cluster: port?.cluster.map((endpoint) => endpoint.ip), local: port?.local.map((endpoint) => endpoint.ip) };
};

describe('the endpoints of a service port', () => {
  it('are the ready ones, those of this node apart', () => {
    const endpoints = [{ ip: '10.0.0.1' }, { ip: '10.0.0.2', nodeName: 'node-2' }, { ip: '10.0.0.3', ready: false }];
    expect(ips(endpoints)).toEqual({ cluster: ['10.0.0.1', '10.0.0.2'], local: ['10.0.0.1'] });
  });

  it('are those that serve while they terminate, only when none is ready', () => {
    const leaving = { ready: false, serving: true, terminating: true };
    const gone = { ip: '10.0.0.3', ready: false, serving: false, terminating: true };
    expect(ips([{ ip: '10.0.0.1', ...leaving }, gone])).toEqual({ cluster: ['10.0.0.1'], local: ['10.0.0.1'] });
    expect(
      ips([
        { ip: '10.0.0.1', ...leaving },
        { ip: '10.0.0.2', nodeName: 'node-2' },
      ]),
    ).toEqual({
      cluster: ['10.0.0.2'],
      // A Local policy would rather use a leaving endpoint here than none.
      local: ['10.0.0.1'],
    });
  });

  it('follow zone hints only when every ready endpoint has one and one is for us', () => {
    const near = { ip: '10.0.0.1', zones: ['z1'] };
    const far = { ip: '10.0.0.2', zones: ['z2'] };
    expect(ips([near, far]).cluster).toEqual(['10.0.0.1']);
    expect(ips([near, far, { ip: '10.0.0.3' }]).cluster).toHaveLength(3);
    expect(ips([far]).cluster).toEqual(['10.0.0.2']);
  });

  it('come once, though an endpoint is in two slices', () => {
    const [port] = servicePorts([web], [slice('web', [{ ip: '10.0.0.1' }]), slice('web', [{ ip: '10.0.0.1' }])], here);
    expect(port?.cluster).toEqual([{ ip: '10.0.0.1', port: 8080, local: true }]);
  });

  it('are found by the name of the port and its protocol', () => {
    const ports = [
      { name: 'dns', port: 53, protocol: 'UDP' },
      { name: 'dns-tcp', port: 53, protocol: 'TCP' },
    ];
    const targets = [
      { name: 'dns', port: 5353, protocol: 'UDP' },
      { name: 'dns-tcp', port: 5354, protocol: 'TCP' },
    ];
    const made = servicePorts(
      [service('dns', '10.96.1.2', { ports })],
      [slice('dns', [{ ip: '10.0.0.1' }], targets)],
      here,
    );
    expect(made.map((port) => [port.id, port.cluster[0]?.port])).toEqual([
      ['default/dns/tcp/dns-tcp', 5354],
      ['default/dns/udp/dns', 5353],
    ]);
  });
});

describe('the Services that have rules', () => {
  it('are those with an IPv4 cluster address, not headless, external or another proxy’s', () => {
    const foreign = service('foreign', '10.96.1.3');
    foreign.metadata = { ...foreign.metadata, labels: { 'service.kubernetes.io/service-proxy-name': 'other' } };
    const services = [
      service('headless', 'None'),
      service('external', '', { type: 'ExternalName', externalName: 'example.org' }),
      service('six', 'fd00::1'),
      service('dual', 'fd00::2', { clusterIPs: ['fd00::2', '10.96.1.4'] }),
      foreign,
    ];
    expect(servicePorts(services, [], here).map((port) => port.clusterIP)).toEqual(['10.96.1.4']);
  });

  it('skip load balancer addresses that are proxies, and IPv6 ones', () => {
    const balanced = {
      ...service('lb', '10.96.1.5', { type: 'LoadBalancer', externalIPs: ['192.0.2.1', '2001:db8::1'] }),
      status: {
        loadBalancer: { ingress: [{ ip: '192.0.2.2' }, { ip: '192.0.2.3', ipMode: 'Proxy' }, { hostname: 'x' }] },
      },
    };
    expect(servicePorts([balanced], [], here)[0]?.externalIPs).toEqual(['192.0.2.1', '192.0.2.2']);
  });
});

describe('stale UDP flows', () => {
  const udp = (...addresses: string[]) =>
    servicePorts(
      [
        service('u', '10.96.1.7', {
          type: 'NodePort',
          ports: [{ name: 'u', port: 53, protocol: 'UDP', nodePort: 30053 }],
        }),
      ],
      [
        slice(
          'u',
          addresses.map((ip) => ({ ip })),
          [{ name: 'u', port: 53, protocol: 'UDP' }],
        ),
      ],
      here,
    );
  const flow = (...args: string[]) => ['-D', '-f', 'ipv4', '-p', 'udp', ...args];

  it('are those to an endpoint that left, by every entrance', () => {
    expect(staleFlows(udp('10.0.0.1', '10.0.0.2'), udp('10.0.0.2'))).toEqual([
      flow('--orig-dst', '10.96.1.7', '--orig-port-dst', '53', '--dst-nat', '10.0.0.1'),
      flow('--orig-port-dst', '30053', '--dst-nat', '10.0.0.1'),
    ]);
  });

  it('are those that passed the Service by while it had no endpoint', () => {
    expect(staleFlows(udp(), udp('10.0.0.1'))).toEqual([
      flow('--orig-dst', '10.96.1.7', '--orig-port-dst', '53'),
      flow('--orig-port-dst', '30053'),
    ]);
  });

  it('are none when an endpoint is added, nor for TCP', () => {
    expect(staleFlows(udp('10.0.0.1'), udp('10.0.0.1', '10.0.0.2'))).toEqual([]);
    const tcp = (ip: string) => servicePorts([web], [slice('web', [{ ip }])], here);
    expect(staleFlows(tcp('10.0.0.1'), tcp('10.0.0.2'))).toEqual([]);
  });
});
