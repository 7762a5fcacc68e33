// The Pod Security Standards as checks: what a pod's spec does that a level forbids. Pure.
// Source: Kubernetes documentation, "Pod Security Standards" (latest).

import type { V1Container, V1ObjectMeta, V1PodSpec, V1SecurityContext } from '../../../generated/kubernetes.ts';
import { allContainers } from '../kinds/pod/defaults.ts';

export type Level = 'privileged' | 'baseline' | 'restricted';

/** One sentence for each control that the pod violates; empty when the level allows it. */
export function violations(level: Level, spec: V1PodSpec, metadata: V1ObjectMeta | undefined): string[] {
  if (level === 'privileged') return [];
  const found = baseline(spec, metadata);
  return level === 'baseline' ? found : [...found, ...restricted(spec)];
}

const baselineCapabilities = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]);
const safeSysctls = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
]);
const selinuxTypes = new Set(['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t']);
const restrictedVolumes = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
  'image',
]);

function baseline(spec: V1PodSpec, metadata: V1ObjectMeta | undefined): string[] {
  const found: string[] = [];
  const containers = allContainers(spec);
  const host = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((field) => spec[field]);
  if (host.length > 0) found.push(`host namespaces (${host.map((field) => `${field}=true`).join(', ')})`);
  add(
    found,
    'privileged',
    containers,
    ({ securityContext }) => securityContext?.privileged === true,
    'securityContext.privileged=true',
  );
  for (const container of containers) {
    const extra = (container.securityContext?.capabilities?.add ?? []).filter(
      (each) => !baselineCapabilities.has(each),
    );
    if (extra.length > 0)
      found.push(
        `non-default capabilities (container ${quote(container.name)} must not include ${extra.map(quote).join(', ')} in securityContext.capabilities.add)`,
      );
  }
  const hostPaths = (spec.volumes ?? []).filter(({ hostPath }) => hostPath).map(({ name }) => name);
  if (hostPaths.length > 0) found.push(`hostPath volumes (${plural('volume', hostPaths)})`);
  for (const container of containers) {
    const ports = (container.ports ?? []).flatMap(({ hostPort }) => (hostPort ? [hostPort] : []));
    if (ports.length > 0)
      found.push(
        `hostPort (container ${quote(container.name)} uses ${ports.length > 1 ? 'hostPorts' : 'hostPort'} ${ports.join(', ')})`,
      );
  }
  for (const [key, value] of Object.entries(metadata?.annotations ?? {})) {
    const profile = key.startsWith('container.apparmor.security.beta.kubernetes.io/');
    if (profile && value !== '' && value !== 'runtime/default' && !value.startsWith('localhost/'))
      found.push(`forbidden AppArmor profile (${key}=${quote(value)})`);
  }
  const contexts = contextsOf(spec, containers);
  if (
    contexts.some(
      (each) =>
        each?.seLinuxOptions?.user || each?.seLinuxOptions?.role || !selinuxTypes.has(each?.seLinuxOptions?.type ?? ''),
    )
  ) {
    found.push('seLinuxOptions (set forbidden securityContext.seLinuxOptions)');
  }
  add(
    found,
    'procMount',
    containers,
    ({ securityContext }) => Boolean(securityContext?.procMount && securityContext.procMount !== 'Default'),
    'securityContext.procMount to "Default"',
  );
  if (contexts.some((each) => each?.seccompProfile?.type === 'Unconfined'))
    found.push('seccompProfile (must not set securityContext.seccompProfile.type to "Unconfined")');
  if (contexts.some((each) => each?.appArmorProfile?.type === 'Unconfined'))
    found.push('forbidden AppArmor profile (must not set securityContext.appArmorProfile.type to "Unconfined")');
  const sysctls = (spec.securityContext?.sysctls ?? [])
    .filter(({ name }) => !safeSysctls.has(name))
    .map(({ name }) => name);
  if (sysctls.length > 0) found.push(`forbidden sysctls (${sysctls.join(', ')})`);
  if (contexts.some((each) => each?.windowsOptions?.hostProcess))
    found.push('hostProcess (must not set securityContext.windowsOptions.hostProcess=true)');
  return found;
}

function restricted(spec: V1PodSpec): string[] {
  const found: string[] = [];
  const containers = allContainers(spec);
  if (spec.os?.name !== 'windows') {
    add(
      found,
      'allowPrivilegeEscalation != false',
      containers,
      ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false,
      'securityContext.allowPrivilegeEscalation=false',
    );
    add(
      found,
      'unrestricted capabilities',
      containers,
      ({ securityContext }) => !dropsAll(securityContext),
      'securityContext.capabilities.drop=["ALL"]',
    );
    add(
      found,
      'seccompProfile',
      containers,
      (each) => !seccompSet(each.securityContext ?? undefined, spec),
      'securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"',
    );
  }
  const volumes = (spec.volumes ?? [])
    .filter((volume) => !Object.keys(volume).some((kind) => restrictedVolumes.has(kind)))
    .map(({ name }) => name);
  if (volumes.length > 0)
    found.push(`restricted volume types (${plural('volume', volumes)} uses restricted volume type)`);
  add(
    found,
    'runAsNonRoot != true',
    containers,
    (each) => (each.securityContext?.runAsNonRoot ?? spec.securityContext?.runAsNonRoot) !== true,
    'securityContext.runAsNonRoot=true',
  );
  if (contextsOf(spec, containers).some((each) => each?.runAsUser === 0))
    found.push('runAsUser=0 (must not set runAsUser=0)');
  return found;
}

function dropsAll(context: V1SecurityContext | undefined): boolean {
  const { add: added = [], drop = [] } = context?.capabilities ?? {};
  return drop.includes('ALL') && added.every((each) => each === 'NET_BIND_SERVICE');
}

function seccompSet(context: V1SecurityContext | undefined, spec: V1PodSpec): boolean {
  const type = context?.seccompProfile?.type ?? spec.securityContext?.seccompProfile?.type;
  return type === 'RuntimeDefault' || type === 'Localhost';
}

function contextsOf(spec: V1PodSpec, containers: readonly V1Container[]) {
  return [
    spec.securityContext as V1SecurityContext | undefined,
    ...containers.map(({ securityContext }) => securityContext),
  ];
}

function add(
  found: string[],
  what: string,
  containers: readonly V1Container[],
  bad: (container: V1Container) => boolean,
  must: string,
): void {
  const names = containers.filter(bad).map(({ name }) => name);
  if (names.length === 0) return;
  const verb = must.endsWith('=true') && what === 'privileged' ? 'must not set' : 'must set';
  found.push(`${what} (${plural('container', names)} ${verb} ${must})`);
}

function plural(noun: string, names: readonly string[]): string {
  return `${noun}${names.length > 1 ? 's' : ''} ${names.map(quote).join(', ')}`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
