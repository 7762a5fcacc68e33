// A node's network on Windows: a switch of the HNS of kind L2Bridge that win-bridge attaches pods to, routes to other nodes' pods on the link,
// Services by the HNS' load balancers, and cluster DNS at the node's own address.

import dns from 'node:dns';
import { mkdir, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseCidr } from '../../../core/machinery/cidr.ts';
import { errorText } from '../../../core/machinery/error-text.ts';
import { readStateFile, writeStateFile } from '../../control-plane/state-file.ts';
import type { Network, NetworkOptions, NetworkState } from '../../network/contract.ts';
import { createClusterDns } from '../../network/dns/cluster-dns.ts';
import { createNewestState } from '../../network/newest-state.ts';
import { networkPlan } from '../../network/overlay/plan.ts';
import { servicePorts } from '../../network/services/service-port.ts';
import { unlessSame } from '../../network/unless-same.ts';
import { podRange, removeWinBridge, writeWinBridge } from './cni.ts';
import { all, createHns, type Hns } from './hns.ts';
import { many, type PowerShell, text } from './power-shell.ts';
import { createWindowsRoutes } from './routes.ts';
import { createWindowsServices, loadBalancers, unserved } from './services.ts';

export interface WindowsNetworkParts {
  readonly powerShell: PowerShell;
  /** Where containerd looks for configurations of CNI. */
  readonly cniConfDir: string;
  /** The node's address and port 53 but in tests. */
  readonly dnsAt?: { readonly address: string; readonly port: number };
  /** The ranges of the links that the node's address is on, but in tests. */
  readonly links?: (nodeIP: string) => string[];
}

const networkName = 'zeroplane';
const hostEndpoint = 'zeroplane-host';

export function createWindowsNetwork(options: NetworkOptions, parts: WindowsNetworkParts): Network {
  const { powerShell, cniConfDir } = parts;
  const { podCIDR, clusterCIDR, serviceCIDR, nodeIP, nodeName } = options;
  const onError = options.onError ?? (() => undefined);
  const directory = path.join(options.dataDir, 'network');
  const resolvConf = options.resolvConf ?? path.join(directory, 'resolv.conf');
  const hns = createHns(powerShell, directory);
  const listsFile = path.join(directory, 'policy-lists.json');
  const services = createWindowsServices(hns, networkName, {
    read: async () => new Map(Object.entries((await readStateFile<Record<string, { id: string }>>(listsFile)) ?? {})),
    write: (lists) => writeStateFile(listsFile, Object.fromEntries(lists)),
  });
  const routes = createWindowsRoutes(powerShell, nodeIP, path.join(directory, 'routes.json'));
  const clusterDns = createClusterDns({
    domain: options.clusterDomain,
    // Pods ask the node itself, and not the address in the range of Services: no interface of Windows has that.
    clusterDNS: [parts.dnsAt?.address ?? nodeIP],
    ...(parts.dnsAt && { port: parts.dnsAt.port }),
    reverse: [serviceCIDR, clusterCIDR],
    resolvConf,
    onError,
  });

  let starting: Promise<void> | undefined;
  const served = unlessSame();
  let told = new Set<string>();
  /** Of Services, and not done here. */
  let asked: readonly string[] = [];

  const applyServices = async (state: NetworkState) => {
    const zone = state.nodes.find(({ metadata }) => metadata?.name === nodeName)?.metadata?.labels?.[
      'topology.kubernetes.io/zone'
    ];
    if (served.has([state.services, state.endpointSlices, [zone]])) return;
    const topology = { nodeName, ...(zone !== undefined && { zone }) };
    const ports = servicePorts(state.services, state.endpointSlices, topology);
    asked = ports.flatMap((port) => unserved(port) ?? []);
    await services.apply(loadBalancers(ports));
  };
  /** What is asked for and not done is said once. */
  const tell = (texts: readonly string[]) => {
    for (const each of texts) if (!told.has(each)) options.onUndone?.(each);
    told = new Set(texts);
  };
  const policiesOf = ({ networkPolicies }: NetworkState) =>
    networkPolicies.length === 0
      ? []
      : ['NetworkPolicies hold for no pod of this node: it runs Windows, and nothing here would enforce them'];

  const applyRoutes = async (state: NetworkState) => {
    const plan = networkPlan({ nodes: state.nodes, nodeName, links: (parts.links ?? linksOf)(nodeIP), tunnels: false });
    options.onUnreached?.(plan.unreached, plan.others);
    await routes.apply(new Map([...plan.routes].filter(([range]) => parseCidr(range)?.family === 'IPv4')));
  };

  const newest = createNewestState<NetworkState>({
    steps: (state) => [
      () => applyServices(state),
      () => applyRoutes(state),
      async () => tell([...asked, ...policiesOf(state)]),
    ],
    onError,
    onFailed: () => served.forget(),
  });
  const stop = async () => {
    // What is being made would be there after its end.
    await starting?.catch(() => undefined);
    await newest.stop();
    await clusterDns.stop();
  };

  const start = async () => {
    if (options.ipv6) options.onUndone?.('pods of a node with Windows have IPv4 alone');
    newest.start();
    await mkdir(directory, { recursive: true });
    await setUpSwitch(hns, powerShell, podCIDR, nodeIP);
    await writeFile(
      resolvConf,
      dns
        .getServers()
        .map((each) => `nameserver ${each}\n`)
        .join(''),
    );
    await clusterDns.start().catch((cause: unknown) => {
      throw new Error(
        `Cluster DNS cannot listen on ${nodeIP} port 53 (${errorText(cause)}): what listens there (DNS Server, Internet Connection Sharing) must leave it free`,
        { cause },
      );
    });
    // Last: with it containerd reports the network as ready.
    const leaseDir = path.join(options.dataDir, 'cni-leases');
    await writeWinBridge(cniConfDir, { name: networkName, podCIDR, clusterCIDR, serviceCIDR, nodeIP, leaseDir });
  };

  return {
    start() {
      starting = start();
      return starting;
    },
    async apply(state) {
      clusterDns.update(state);
      await newest.apply(state);
    },
    stop,
    async teardown() {
      await stop();
      await removeWinBridge(cniConfDir);
      await services.remove();
      await routes.apply(new Map());
      const [networks] = await all(hns, [{ method: 'GET', path: '/networks' }]);
      // Its endpoints go with it.
      const ours = many(networks).filter((each) => text(each, 'Name').toLowerCase() === networkName);
      await all(
        hns,
        ours.map((each) => ({ method: 'DELETE', path: `/networks/${text(each, 'ID')}` })),
      );
    },
  };
}

