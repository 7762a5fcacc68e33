// The sandbox of a pod as CRI wants it: names, DNS, ports, namespaces, sysctls. Pure.

import { withoutEnd } from '../../core/machinery/text-ends.ts';
import type { PodSandboxConfigInput } from '../cri/messages.ts';
import { protocols } from '../cri/messages.ts';
import type { Pod } from '../pod/pod.ts';
import { podContainers } from '../pod/pod.ts';
import { annotations, labels } from './observed.ts';
import type { PodHost } from './pod-host.ts';

export interface ClusterDns {
  /** Addresses of the cluster's DNS server: IPv4, and in a cluster of both families IPv6. */
  readonly servers: readonly string[];
  /** `cluster.local`. */
  readonly domain: string;
  /** The node's own resolver. */
  readonly host: DnsConfig;
}

export interface DnsConfig {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

export interface SandboxContext {
  readonly nodeName: string;
  readonly logDirectory: string;
  readonly cgroupParent: string;
  readonly host: Pick<PodHost, 'sandbox'>;
  readonly dns: ClusterDns;
  readonly nodeHostname: string;
}

export function sandboxConfig(pod: Pod, attempt: number, context: SandboxContext): PodSandboxConfigInput {
  const { spec, metadata } = pod;
  return {
    metadata: { name: metadata.name, uid: metadata.uid, namespace: metadata.namespace, attempt },
    // The node's network namespace comes with the node's host name; the runtime refuses another.
    hostname: spec.hostNetwork ? '' : hostname(pod, context.nodeHostname),
    logDirectory: context.logDirectory,
    dnsConfig: dnsConfig(pod, context.dns),
    portMappings: spec.hostNetwork
      ? []
      : podContainers(pod).flatMap(({ spec: each }) =>
          (each.ports ?? [])
            .filter((port) => port.hostPort)
            .map((port) => ({
              protocol: protocols[(port.protocol ?? 'TCP') as keyof typeof protocols] ?? protocols.TCP,
              containerPort: port.containerPort,
              hostPort: port.hostPort,
              hostIp: port.hostIP,
            })),
        ),
    labels: {
      ...metadata.labels,
      [labels.podName]: metadata.name,
      [labels.podNamespace]: metadata.namespace,
      [labels.podUid]: metadata.uid,
      [labels.node]: context.nodeName,
    },
    annotations: {
      ...metadata.annotations,
      [annotations.terminationGracePeriod]: String(spec.terminationGracePeriodSeconds ?? 30),
    },
    ...context.host.sandbox(pod, context.cgroupParent),
  };
}

/** The pod's host name, cut to what the kernel takes. */
export function hostname(pod: Pod, nodeHostname: string): string {
  if (pod.spec.hostnameOverride !== undefined) return pod.spec.hostnameOverride;
  if (pod.spec.hostNetwork) return nodeHostname;
  return withoutEnd((pod.spec.hostname || pod.metadata.name).slice(0, 63), '-.');
}

/** `host.subdomain.namespace.svc.domain`, when the pod has a subdomain. */
export function fullyQualifiedName(pod: Pod, domain: string, nodeHostname: string): string | undefined {
  const { subdomain } = pod.spec;
  if (!subdomain) return undefined;
  return `${hostname(pod, nodeHostname)}.${subdomain}.${pod.metadata.namespace}.svc.${domain}`;
}

/** Source: Kubernetes, "DNS for Services and Pods", pod's DNS policy and DNS config. */
function dnsConfig(pod: Pod, dns: ClusterDns): DnsConfig {
  const { dnsPolicy = 'ClusterFirst', hostNetwork, dnsConfig: own } = pod.spec;
  const cluster = dnsPolicy === 'ClusterFirstWithHostNet' || (dnsPolicy === 'ClusterFirst' && !hostNetwork);
  const base: DnsConfig =
    dnsPolicy === 'None'
      ? { servers: [], searches: [], options: [] }
      : cluster
        ? {
            servers: [...dns.servers],
            searches: [
              `${pod.metadata.namespace}.svc.${dns.domain}`,
              `svc.${dns.domain}`,
              dns.domain,
              ...dns.host.searches,
            ],
            options: ['ndots:5'],
          }
        : dns.host;
  const ownOptions = (own?.options ?? []).map(({ name, value }) =>
    value === undefined ? `${name}` : `${name}:${value}`,
  );
  const overridden = new Set((own?.options ?? []).map(({ name }) => name));
  return {
    servers: unique([...base.servers, ...(own?.nameservers ?? [])]).slice(0, 3),
    searches: unique([...base.searches, ...(own?.searches ?? [])]).slice(0, 32),
    options: [...base.options.filter((option) => !overridden.has(option.split(':')[0])), ...ownOptions],
  };
}

/** Reads a resolv.conf. */
export function parseResolvConf(text: string): DnsConfig {
  const servers: string[] = [];
  let searches: string[] = [];
  let options: string[] = [];
  for (const line of text.split('\n')) {
    const [said = ''] = line.split(/[#;]/, 1);
    const [keyword, ...values] = said.trim().split(/\s+/);
    if (keyword === 'nameserver' && values[0]) servers.push(values[0]);
    else if (keyword === 'search' || keyword === 'domain') searches = values;
    else if (keyword === 'options') options = values;
  }
  return { servers, searches, options };
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
