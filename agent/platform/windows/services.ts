// Services on Windows: load balancers of the HNS, each a list of policies over endpoints. What kube-proxy does in its mode kernelspace without
// direct return: cluster addresses, external addresses, node ports. Not here: affinity, source ranges, health checks' ports.

import { createHash } from 'node:crypto';
import type { Endpoint, ServicePort } from '../../network/services/service-port.ts';
import { all, type Hns, type HnsCall, HnsError } from './hns.ts';
import { many, text } from './power-shell.ts';

const numbers = { tcp: 6, udp: 17, sctp: 132 } as const;

/** One way to a Service's port. */
export interface LoadBalancer {
  /** Empty: every address of the node (a node port). */
  readonly vip: string;
  readonly protocol: number;
  readonly externalPort: number;
  readonly internalPort: number;
  /** Addresses of the endpoints. */
  readonly endpoints: readonly string[];
}

/** Pure. One of a Service whose endpoints have different ports is several: a policy has one port for all. */
export function loadBalancers(ports: readonly ServicePort[]): LoadBalancer[] {
  return ports.flatMap((each) => {
    const inside = each.internalLocal ? each.local : each.cluster;
    const outside = each.externalLocal ? each.local : each.cluster;
    return [
      ...one(each, each.clusterIP, each.port, inside),
      // Addresses that only some may reach are not served: HNS asks nobody where he comes from.
      ...each.externalIPs
        .filter((vip) => !each.guardedIPs.includes(vip) || each.sourceRanges.length === 0)
        .flatMap((vip) => one(each, vip, each.port, outside)),
      ...(each.nodePort === undefined ? [] : one(each, '', each.nodePort, outside)),
    ];
  });
}

function one({ protocol }: ServicePort, vip: string, externalPort: number, to: readonly Endpoint[]): LoadBalancer[] {
  const [first] = to;
  if (!first) return [];
  // As kube-proxy: endpoints behind another port than the first one's wait until those are gone.
  const endpoints = to.filter(({ port }) => port === first.port).map(({ ip }) => ip);
  return [
    {
      vip,
      protocol: numbers[protocol],
      externalPort,
      internalPort: first.port,
      endpoints: [...new Set(endpoints)].sort(),
    },
  ];
}

/** What a Service asks for that is not done here, for people; undefined: nothing. */
export function unserved(port: ServicePort): string | undefined {
  const missing = [
    ...(port.affinity === undefined ? [] : ['sessionAffinity']),
    ...(port.sourceRanges.length > 0 ? ['loadBalancerSourceRanges (its address is not served here)'] : []),
    ...(port.healthCheckNodePort === undefined ? [] : ['healthCheckNodePort']),
  ];
  return missing.length === 0
    ? undefined
    : `Service ${port.namespace}/${port.service}: nodes with Windows do not do ${missing.join(', ')}`;
}

export interface WindowsServices {
  /** Makes the HNS have these, and no other of ours. Rejects with HnsError where one could not be made; it is tried again with the next. */
  apply(wanted: readonly LoadBalancer[]): Promise<void>;
  /** Takes all of ours away. */
  remove(): Promise<void>;
}

