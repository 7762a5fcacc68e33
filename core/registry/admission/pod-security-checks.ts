// The Pod Security Standards as checks: what a pod does that a level forbids, as of a version of Kubernetes. Pure.
// Source: Kubernetes documentation, "Pod Security Standards"; KEP-2579, KEP-127 (user namespaces).

import type {
  V1Container,
  V1LifecycleHandler,
  V1ObjectMeta,
  V1PodSecurityContext,
  V1PodSpec,
  V1Probe,
  V1SecurityContext,
  V1Volume,
} from '../../../generated/kubernetes.ts';
import { allContainers } from '../../kinds/core/pod/semantics/containers.ts';
import { sourcesOf } from '../../kinds/core/pod/volumes/volume-types.ts';
import { getOwn } from '../../machinery/own.ts';

export type Level = 'privileged' | 'baseline' | 'restricted';

/** The minor of Kubernetes whose checks apply; `latest` is above all of them. */
export type PolicyVersion = number | 'latest';

/** What one check says against a pod. */
export interface Violation {
  readonly reason: string;
  readonly detail: string;
}

interface Pod {
  readonly spec: V1PodSpec;
  readonly containers: readonly V1Container[];
  readonly annotations: Readonly<Record<string, string>>;
}

interface Check {
  readonly name: string;
  readonly level: 'baseline' | 'restricted';
  /** The check as of each minor from which it changed, oldest first. */
  readonly since: readonly (readonly [minor: number, run: (pod: Pod) => Violation | undefined])[];
  /** What a check of the restricted level makes needless. */
  readonly replaces?: string;
}

/** Each control that the pod violates; none when the level allows it. */
export function violations(
  level: Level,
  version: PolicyVersion,
  spec: V1PodSpec,
  metadata: V1ObjectMeta | undefined,
): Violation[] {
  if (level === 'privileged') return [];
  const pod: Pod = { spec, containers: allContainers(spec), annotations: metadata?.annotations ?? {} };
  const inForce = checks.flatMap((check) => {
    if (check.level === 'restricted' && level !== 'restricted') return [];
    const run = check.since.findLast(([minor]) => version === 'latest' || minor <= version)?.[1];
    return run ? [{ check, run }] : [];
  });
  const replaced = new Set(inForce.map(({ check }) => check.replaces));
  return inForce.flatMap(({ check, run }) => (replaced.has(check.name) ? [] : (run(pod) ?? [])));
}

