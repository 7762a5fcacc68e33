// Checks of what a pod takes of its node: namespaces, files, ports, kernel settings, volumes. Pure.

import type { V1LifecycleHandler, V1Probe, V1Volume } from '../../../generated/kubernetes.ts';
import { sourcesOf } from '../../kinds/core/pod/volumes/volume-types.ts';
import {
  found,
  names,
  type Pod,
  plural,
  quoted,
  type Run,
  settersOf,
  uses,
  type Violation,
} from './pod-security-violation.ts';

export const sysctls = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
];
export const sysctls27 = [...sysctls, 'net.ipv4.ip_local_reserved_ports'];
export const sysctls29 = [
  ...sysctls27,
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
];
export const sysctls32 = [...sysctls29, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'];

export function hostNamespaces({ spec }: Pod): Violation | undefined {
  const shared = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((field) => spec[field]);
  return found(shared.length > 0, 'host namespaces', shared.map((field) => `${field}=true`).join(', '));
}

export function hostPathVolumes({ spec }: Pod): Violation | undefined {
  const volumes = (spec.volumes ?? []).filter((volume) => hasVolumeOf('privileged', volume)).map(({ name }) => name);
  return found(volumes.length > 0, 'hostPath volumes', `${plural('volume', volumes.length)} ${quoted(volumes)}`);
}

export function hostPorts({ containers }: Pod): Violation | undefined {
  const ports = new Set<string>();
  const bad = containers.filter((each) => {
    const own = (each.ports ?? []).flatMap(({ hostPort }) => (hostPort ? [String(hostPort)] : []));
    for (const port of own) ports.add(port);
    return own.length > 0;
  });
  const list = [...ports].sort().join(', ');
  return found(bad.length > 0, 'hostPort', `${names(bad)} ${uses(bad)} ${plural('hostPort', ports.size)} ${list}`);
}

/** A probe or a hook of another host makes the node ask on the pod's behalf. */
export function hostsOfHandlers({ containers }: Pod): Violation | undefined {
  const hosts = new Set<string>();
  const bad = containers.filter(({ livenessProbe, readinessProbe, startupProbe, lifecycle }) => {
    const handlers = [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop];
    const own = handlers.flatMap((each: V1Probe | V1LifecycleHandler | undefined) =>
      [each?.httpGet?.host, each?.tcpSocket?.host].filter((host) => host !== undefined && host !== ''),
    );
    for (const host of own) hosts.add(String(host));
    return own.length > 0;
  });
  const what = plural('probe or lifecycle host', hosts.size);
  return found(bad.length > 0, 'probe or lifecycle host', `${names(bad)} ${uses(bad)} ${what} ${quoted(hosts)}`);
}

export function privileged({ containers }: Pod): Violation | undefined {
  const bad = containers.filter(({ securityContext }) => securityContext?.privileged);
  return found(bad.length > 0, 'privileged', `${names(bad)} must not set securityContext.privileged=true`);
}

export function procMount({ containers }: Pod): Violation | undefined {
  const types = new Set<string>();
  const bad = containers.filter(({ securityContext }) => {
    const type = securityContext?.procMount;
    if (!type || type === 'Default') return false;
    types.add(type);
    return true;
  });
  return found(bad.length > 0, 'procMount', `${names(bad)} must not set securityContext.procMount to ${quoted(types)}`);
}

export function onlySysctls(allowed: readonly string[]): Run {
  return ({ spec }) => {
    const forbidden = (spec.securityContext?.sysctls ?? []).map(({ name }) => name);
    const list = forbidden.filter((name) => !allowed.includes(name));
    return found(list.length > 0, 'forbidden sysctls', list.join(', '));
  };
}

export function hostProcess({ spec, containers }: Pod): Violation | undefined {
  const setters = settersOf(spec, containers, ({ windowsOptions }) => windowsOptions?.hostProcess === true);
  const detail = `${setters} must not set securityContext.windowsOptions.hostProcess=true`;
  return found(setters !== '', 'hostProcess', detail);
}

function hasVolumeOf(level: 'privileged' | 'restricted', volume: V1Volume): boolean {
  return sourcesOf(volume).some(({ type }) => type.inline?.podSecurity === level);
}

export function volumeTypes({ spec }: Pod): Violation | undefined {
  const bad = (spec.volumes ?? []).filter((volume) => !hasVolumeOf('restricted', volume));
  const kinds = bad.map((volume) => Object.keys(volume).find((field) => field !== 'name') ?? 'unknown');
  const volumes = bad.map(({ name }) => name);
  const types = plural('restricted volume type', new Set(kinds).size);
  const detail = `${plural('volume', bad.length)} ${quoted(volumes)} ${uses(bad)} ${types} ${quoted(kinds)}`;
  return found(bad.length > 0, 'restricted volume types', detail);
}
