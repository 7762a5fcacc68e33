// EC2 in small: DescribeInstances by instance id, in the service's own form. Source: EC2 API reference, DescribeInstances; the answer
// has the elements and order of a recorded one, without those that nobody here reads.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Ec2Instance {
  state: 'pending' | 'running' | 'stopping' | 'stopped' | 'shutting-down' | 'terminated';
  readonly type: string;
  readonly zone: string;
  readonly privateIp: string;
  readonly publicIp?: string;
}

export interface Ec2Server {
  readonly url: string;
  /** By id: change it, and the next answer says so. */
  readonly instances: Map<string, Ec2Instance>;
  requests: number;
  close(): Promise<void>;
}

const stateCodes = { pending: 0, running: 16, 'shutting-down': 32, terminated: 48, stopping: 64, stopped: 80 };

export async function startEc2Server(host: string): Promise<Ec2Server> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    started.requests++;
    if (form.get('Action') !== 'DescribeInstances' || form.get('Filter.1.Name') !== 'instance-id') {
      response.writeHead(400, { 'content-type': 'text/xml' });
      response.end(
        '<Response><Errors><Error><Code>InvalidAction</Code><Message>no</Message></Error></Errors></Response>',
      );
      return;
    }
    const asked = [...form].filter(([key]) => key.startsWith('Filter.1.Value.')).map(([, value]) => value);
    const items = asked.flatMap((id) => {
      const instance = started.instances.get(id);
      return instance ? [itemOf(id, instance)] : [];
    });
    response.writeHead(200, { 'content-type': 'text/xml;charset=UTF-8' });
    response.end(
      `<?xml version="1.0" encoding="UTF-8"?>\n<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r-1</requestId><reservationSet>${items.join('')}</reservationSet></DescribeInstancesResponse>`,
    );
  });
  server.listen(0, host);
  await once(server, 'listening');
  const started: Ec2Server = {
    // A TCP server's address is never a string, and is there while it listens.
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    instances: new Map(),
    requests: 0,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return started;
}

function itemOf(id: string, { state, type, zone, privateIp, publicIp }: Ec2Instance): string {
  const host = (ip: string) => ip.replaceAll('.', '-');
  return [
    `<item><reservationId>r-${id}</reservationId><ownerId>000000000000</ownerId><groupSet/><instancesSet><item>`,
    `<instanceId>${id}</instanceId><imageId>ami-1</imageId>`,
    `<instanceState><code>${stateCodes[state]}</code><name>${state}</name></instanceState>`,
    `<privateDnsName>ip-${host(privateIp)}.ec2.internal</privateDnsName>`,
    `<dnsName>${publicIp ? `ec2-${host(publicIp)}.compute-1.amazonaws.com` : ''}</dnsName>`,
    `<instanceType>${type}</instanceType><launchTime>2026-01-01T00:00:00.000Z</launchTime>`,
    `<placement><availabilityZone>${zone}</availabilityZone><groupName/><tenancy>default</tenancy></placement>`,
    `<privateIpAddress>${privateIp}</privateIpAddress>`,
    publicIp ? `<ipAddress>${publicIp}</ipAddress>` : '',
    `<architecture>arm64</architecture><rootDeviceType>ebs</rootDeviceType>`,
    '</item></instancesSet></item>',
  ].join('');
}
