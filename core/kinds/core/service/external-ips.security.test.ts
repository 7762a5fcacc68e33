// A Service takes what is sent to its external addresses, on every node: those of a node itself are none.

import { describe, expect, it } from 'vitest';
import { servicePorts } from '../../../../agent/network/services/service-port.ts';
import { tried } from '../../../../test/tools/tried.ts';
import { openTestRegistry } from '../../../registry/testing.ts';

const special = [
  '127.0.0.1',
  '127.255.255.254',
  '0.0.0.0',
  '169.254.169.254',
  '224.0.0.1',
  '::1',
  '::',
  'fe80::1',
  '::ffff:127.0.0.1',
];

describe('addresses of endpoints', () => {
  it('lead to no node itself, in whatever form they are written', async () => {
    const t = await openTestRegistry();
    try {
      await t.namespace('default');
      for (const address of [...special, '::ffff:7f00:1', '0:0:0:0:0:ffff:a9fe:a9fe']) {
        const slice = {
          metadata: { name: 'bad' },
          addressType: address.includes(':') ? 'IPv6' : 'IPv4',
          endpoints: [{ addresses: [address] }],
          ports: [],
        };
        const refused = { reason: 'Invalid' };
        await expect(t.create('discovery.k8s.io/endpointslices', 'default', slice), address).rejects.toMatchObject(
          refused,
        );
        const endpoints = {
          metadata: { name: 'bad' },
          subsets: [{ addresses: [{ ip: address }], ports: [{ port: 1 }] }],
        };
        await expect(t.create('endpoints', 'default', endpoints), address).rejects.toMatchObject(refused);
        tried('addresses of nodes that a Service would take', 2);
      }
    } finally {
      await t.close();
    }
  });
});

describe('external addresses of a Service', () => {
  it('are no loopback, link-local or unspecified ones, when it is made and when it changes', async () => {
    const t = await openTestRegistry();
    try {
      await t.namespace('default');
      const service = (name: string, externalIPs: string[]) => ({
        metadata: { name },
        spec: { ports: [{ port: 6443 }], externalIPs },
      });
      await t.create('services', 'default', service('good', ['192.0.2.1', '2001:db8::1']));
      const target = t.target('services', 'default', 'good');
      for (const address of special) {
        const refused = { reason: 'Invalid', message: expect.stringContaining('spec.externalIPs[0]') };
        await expect(t.create('services', 'default', service('bad', [address])), address).rejects.toMatchObject(
          refused,
        );
        const patch = { spec: { externalIPs: [address] } };
        await expect(t.registry.patch(t.context, target, 'merge', patch), address).rejects.toMatchObject(refused);
      }
      tried('addresses of nodes that a Service would take', special.length * 2);
    } finally {
      await t.close();
    }
  });

  it('are not programmed on a node where they were stored before', () => {
    const service = {
      metadata: { name: 's', namespace: 'default' },
      spec: {
        clusterIP: '10.96.0.9',
        type: 'LoadBalancer',
        ports: [{ port: 80 }],
        externalIPs: [...special, '192.0.2.1'],
      },
      status: { loadBalancer: { ingress: [{ ip: '127.0.0.1' }, { ip: '192.0.2.2' }] } },
    };
    const [port] = servicePorts([service], [], { nodeName: 'n' });
    expect(port?.externalIPs).toEqual(['192.0.2.1', '192.0.2.2']);
  });
});