/** All violations in one sentence, as Kubernetes words them. */
export function explain(found: readonly Violation[]): string {
  return found.map(({ reason, detail }) => `${reason} (${detail})`).join(', ');
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

const sysctls = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
];
const sysctls27 = [...sysctls, 'net.ipv4.ip_local_reserved_ports'];
const sysctls29 = [
  ...sysctls27,
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
];
const sysctls32 = [...sysctls29, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'];

const selinuxTypes = ['', 'container_t', 'container_init_t', 'container_kvm_t'];

/** In the order of their names, which is the order in which Kubernetes lists violations. */
const checks: readonly Check[] = [
  { name: 'appArmorProfile', level: 'baseline', since: [[0, appArmor]] },
  { name: 'capabilities_baseline', level: 'baseline', since: [[0, capabilitiesBaseline]] },
  { name: 'hostNamespaces', level: 'baseline', since: [[0, hostNamespaces]] },
  { name: 'hostPathVolumes', level: 'baseline', since: [[0, hostPathVolumes]] },
  { name: 'hostPorts', level: 'baseline', since: [[0, hostPorts]] },
  { name: 'hostProbesAndHostLifecycle', level: 'baseline', since: [[34, hostsOfHandlers]] },
  { name: 'privileged', level: 'baseline', since: [[0, privileged]] },
  {
    name: 'procMount',
    level: 'baseline',
    since: [
      [0, procMount],
      [35, unlessOwnUsers(procMount)],
    ],
  },
  {
    name: 'seLinuxOptions',
    level: 'baseline',
    since: [
      [0, selinux(selinuxTypes)],
      [31, selinux([...selinuxTypes, 'container_engine_t'])],
    ],
  },
  {
    name: 'seccompProfile_baseline',
    level: 'baseline',
    since: [
      [0, seccompAnnotations],
      [19, seccompBaseline],
    ],
  },
  {
    name: 'sysctls',
    level: 'baseline',
    since: [
      [0, onlySysctls(sysctls)],
      [27, onlySysctls(sysctls27)],
      [29, onlySysctls(sysctls29)],
      [32, onlySysctls(sysctls32)],
    ],
  },
  { name: 'windowsHostProcess', level: 'baseline', since: [[0, hostProcess]] },
  {
    name: 'allowPrivilegeEscalation',
    level: 'restricted',
    since: [
      [8, allowPrivilegeEscalation],
      [25, unlessWindows(allowPrivilegeEscalation)],
    ],
  },
  {
    name: 'capabilities_restricted',
    level: 'restricted',
    replaces: 'capabilities_baseline',
    since: [
      [22, capabilitiesRestricted],
      [25, unlessWindows(capabilitiesRestricted)],
    ],
  },
  { name: 'procMount_restricted', level: 'restricted', replaces: 'procMount', since: [[35, procMount]] },
  { name: 'restrictedVolumes', level: 'restricted', replaces: 'hostPathVolumes', since: [[0, volumeTypes]] },
  {
    name: 'runAsNonRoot',
    level: 'restricted',
    since: [
      [0, runAsNonRoot],
      [35, unlessOwnUsers(runAsNonRoot)],
    ],
  },
  {
    name: 'runAsUser',
    level: 'restricted',
    since: [
      [23, runAsUser],
      [35, unlessOwnUsers(runAsUser)],
    ],
  },
  {
    name: 'seccompProfile_restricted',
    level: 'restricted',
    replaces: 'seccompProfile_baseline',
    since: [
      [19, seccompRestricted],
      [25, unlessWindows(seccompRestricted)],
    ],
  },
];

type Run = (pod: Pod) => Violation | undefined;

/** On Windows there is nothing of the kind. */
function unlessWindows(run: Run): Run {
  return (pod) => (pod.spec.os?.name === 'windows' ? undefined : run(pod));
}

/** Who is root in a user namespace of its own is nobody on the node. */
function unlessOwnUsers(run: Run): Run {
  return (pod) => (pod.spec.hostUsers === false ? undefined : run(pod));
}

function appArmor({ spec, containers, annotations }: Pod): Violation | undefined {
  const allowed = (profile: V1SecurityContext['appArmorProfile']) =>
    !profile || profile.type === 'RuntimeDefault' || profile.type === 'Localhost';
  const values = new Set<string>();
  const setters = settersOf(spec, containers, (context) => {
    if (allowed(context.appArmorProfile)) return false;
    values.add(`securityContext.appArmorProfile.type to ${quote(context.appArmorProfile?.type ?? '')}`);
    return true;
  });
  const prefix = 'container.apparmor.security.beta.kubernetes.io/';
  const annotated = Object.entries(annotations)
    .filter(([key, value]) => key.startsWith(prefix) && value !== '' && value !== 'runtime/default')
    .filter(([, value]) => !value.startsWith('localhost/'))
    .map(([key, value]) => `${key}=${quote(value)}`)
    .sort();
  const details = [
    ...(setters ? [`${setters} must not set ${[...values].sort().join(', ')}`] : []),
    ...(annotated.length > 0 ? [`${plural('annotation', annotated.length)} ${annotated.join(', ')}`] : []),
  ];
  const count = values.size + annotated.length;
  return found(details.length > 0, plural('forbidden AppArmor profile', count), details.join(' and '));
}

function capabilitiesBaseline({ containers }: Pod): Violation | undefined {
  return addedCapabilities(containers, 'non-default capabilities', (each) => baselineCapabilities.has(each));
}

function capabilitiesRestricted({ containers }: Pod): Violation | undefined {
  const missing = containers.filter(({ securityContext }) => !securityContext?.capabilities?.drop?.includes('ALL'));
  const added = addedCapabilities(containers, '', (each) => each === 'NET_BIND_SERVICE');
  const details = [
    ...(missing.length > 0 ? [`${names(missing)} must set securityContext.capabilities.drop=["ALL"]`] : []),
    ...(added ? [added.detail] : []),
  ];
  return found(details.length > 0, 'unrestricted capabilities', details.join('; '));
}

function addedCapabilities(
  containers: readonly V1Container[],
  reason: string,
  allowed: (capability: string) => boolean,
): Violation | undefined {
  const forbidden = new Set<string>();
  const bad = containers.filter(({ securityContext }) => {
    const extra = (securityContext?.capabilities?.add ?? []).filter((each) => !allowed(each));
    for (const each of extra) forbidden.add(each);
    return extra.length > 0;
  });
  const list = quoted(forbidden);
  return found(bad.length > 0, reason, `${names(bad)} must not include ${list} in securityContext.capabilities.add`);
}

function hostNamespaces({ spec }: Pod): Violation | undefined {
  const shared = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((field) => spec[field]);
  return found(shared.length > 0, 'host namespaces', shared.map((field) => `${field}=true`).join(', '));
}

function hostPathVolumes({ spec }: Pod): Violation | undefined {
  const volumes = (spec.volumes ?? []).filter((volume) => hasVolumeOf('privileged', volume)).map(({ name }) => name);
  return found(volumes.length > 0, 'hostPath volumes', `${plural('volume', volumes.length)} ${quoted(volumes)}`);
}

function hostPorts({ containers }: Pod): Violation | undefined {
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
function hostsOfHandlers({ containers }: Pod): Violation | undefined {
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

function privileged({ containers }: Pod): Violation | undefined {
  const bad = containers.filter(({ securityContext }) => securityContext?.privileged);
  return found(bad.length > 0, 'privileged', `${names(bad)} must not set securityContext.privileged=true`);
}

function procMount({ containers }: Pod): Violation | undefined {
  const types = new Set<string>();
  const bad = containers.filter(({ securityContext }) => {
    const type = securityContext?.procMount;
    if (!type || type === 'Default') return false;
    types.add(type);
    return true;
  });
  return found(bad.length > 0, 'procMount', `${names(bad)} must not set securityContext.procMount to ${quoted(types)}`);
}

function selinux(allowed: readonly string[]): Run {
  return ({ spec, containers }) => {
    const types = new Set<string>();
    const [user, role] = ['user may not be set', 'role may not be set'];
    const also = new Set<string>();
    const setters = settersOf(spec, containers, ({ seLinuxOptions: options }) => {
      if (!options) return false;
      const wrongType = !allowed.includes(options.type ?? '');
      if (wrongType) types.add(options.type ?? '');
      if (options.user) also.add(user);
      if (options.role) also.add(role);
      return wrongType || Boolean(options.user) || Boolean(options.role);
    });
    const details = [
      ...(types.size > 0 ? [`${plural('type', types.size)} ${quoted(types)}`] : []),
      ...[user, role].filter((each) => also.has(each)),
    ];
    const detail = `${setters} set forbidden securityContext.seLinuxOptions: ${details.join('; ')}`;
    return found(setters !== '', 'seLinuxOptions', detail);
  };
}

function seccompAnnotations({ containers, annotations }: Pod): Violation | undefined {
  const keys = [
    'seccomp.security.alpha.kubernetes.io/pod',
    ...containers.map(({ name }) => `container.seccomp.security.alpha.kubernetes.io/${name}`),
  ];
  const forbidden = keys
    .map((key) => [key, getOwn(annotations, key)] as const)
    .flatMap(([key, value]) => {
      if (value === undefined || value === 'runtime/default' || value === 'docker/default') return [];
      return value.startsWith('localhost/') ? [] : [`${key}=${quote(value)}`];
    });
  const list = [...new Set(forbidden)].sort();
  const detail = `forbidden ${plural('annotation', list.length)} ${list.join(', ')}`;
  return found(list.length > 0, 'seccompProfile', detail);
}

type Seccomp = V1SecurityContext['seccompProfile'];

function isConfined(profile: Seccomp): boolean {
  return profile?.type === 'RuntimeDefault' || profile?.type === 'Localhost';
}

function seccompBaseline({ spec, containers }: Pod): Violation | undefined {
  const types = new Set<string>();
  const setters = settersOf(spec, containers, ({ seccompProfile }) => {
    if (!seccompProfile || isConfined(seccompProfile)) return false;
    types.add(seccompProfile.type);
    return true;
  });
  const detail = `${setters} must not set securityContext.seccompProfile.type to ${quoted(types)}`;
  return found(setters !== '', 'seccompProfile', detail);
}

function seccompRestricted(pod: Pod): Violation | undefined {
  const set = seccompBaseline(pod);
  if (set || isConfined(pod.spec.securityContext?.seccompProfile)) return set;
  const bad = pod.containers.filter(({ securityContext }) => !securityContext?.seccompProfile);
  const detail = `pod or ${names(bad)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`;
  return found(bad.length > 0, 'seccompProfile', detail);
}

function onlySysctls(allowed: readonly string[]): Run {
  return ({ spec }) => {
    const forbidden = (spec.securityContext?.sysctls ?? []).map(({ name }) => name);
    const list = forbidden.filter((name) => !allowed.includes(name));
    return found(list.length > 0, 'forbidden sysctls', list.join(', '));
  };
}

function hostProcess({ spec, containers }: Pod): Violation | undefined {
  const setters = settersOf(spec, containers, ({ windowsOptions }) => windowsOptions?.hostProcess === true);
  const detail = `${setters} must not set securityContext.windowsOptions.hostProcess=true`;
  return found(setters !== '', 'hostProcess', detail);
}

function allowPrivilegeEscalation({ containers }: Pod): Violation | undefined {
  const bad = containers.filter(({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false);
  const detail = `${names(bad)} must set securityContext.allowPrivilegeEscalation=false`;
  return found(bad.length > 0, 'allowPrivilegeEscalation != false', detail);
}

function hasVolumeOf(level: 'privileged' | 'restricted', volume: V1Volume): boolean {
  return sourcesOf(volume).some(({ type }) => type.inline?.podSecurity === level);
}

function volumeTypes({ spec }: Pod): Violation | undefined {
  const bad = (spec.volumes ?? []).filter((volume) => !hasVolumeOf('restricted', volume));
  const kinds = bad.map((volume) => Object.keys(volume).find((field) => field !== 'name') ?? 'unknown');
  const volumes = bad.map(({ name }) => name);
  const types = plural('restricted volume type', new Set(kinds).size);
  const detail = `${plural('volume', bad.length)} ${quoted(volumes)} ${uses(bad)} ${types} ${quoted(kinds)}`;
  return found(bad.length > 0, 'restricted volume types', detail);
}

function runAsNonRoot({ spec, containers }: Pod): Violation | undefined {
  const setters = settersOf(spec, containers, (context) => context.runAsNonRoot === false);
  const reason = 'runAsNonRoot != true';
  if (setters !== '') return found(true, reason, `${setters} must not set securityContext.runAsNonRoot=false`);
  if (spec.securityContext?.runAsNonRoot) return undefined;
  const bad = containers.filter(({ securityContext }) => !securityContext?.runAsNonRoot);
  return found(bad.length > 0, reason, `pod or ${names(bad)} must set securityContext.runAsNonRoot=true`);
}

function runAsUser({ spec, containers }: Pod): Violation | undefined {
  const setters = settersOf(spec, containers, (context) => context.runAsUser === 0);
  return found(setters !== '', 'runAsUser=0', `${setters} must not set runAsUser=0`);
}

/** Whose security context is bad: `pod`, `containers "a", "b"`, both, or the empty text. */
function settersOf(
  { securityContext }: V1PodSpec,
  containers: readonly V1Container[],
  isBad: (context: V1SecurityContext & V1PodSecurityContext) => boolean,
): string {
  // as: what both have in common is all that is asked for.
  const bad = (context: unknown) => Boolean(context) && isBad(context as V1SecurityContext & V1PodSecurityContext);
  const own = bad(securityContext) ? ['pod'] : [];
  const those = containers.filter((each) => bad(each.securityContext));
  return [...own, ...(those.length > 0 ? [names(those)] : [])].join(' and ');
}

function found(holds: boolean, reason: string, detail: string): Violation | undefined {
  return holds ? { reason, detail } : undefined;
}

function names(containers: readonly V1Container[]): string {
  return `${plural('container', containers.length)} ${containers.map(({ name }) => quote(name)).join(', ')}`;
}

function uses(those: readonly unknown[]): string {
  return those.length > 1 ? 'use' : 'uses';
}

function plural(noun: string, count: number): string {
  return count > 1 ? `${noun}s` : noun;
}

function quoted(values: Iterable<string>): string {
  return [...new Set(values)].sort().map(quote).join(', ');
}

function quote(text: string): string {
  return JSON.stringify(text);
}
