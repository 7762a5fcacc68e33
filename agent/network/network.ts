// A node's network: what kube-proxy, the CNI plugins' configuration and cluster DNS do for it.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText } from '../../core/machinery/error-text.ts';
import { gatewayOf } from '../../core/machinery/ipv4.ts';
import { CommandError } from '../../core/process/run.ts';
import { type GuardOptions, guardBridge, isGuarded, unguardBridge } from './bridge-guard.ts';
import { type CniOptions, removeLeases, writeConflist } from './cni.ts';
import type { Network, NetworkOptions, NetworkState } from './contract.ts';
import { createClusterDns } from './dns/cluster-dns.ts';
import type { DnsServer } from './dns/server.ts';
import { allowForwarding, removeForwarding } from './forwarding.ts';
import { removeHostPorts } from './host-ports.ts';
import { gateway6Of } from './ipv6.ts';
import { removeLinks, setSysctls, setUpLinks } from './links.ts';
import { createNewestState } from './newest-state.ts';
import { type Family, ipv4, ipv6 as ipv6Family } from './nft/family.ts';
import { Table } from './nft/table.ts';
import { createPodPaths } from './overlay/pod-paths.ts';
import { policyRules } from './policy/rules.ts';
import { run as runProgram } from './run.ts';
import { createHealthChecks } from './services/health-check.ts';
import { type ServiceNetwork, serviceRules } from './services/rules.ts';
import { type ServicePort, servicePorts } from './services/service-port.ts';
import { staleFlows } from './services/stale-flows.ts';
import { unlessSame } from './unless-same.ts';

