import { describe, expect, it } from 'vitest';
import { pod, service, slice } from '../testing/objects.ts';
import { answer, type Reply } from './answer.ts';
import { buildZone } from './zone.ts';

const tcp = (name: string, port: number) => [{ name, port, protocol: 'TCP' }];
const zone = buildZone({
  domain: 'cluster.local',
  clusterDNS: ['10.96.0.10'],
  reverse: ['10.96.0.0/16', '10.244.0.0/16'],
  namespaces: [{ metadata: { name: 'default' } }, { metadata: { name: 'empty' } }],
  services: [
    service('web', '10.96.1.1'),
    service('db', 'None', { ports: tcp('pg', 5432) }),
    service('lonely', 'None'),
    service('eager', 'None', { publishNotReadyAddresses: true }),
    { metadata: { name: 'outer', namespace: 'default' }, spec: { type: 'ExternalName', externalName: 'example.org' } },
    {
      metadata: { name: 'inner', namespace: 'default' },
      spec: { type: 'ExternalName', externalName: 'web.default.svc.cluster.local' },
    },
    {
      metadata: { name: 'circle', namespace: 'default' },
      spec: { type: 'ExternalName', externalName: 'circle.default.svc.cluster.local' },
    },
  ],
  endpointSlices: [
    slice(
      'db',
      [
        { ip: '10.244.1.2', hostname: 'db-0' },
        { ip: '10.244.2.3' },
        { ip: '10.244.2.4', hostname: 'db-2', ready: false },
      ],
      tcp('pg', 5433),
    ),
    slice('eager', [{ ip: '10.244.1.9', hostname: 'e', ready: false }]),
  ],
});

function ask(name: string, type = 'A'): Reply {
  const reply = answer(zone, { name, type });
  if (reply === undefined) throw new Error(`${name} would be forwarded`);
  return reply;
}
const data = (reply: Reply) => reply.answers.map((record) => ('data' in record ? record.data : undefined));

