import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Answer, decode, encode, type Packet, streamDecode, streamEncode } from 'dns-packet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { service, slice } from '../testing/objects.ts';
import { createClusterDns } from './cluster-dns.ts';
import { nameservers } from './upstream.ts';

/** A UDP resolver on loopback that knows one address for every name; it counts the questions. */
async function resolver(address: string): Promise<{ port: number; asked: string[]; close(): void }> {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (message, from) => {
    const query = decode(message);
    const name = query.questions?.[0]?.name ?? '';
    asked.push(name);
    const answers = [{ type: 'A' as const, name, ttl: 60, data: address }];
    const reply = encode({ type: 'response', id: query.id ?? 0, flags: 0, questions: query.questions ?? [], answers });
    setTimeout(() => socket.send(reply, from.port, from.address), 20);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return { port: socket.address().port, asked, close: () => socket.close() };
}

/** A port that is free for UDP and TCP on loopback. */
async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

describe('the DNS server', () => {
  let directory: string;
  let resolvConf: string;
  let port: number;
  let dns: ReturnType<typeof createClusterDns>;
  let client: Resolver;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'zp-dns-'));
    resolvConf = join(directory, 'resolv.conf');
    await writeFile(resolvConf, '');
    port = await freePort();
    dns = createClusterDns({
      domain: 'cluster.local',
      clusterDNS: ['127.0.0.1', '::1'],
      port,
      reverse: ['10.96.0.0/16'],
      resolvConf,
      onError: (error) => {
        throw error;
      },
    });
    await dns.start();
    client = new Resolver({ timeout: 3000, tries: 1 });
    client.setServers([`127.0.0.1:${port}`]);
  });
  afterEach(async () => {
    await dns.stop();
    await rm(directory, { recursive: true });
  });

  const outer = {
    metadata: { name: 'outer', namespace: 'default' },
    spec: { type: 'ExternalName', externalName: 'example.org' },
  };
  const update = (count = 1) =>
    dns.update({
      services: [service('web', '10.96.1.1'), service('many', 'None'), outer],
      endpointSlices: [
        slice(
          'many',
          Array.from({ length: count }, (_, index) => ({ ip: `10.244.1.${index + 1}` })),
        ),
      ],
      namespaces: [{ metadata: { name: 'default' } }],
    });
  const overUdp = (query: Buffer): Promise<Buffer> =>
    new Promise((resolve) => {
      const socket = createSocket('udp4');
      socket.once('message', (message) => {
        socket.close();
        resolve(message);
      });
      socket.send(query, port, '127.0.0.1');
    });

  it('fails rather than denies while it knows nothing', async () => {
    // Raw: c-ares would hide the code behind its next step.
    const questions = [{ type: 'A' as const, name: 'web.default.svc.cluster.local' }];
    expect((await overUdp(encode({ type: 'query', id: 1, questions }))).readUInt16BE(2) & 0xf).toBe(2);
  });

  it('answers a real resolver: addresses, services, reverse names, absence', async () => {
    update();
    expect(await client.resolve4('web.default.svc.cluster.local')).toEqual(['10.96.1.1']);
    expect(await client.resolveSrv('_http._tcp.web.default.svc.cluster.local')).toMatchObject([
      { name: 'web.default.svc.cluster.local', port: 80, priority: 0, weight: 100 },
    ]);
    expect(await client.reverse('10.96.1.1')).toEqual(['web.default.svc.cluster.local']);
    await expect(client.resolve4('no.default.svc.cluster.local')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    await expect(client.resolve6('web.default.svc.cluster.local')).rejects.toMatchObject({ code: 'ENODATA' });
  });

  it('cuts what does not fit into a datagram, and gives all of it over TCP', async () => {
    update(200);
    const questions = [{ type: 'A' as const, name: 'many.default.svc.cluster.local' }];
    const small = await overUdp(encode({ type: 'query', id: 7, questions }));
    expect(small.length).toBeLessThanOrEqual(512);
    expect(decode(small)).toMatchObject({ id: 7, flag_tc: true });
    // c-ares offers EDNS, sees the cut and asks over TCP.
    expect(await client.resolve4('many.default.svc.cluster.local')).toHaveLength(200);
  });

  it('uses the size that a client offers by EDNS', async () => {
    update(60);
    const questions = [{ type: 'A' as const, name: 'many.default.svc.cluster.local' }];
    const opt = { type: 'OPT' as const, name: '.', udpPayloadSize: 4096, flags: 0, options: [], flag_do: false };
    const query = encode({
      type: 'query',
      id: 8,
      questions,
      additionals: [{ ...opt, extendedRcode: 0, ednsVersion: 0 } as never],
    });
    const reply = decode(await overUdp(query));
    expect(reply.flag_tc).toBe(false);
    expect(reply.answers).toHaveLength(60);
    expect(reply.additionals?.[0]).toMatchObject({ type: 'OPT', udpPayloadSize: 1232 });
  });

  it('asks the node’s resolver for other names, once for questions at the same time, and follows an external alias', async () => {
    update();
    const upstream = await resolver('192.0.2.7');
    await writeFile(resolvConf, `nameserver 127.0.0.1#${upstream.port}\n`);
    const both = await Promise.all([client.resolve4('example.net'), client.resolve4('example.net')]);
    expect(both).toEqual([['192.0.2.7'], ['192.0.2.7']]);
    expect(upstream.asked).toEqual(['example.net']);
    expect(await client.resolve4('outer.default.svc.cluster.local')).toEqual(['192.0.2.7']);
    upstream.close();
  });

  it('asks the resolver over TCP what it cut over UDP', async () => {
    update();
    const reply = (query: Packet, flags: number, answers: Answer[]) => ({
      type: 'response' as const,
      id: query.id ?? 0,
      flags,
      questions: query.questions ?? [],
      answers,
    });
    const tcp = createTcpServer((client) => {
      client.on('data', (data) => {
        const query = streamDecode(data);
        const name = query.questions?.[0]?.name ?? '';
        client.write(streamEncode(reply(query, 0, [{ type: 'A', name, ttl: 60, data: '192.0.2.9' }])));
      });
    });
    await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
    const address = tcp.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const udp = createSocket('udp4');
    udp.on('message', (message, from) => udp.send(encode(reply(decode(message), 1 << 9, [])), from.port, from.address));
    await new Promise<void>((resolve) => udp.bind(address.port, '127.0.0.1', resolve));
    await writeFile(resolvConf, `nameserver 127.0.0.1#${address.port}\n`);
    // A name of ours that is an alias: we ask. Another name: the client sees the cut, and asks us over TCP.
    expect(await client.resolve4('outer.default.svc.cluster.local')).toEqual(['192.0.2.9']);
    expect(await client.resolve4('example.net')).toEqual(['192.0.2.9']);
    udp.close();
    await new Promise((resolve) => tcp.close(resolve));
  });

  it('passes over a resolver that does not answer', async () => {
    update();
    const upstream = await resolver('192.0.2.8');
    await writeFile(resolvConf, `nameserver 127.0.0.1#${await freePort()}\nnameserver 127.0.0.1#${upstream.port}\n`);
    expect(await client.resolve4('example.net')).toEqual(['192.0.2.8']);
    upstream.close();
  });

  it('says SERVFAIL at once when no resolver can be reached, and when its only resolver is itself', async () => {
    update();
    await writeFile(resolvConf, `nameserver 127.0.0.1#${await freePort()}\n`);
    await expect(client.resolve4('example.net')).rejects.toMatchObject({ code: 'ESERVFAIL' });
    await writeFile(resolvConf, 'nameserver 127.0.0.1\n');
    await expect(client.resolve4('example.net')).rejects.toMatchObject({ code: 'ESERVFAIL' });
  });

  it('survives what is no DNS message', async () => {
    update();
    expect((await overUdp(Buffer.from('0001000000010000000000000000ff', 'hex'))).readUInt16BE(2) & 0xf).toBe(1);
    const framed = streamEncode({
      type: 'query',
      id: 3,
      questions: [{ type: 'A', name: 'web.default.svc.cluster.local' }],
    });
    expect(framed.length).toBeGreaterThan(2);
    expect(await client.resolve4('web.default.svc.cluster.local')).toEqual(['10.96.1.1']);
  });
});

describe('nameservers', () => {
  it('reads resolv.conf without our own address, comments and what is no address', () => {
    const text =
      '# nameserver 1.1.1.1\nsearch x\nnameserver 10.96.0.10\nnameserver 192.0.2.1\n nameserver  2001:db8::1\nnameserver ?\nnameserver 192.0.2.1';
    expect(nameservers(text, ['10.96.0.10'])).toEqual(['192.0.2.1', '2001:db8::1']);
  });
});