export function createNetwork(options: NetworkOptions): Network {
  const run = options.run ?? runProgram;
  const prefix = options.prefix ?? 'zp';
  const onError = options.onError ?? (() => undefined);
  const workDir = join(options.dataDir, 'network');
  const names = { bridge: `${prefix}-pods`, service: `${prefix}-svc` };
  const links = { ...names, ...options };
  const { ipv6 } = options;
  const clusterCIDRs = [options.clusterCIDR, ...(ipv6 === undefined ? [] : [ipv6.clusterCIDR])];
  const cni: CniOptions = {
    name: `${prefix}-pods`,
    bridge: names.bridge,
    podCIDR: options.podCIDR,
    leaseDir: join(options.dataDir, 'cni-leases'),
    ...(ipv6 !== undefined && { ipv6 }),
    ...(options.mtu === undefined ? {} : { mtu: options.mtu }),
  };
  const tablePrefix = prefix === 'zp' ? 'zeroplane' : prefix;
  /** On iptables rules of ours. */
  const mark = `${tablePrefix}-pods`;
  const healthChecks = [options.nodeIP, ...(ipv6?.nodeIP === undefined ? [] : [ipv6.nodeIP])].map((address) =>
    createHealthChecks(address, onError),
  );
  const tables = familiesOf(options, names.bridge).map((network) => {
    const table = (what: string) =>
      new Table({ family: network.family.table, name: `${tablePrefix}-${what}` }, workDir, run);
    // `held`: the ports that the kernel has.
    return { network, services: table('services'), policies: table('policies'), held: [] as readonly ServicePort[] };
  });
  const paths = createPodPaths({
    ...options,
    run,
    prefix,
    gateway: gatewayOf(options.podCIDR)?.split('/')[0] ?? options.nodeIP,
    ...(ipv6 !== undefined && { gateway6: gateway6Of(ipv6) }),
  });
  const guard: GuardOptions = {
    table: `${tablePrefix}-guard`,
    bridge: names.bridge,
    podCIDR: options.podCIDR,
    tunnel: paths.device,
    clusterCIDR: options.clusterCIDR,
    ...(ipv6 !== undefined && { ipv6 }),
    directory: workDir,
  };
  const keepGuard = () => guardBridge(run, guard);

  const dns = createClusterDns({
    domain: options.clusterDomain,
    clusterDNS: clusterDnsOf(options),
    reverse: [options.serviceCIDR, ...(ipv6 === undefined ? [] : [ipv6.serviceCIDR]), ...clusterCIDRs],
    resolvConf: options.resolvConf ?? '/etc/resolv.conf',
    onError,
  });

  let watch: NodeJS.Timeout | undefined;
  /** What the kernel was last given Services, policies and ways to other nodes from. */
  const [served, guarded, led] = [unlessSame(), unlessSame(), unlessSame()];
  const forget = () => {
    for (const each of [served, guarded, led]) each.forget();
  };

  const applyServices = async (state: NetworkState) => {
    const zone = state.nodes.find((node) => node.metadata?.name === options.nodeName)?.metadata?.labels?.[
      'topology.kubernetes.io/zone'
    ];
    if (served.has([state.services, state.endpointSlices, [zone]])) return;
    const topology = { nodeName: options.nodeName, ...(zone === undefined ? {} : { zone }) };
    const all: ServicePort[] = [];
    for (const each of tables) {
      const { family } = each.network;
      const ports = servicePorts(state.services, state.endpointSlices, topology, family.name);
      all.push(...ports);
      await each.services.apply(serviceRules(ports, each.network));
      const stale = staleFlows(each.held, ports, family.flows);
      each.held = ports;
      for (const flow of stale) {
        // conntrack ends with 1 when it found no such flow, which is as good.
        await run('conntrack', flow).catch((error: unknown) => {
          if (!(error instanceof CommandError) || error.code !== 1) throw error;
        });
      }
    }
    for (const each of healthChecks) each.update(all);
  };

  const policySteps = (state: NetworkState) => {
    const { networkPolicies, namespaces, policyPeers, pods } = state;
    // Without a policy there is nothing to say of any pod, and many that start at once have a state each.
    const given = networkPolicies.length === 0 ? [[]] : [networkPolicies, namespaces, policyPeers, pods];
    if (guarded.has(given)) return [];
    return tables.map(({ network, policies }) => async () => {
      await policies.apply(policyRules({ ...state, nodeName: options.nodeName }, network.family));
    });
  };

  const newest = createNewestState<NetworkState>({
    steps: (state) => [
      // Policies first: a pod that a Service leads to is guarded by then.
      ...policySteps(state),
      async () => applyServices(state),
      async () => {
        if (!led.has([state.nodes])) await paths.apply(state.nodes);
      },
    ],
    onError,
    onFailed: forget,
  });

  /** Whoever restarts the machine's firewall flushes all tables, ours too. */
  const check = async () => {
    if (!newest.isSettled) return;
    const listing = await run('nft', ['-j', 'list', 'tables']);
    const pathsHold = await paths.check();
    if (newest.isStopped) return;
    if (!isGuarded(listing, guard)) await keepGuard();
    const own = tables.flatMap(({ services, policies }) => [services, policies]);
    const tablesHold = own.every((table) => table.isIn(listing));
    if (tablesHold && pathsHold) return;
    if (!tablesHold) for (const table of own) table.forget();
    forget();
    paths.forget();
    newest.again();
  };

  const stop = async () => {
    clearInterval(watch);
    await newest.stop();
    for (const each of healthChecks) each.stop();
    await dns.stop();
  };

  return {
    async start() {
      newest.start();
      await mkdir(workDir, { recursive: true, mode: 0o700 });
      await setUpLinks(run, links);
      await setSysctls(run, names.bridge, ipv6 !== undefined);
      await keepGuard();
      for (const range of clusterCIDRs) await allowForwarding(run, range, mark);
      await startDns(dns, clusterDnsOf(options).join(' and '));
      // Last: with it containerd reports the network as ready.
      await writeConflist(options.cniConfDir, cni);
      watch = setInterval(() => void check().catch(onError), options.checkInterval ?? 30_000);
      watch.unref();
    },
    async apply(state) {
      dns.update(state);
      await newest.apply(state);
    },
    stop,
    async teardown() {
      await stop();
      await mkdir(workDir, { recursive: true, mode: 0o700 });
      const failures: unknown[] = [];
      const steps = [
        ...tables.flatMap(({ services, policies }) => [() => services.remove(), () => policies.remove()]),
        () => unguardBridge(run, guard),
        ...clusterCIDRs.map((range) => () => removeForwarding(run, range, mark)),
        () => removeHostPorts(run, cni.name),
        () => paths.remove(),
        () => removeLinks(run, links),
        () => removeLeases(cni),
      ];
      // What can go goes, whatever else fails.
      for (const step of steps) await step().catch((error: unknown) => void failures.push(error));
      if (failures.length > 0) throw failures[0];
    },
  };
}

function clusterDnsOf({ clusterDNS, ipv6 }: NetworkOptions): string[] {
  return ipv6 === undefined ? [clusterDNS] : [clusterDNS, ipv6.clusterDNS];
}

/** What the tables of each family are made for. */
function familiesOf(options: NetworkOptions, bridge: string): (ServiceNetwork & { readonly family: Family })[] {
  const { podCIDR, clusterCIDR, serviceCIDR, clusterDNS, apiAddress, ipv6 } = options;
  return [
    {
      ...{ family: ipv4, bridge, podCIDR, clusterCIDR, serviceCIDR, clusterDNS },
      ...(apiAddress !== undefined && { apiAddress }),
    },
    ...(ipv6 === undefined ? [] : [{ ...ipv6, family: ipv6Family, bridge }]),
  ];
}

async function startDns(dns: DnsServer, address: string): Promise<void> {
  try {
    await dns.start();
  } catch (cause) {
    const reason = errorText(cause);
    throw new Error(
      `Cluster DNS cannot listen on ${address} port 53 (${reason}): a resolver that listens on every address must leave it free`,
      { cause },
    );
  }
}