describe('the answer of cluster DNS', () => {
  it('is the cluster address of a Service, whatever the case of the question, under the name as asked', () => {
    const reply = ask('Web.Default.svc.cluster.local');
    expect(reply.answers).toEqual([{ type: 'A', name: 'Web.Default.svc.cluster.local', ttl: 5, data: '10.96.1.1' }]);
  });

  it('is SRV for a named port, with the address of the target beside it', () => {
    const reply = ask('_http._tcp.web.default.svc.cluster.local', 'SRV');
    expect(data(reply)).toEqual([{ priority: 0, weight: 100, port: 80, target: 'web.default.svc.cluster.local' }]);
    expect(reply.additionals).toEqual([
      { type: 'A', name: 'web.default.svc.cluster.local', ttl: 5, data: '10.96.1.1' },
    ]);
  });

  it('is PTR for service addresses and headless endpoints', () => {
    expect(data(ask('1.1.96.10.in-addr.arpa', 'PTR'))).toEqual(['web.default.svc.cluster.local']);
    expect(data(ask('2.1.244.10.in-addr.arpa', 'PTR'))).toEqual(['db-0.db.default.svc.cluster.local']);
    expect(ask('9.9.96.10.in-addr.arpa', 'PTR').rcode).toBe('NXDOMAIN');
  });

  it('is every ready endpoint of a headless Service, by its name and by host name', () => {
    expect(data(ask('db.default.svc.cluster.local')).sort()).toEqual(['10.244.1.2', '10.244.2.3']);
    expect(data(ask('db-0.db.default.svc.cluster.local'))).toEqual(['10.244.1.2']);
    expect(data(ask('10-244-2-3.db.default.svc.cluster.local'))).toEqual(['10.244.2.3']);
    expect(ask('db-2.db.default.svc.cluster.local').rcode).toBe('NXDOMAIN');
    expect(data(ask('_pg._tcp.db.default.svc.cluster.local', 'SRV'))).toContainEqual({
      priority: 0,
      weight: 100,
      port: 5433,
      target: 'db-0.db.default.svc.cluster.local',
    });
  });

  it('counts unready endpoints where the Service publishes them', () => {
    expect(data(ask('e.eager.default.svc.cluster.local'))).toEqual(['10.244.1.9']);
  });

  it('gives another endpoint first from one question to the next', () => {
    const first = () => data(ask('db.default.svc.cluster.local'))[0];
    expect(new Set([first(), first()]).size).toBe(2);
  });

  it('is an alias for ExternalName: followed inside the zone, handed on outside, ended in a circle', () => {
    expect(data(ask('inner.default.svc.cluster.local'))).toEqual(['web.default.svc.cluster.local', '10.96.1.1']);
    const outer = ask('outer.default.svc.cluster.local');
    expect(data(outer)).toEqual(['example.org']);
    expect(outer.alias).toBe('example.org');
    expect(ask('outer.default.svc.cluster.local', 'CNAME').alias).toBeUndefined();
    expect(ask('circle.default.svc.cluster.local').answers).toHaveLength(8);
  });

  it('is the address in the name of a pod record, in a namespace that exists', () => {
    const { status } = pod('p', '10.244.1.7');
    const host = status?.podIP?.replaceAll('.', '-');
    expect(data(ask(`${host}.default.pod.cluster.local`))).toEqual(['10.244.1.7']);
    for (const name of [`${host}.nowhere.pod`, '10-244-1-999.default.pod', `x.${host}.default.pod`, 'a.default.pod']) {
      expect(ask(`${name}.cluster.local`).rcode, name).toBe('NXDOMAIN');
    }
  });

  it('is empty with SOA for a name that has no such record, NXDOMAIN with SOA for a name that is not there', () => {
    for (const name of ['web.default', 'lonely.default', 'default', 'empty']) {
      const reply = ask(`${name}.svc.cluster.local`, 'AAAA');
      expect([reply.rcode, reply.answers.length, reply.authorities[0]?.type], name).toEqual(['NOERROR', 0, 'SOA']);
    }
    const missing = ask('example.org.default.svc.cluster.local');
    expect([missing.rcode, missing.authorities[0]?.type]).toEqual(['NXDOMAIN', 'SOA']);
  });

  it('names its server and its version of the specification', () => {
    expect(data(ask('dns-version.cluster.local', 'TXT'))).toEqual(['1.1.0']);
    expect(data(ask('cluster.local', 'NS'))).toEqual(['ns.dns.cluster.local']);
    expect(data(ask('ns.dns.cluster.local'))).toEqual(['10.96.0.10']);
  });

  it('is AAAA, and PTR under ip6.arpa, where Services and endpoints have addresses of both families', () => {
    const both = buildZone({
      domain: 'cluster.local',
      clusterDNS: ['10.96.0.10', 'fd00:96::a'],
      reverse: ['10.96.0.0/16', 'fd00:96::/112', 'fd00:244::/56'],
      namespaces: [{ metadata: { name: 'default' } }],
      services: [
        service('web', '10.96.1.1', { clusterIPs: ['10.96.1.1', 'fd00:96::11'] }),
        service('six', 'fd00:96::6'),
        service('db', 'None', { ports: tcp('pg', 5432) }),
      ],
      endpointSlices: [
        slice('db', [{ ip: '10.244.1.2', hostname: 'db-0' }], tcp('pg', 5433)),
        slice('db', [{ ip: 'fd00:244::2', hostname: 'db-0' }, { ip: 'fd00:244::3' }], tcp('pg', 5433)),
      ],
    });
    const asked = (name: string, type: string) => {
      const reply = answer(both, { name, type });
      return reply && [...reply.answers, ...reply.additionals].map((record) => ('data' in record ? record.data : ''));
    };
    expect(asked('web.default.svc.cluster.local', 'A')).toEqual(['10.96.1.1']);
    expect(asked('web.default.svc.cluster.local', 'AAAA')).toEqual(['fd00:96::11']);
    // A name without an address of the family that is asked for is there all the same: resolvers go on to the other.
    expect(answer(both, { name: 'six.default.svc.cluster.local', type: 'A' })).toMatchObject({
      rcode: 'NOERROR',
      answers: [],
    });
    expect(asked('db.default.svc.cluster.local', 'AAAA')?.sort()).toEqual(['fd00:244::2', 'fd00:244::3']);
    expect(asked('fd00-244--3.db.default.svc.cluster.local', 'AAAA')).toEqual(['fd00:244::3']);
    const srv = asked('_pg._tcp.db.default.svc.cluster.local', 'SRV')?.filter((data) => typeof data === 'string');
    expect(srv?.sort()).toEqual(['10.244.1.2', 'fd00:244::2', 'fd00:244::3']);
    const reverse = (digits: string) => `${[...digits].reverse().join('.')}.ip6.arpa`;
    expect(asked(reverse('fd000096000000000000000000000011'), 'PTR')).toEqual(['web.default.svc.cluster.local']);
    expect(asked(reverse('fd000244000000000000000000000002'), 'PTR')).toEqual(['db-0.db.default.svc.cluster.local']);
    expect(asked(reverse('fd000244000000000000000000000009'), 'PTR')).toEqual([]);
    expect(asked(reverse('20010db8000000000000000000000001'), 'PTR')).toBeUndefined();
    expect(asked('fd00-244--7.default.pod.cluster.local', 'AAAA')).toEqual(['fd00:244::7']);
    expect(answer(both, { name: 'fd00-zz--7.default.pod.cluster.local', type: 'AAAA' })?.rcode).toBe('NXDOMAIN');
    expect(asked('ns.dns.cluster.local', 'AAAA')).toEqual(['fd00:96::a']);
  });

  it('is somebody else’s for other names', () => {
    for (const name of ['example.org', 'notcluster.local', '1.0.0.127.in-addr.arpa', 'xcluster.local']) {
      expect(answer(zone, { name, type: 'A' }), name).toBeUndefined();
    }
  });
});
