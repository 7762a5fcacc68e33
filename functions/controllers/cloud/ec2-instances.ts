// The machines of a cluster that are EC2 instances of its own account and region. Lookups at the same time are one request.
// Source: EC2 API, DescribeInstances.

import type { EC2Client, Instance } from '@aws-sdk/client-ec2';
import type { V1NodeAddress } from '../../../generated/kubernetes.ts';
import type { CloudInstance, CloudInstances, CloudNode } from './cloud-instances.ts';

const instanceId = /^i-[0-9a-f]{8,17}$/;
/** `aws:///zone/instance`; a zone is its region and a letter. */
const providerId = /^aws:\/\/\/(?<region>[a-z0-9-]+-\d)[a-z][a-z0-9-]*\/(?<id>i-[0-9a-f]{8,17})$/;
/** A filter takes so many values. */
const most = 200;

export function createEc2Instances(region: string): CloudInstances {
  let client: Promise<EC2Client> | undefined;
  let waiting: { readonly id: string; resolve(found: Instance | undefined): void; reject(error: unknown): void }[] = [];

  const lookUp = (id: string): Promise<Instance | undefined> => {
    if (waiting.length === 0) setImmediate(() => void flush());
    return new Promise((resolve, reject) => {
      waiting.push({ id, resolve, reject });
    });
  };
  const flush = async (): Promise<void> => {
    const asked = waiting;
    waiting = [];
    try {
      const found = await describe([...new Set(asked.map(({ id }) => id))]);
      for (const { id, resolve } of asked) resolve(found.get(id));
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  };
  const describe = async (ids: readonly string[]): Promise<ReadonlyMap<string, Instance>> => {
    // Large, and of use only where nodes are instances: loaded when one is asked for.
    const { DescribeInstancesCommand, EC2Client: Client } = await import('@aws-sdk/client-ec2');
    client ??= Promise.resolve(new Client({ region }));
    const found = new Map<string, Instance>();
    for (let first = 0; first < ids.length; first += most) {
      let next: string | undefined;
      do {
        // A filter, because one id that is unknown would fail a request for InstanceIds as a whole.
        const Filters = [{ Name: 'instance-id', Values: ids.slice(first, first + most) }];
        const answer = await (await client).send(
          new DescribeInstancesCommand({ Filters, ...(next !== undefined && { NextToken: next }) }),
        );
        for (const each of (answer.Reservations ?? []).flatMap(({ Instances = [] }) => Instances))
          if (each.InstanceId !== undefined) found.set(each.InstanceId, each);
        next = answer.NextToken || undefined;
      } while (next !== undefined);
    }
    return found;
  };
  return {
    covers: (node) => idOf(node, region) !== undefined,
    async find(node) {
      const id = idOf(node, region);
      const instance = id === undefined ? undefined : await lookUp(id);
      return instance && asCloudInstance(instance, region);
    },
  };
}

/** Of another region nothing is known here: its nodes are not covered. */
function idOf({ name, providerID }: CloudNode, region: string): string | undefined {
  if (providerID === undefined) return instanceId.test(name) ? name : undefined;
  const groups = providerId.exec(providerID)?.groups;
  return groups?.['region'] === region ? groups['id'] : undefined;
}

/** Pure. A terminated instance is still told of for about an hour: it is gone all the same. */
function asCloudInstance(instance: Instance, region: string): CloudInstance | undefined {
  const {
    InstanceId,
    State,
    Placement,
    InstanceType,
    PrivateIpAddress,
    PrivateDnsName,
    PublicIpAddress,
    PublicDnsName,
  } = instance;
  const zone = Placement?.AvailabilityZone;
  if (!zone || State?.Name === 'terminated') return undefined;
  const addresses: [V1NodeAddress['type'], string | undefined][] = [
    ['InternalIP', PrivateIpAddress],
    ['InternalDNS', PrivateDnsName],
    ['ExternalIP', PublicIpAddress],
    ['ExternalDNS', PublicDnsName],
  ];
  return {
    providerID: `aws:///${zone}/${InstanceId}`,
    state: State?.Name === 'stopped' || State?.Name === 'stopping' ? 'stopped' : 'running',
    region,
    zone,
    type: InstanceType ?? 'unknown',
    addresses: addresses.flatMap(([type, address]) => (address ? [{ type, address }] : [])),
  };
}