/** The machine passes on what comes for its pods, and what comes from them. `$in.addresses`: of the interfaces that do. */
const forwardingScript = `foreach ($a in $in.addresses) {
  $if = (Get-NetIPAddress -AddressFamily IPv4 -IPAddress $a -ErrorAction SilentlyContinue).InterfaceIndex
  if ($if) { Set-NetIPInterface -InterfaceIndex $if -AddressFamily IPv4 -Forwarding Enabled }
}
[ordered]@{ done = $true }`;

/** The switch of the node's pods and the machine's own place on it. What is there already and is of another range goes first. */
async function setUpSwitch(hns: Hns, powerShell: PowerShell, podCIDR: string, nodeIP: string): Promise<void> {
  const { gateway, host } = podRange(podCIDR);
  const [networks, endpoints] = await all(hns, [
    { method: 'GET', path: '/networks' },
    { method: 'GET', path: '/endpoints' },
  ]);
  let found = many(networks).find((each) => text(each, 'Name').toLowerCase() === networkName);
  if (found && !JSON.stringify(found).includes(JSON.stringify(podCIDR))) {
    await all(hns, [{ method: 'DELETE', path: `/networks/${text(found, 'ID')}` }]);
    found = undefined;
  }
  if (!found) {
    const body = {
      Name: networkName,
      Type: 'L2Bridge',
      Subnets: [{ AddressPrefix: podCIDR, GatewayAddress: gateway }],
    };
    [found] = await all(hns, [{ method: 'POST', path: '/networks', body }]);
  }
  const networkId = text(found, 'ID');
  const present = many(endpoints).some(
    (each) =>
      text(each, 'Name') === hostEndpoint && text(each, 'VirtualNetwork').toLowerCase() === networkId.toLowerCase(),
  );
  if (!present) {
    const body = { Name: hostEndpoint, VirtualNetwork: networkId, IPAddress: host };
    const [made] = await all(hns, [{ method: 'POST', path: '/endpoints', body }]);
    const attach = { SystemType: 'Host', CompartmentId: 1 };
    await all(hns, [{ method: 'POST', path: `/endpoints/${text(made, 'ID')}/attach`, body: attach }]);
  }
  await powerShell(forwardingScript, { addresses: [nodeIP, host] });
}

/** The ranges of the links that the node's own address is on. */
function linksOf(nodeIP: string): string[] {
  const links = Object.values(os.networkInterfaces()).flatMap((each) => each ?? []);
  return links.flatMap(({ address, cidr }) => (address === nodeIP && cidr !== null ? [cidr] : []));
}