/** `networkName`: of the switch of the node's pods. `directory`: the state file's reader and writer. */
export function createWindowsServices(hns: Hns, networkName: string, kept: KeptLists): WindowsServices {
  const apply = async (wanted: readonly LoadBalancer[]) => {
    const [networks, endpoints, lists] = await all(hns, [
      { method: 'GET', path: '/networks' },
      { method: 'GET', path: '/endpoints' },
      { method: 'GET', path: '/policylists' },
    ]);
    const network = many(networks).find((each) => text(each, 'Name').toLowerCase() === networkName.toLowerCase());
    if (!network) throw new Error(`the HNS has no network ${networkName}`);
    const networkId = text(network, 'ID');
    const there = new Set(many(lists).map((each) => text(each, 'ID').toLowerCase()));
    // Known by what they were made of; what is gone from the HNS (a restart of it) is made anew.
    const known = new Map([...(await kept.read())].filter(([, { id }]) => there.has(id.toLowerCase())));
    const idOf = new Map(
      many(endpoints)
        .filter((each) => text(each, 'VirtualNetwork').toLowerCase() === networkId.toLowerCase())
        .map((each) => [text(each, 'IPAddress'), text(each, 'ID')]),
    );
    const failures: HnsError[] = [];
    const call = async (calls: readonly HnsCall[]) => {
      const answers = await hns(calls);
      for (const answer of answers) if (answer instanceof HnsError) failures.push(answer);
      return answers.map((answer) => (answer instanceof HnsError ? undefined : answer.output));
    };

    const missing = [...new Set(wanted.flatMap((each) => each.endpoints))].filter((ip) => !idOf.has(ip));
    const made = await call(missing.map((ip) => remoteEndpoint(networkId, ip)));
    for (const [index, ip] of missing.entries()) if (made[index] !== undefined) idOf.set(ip, text(made[index], 'ID'));

    const ready = new Map(
      wanted.flatMap((each) => {
        const references = each.endpoints.map((ip) => idOf.get(ip)).filter((id) => id !== undefined);
        return references.length === 0 ? [] : [[keyOf(each, references), { balancer: each, references }] as const];
      }),
    );
    // The old one first: the HNS refuses a second at the same address and port.
    const stale = [...known].filter(([key]) => !ready.has(key));
    await call(stale.map(([, { id }]) => ({ method: 'DELETE', path: `/policylists/${id}` })));
    for (const [key] of stale) known.delete(key);
    const fresh = [...ready].filter(([key]) => !known.has(key));
    const given = await call(fresh.map(([, { balancer, references }]) => policyList(balancer, references)));
    for (const [index, [key]] of fresh.entries()) {
      const id = text(given[index], 'ID');
      if (id) known.set(key, { id });
    }
    await kept.write(known);

    const used = new Set(wanted.flatMap((each) => each.endpoints));
    const unused = many(endpoints).filter((each) => isOurs(each, networkId) && !used.has(text(each, 'IPAddress')));
    await call(unused.map((each) => ({ method: 'DELETE', path: `/endpoints/${text(each, 'ID')}` })));
    const [failure] = failures;
    if (failure) throw failure;
  };
  return {
    apply,
    async remove() {
      const known = await kept.read();
      await hns([...known.values()].map(({ id }) => ({ method: 'DELETE', path: `/policylists/${id}` })));
      await kept.write(new Map());
    },
  };
}

/** The policy lists that are ours, by what they were made of: nothing in a list itself says so. */
export interface KeptLists {
  read(): Promise<ReadonlyMap<string, { readonly id: string }>>;
  write(lists: ReadonlyMap<string, { readonly id: string }>): Promise<void>;
}

const remoteName = 'zeroplane-remote';

function isOurs(endpoint: unknown, networkId: string): boolean {
  return (
    text(endpoint, 'Name').startsWith(remoteName) &&
    text(endpoint, 'VirtualNetwork').toLowerCase() === networkId.toLowerCase()
  );
}

/** A pod, or whatever else answers, that is not of this machine. */
function remoteEndpoint(networkId: string, ip: string): HnsCall {
  return {
    method: 'POST',
    path: '/endpoints',
    body: {
      Name: `${remoteName}-${ip}`,
      VirtualNetwork: networkId,
      IPAddress: ip,
      MacAddress: macOf(ip),
      IsRemoteEndpoint: true,
    },
  };
}

/** Any will do on a switch that routes; one that is this address' alone, as kube-proxy makes it. */
function macOf(ip: string): string {
  return ['02', '11', ...ip.split('.').map((each) => Number(each).toString(16).padStart(2, '0'))]
    .join('-')
    .toUpperCase();
}

function policyList(
  { vip, protocol, externalPort, internalPort }: LoadBalancer,
  references: readonly string[],
): HnsCall {
  return {
    method: 'POST',
    path: '/policylists',
    body: {
      References: references.map((id) => `/endpoints/${id}`),
      Policies: [
        {
          Type: 'ELB',
          Protocol: protocol,
          ExternalPort: externalPort,
          InternalPort: internalPort,
          ...(vip !== '' && { VIPs: [vip] }),
        },
      ],
    },
  };
}

function keyOf(balancer: LoadBalancer, references: readonly string[]): string {
  const { vip, protocol, externalPort, internalPort } = balancer;
  const to = createHash('sha256')
    .update([...references].sort().join(' '))
    .digest('hex')
    .slice(0, 16);
  return `${vip}|${protocol}|${externalPort}|${internalPort}|${to}`;
}
