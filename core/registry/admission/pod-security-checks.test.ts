import { describe, expect, it } from 'vitest';
import type { V1Container, V1ObjectMeta, V1PodSpec } from '../../../generated/kubernetes.ts';
import { explain, type Level, type PolicyVersion, violations } from './pod-security-checks.ts';

/** What every version of the restricted level allows. */
const safe = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};
const container: V1Container = { name: 'c', image: 'i', securityContext: safe };
const base: V1PodSpec = { containers: [container] };

function withContainer(more: Partial<V1Container>): V1PodSpec {
  return { ...base, containers: [{ ...container, ...more }] };
}

function withContext(more: NonNullable<V1Container['securityContext']>): V1PodSpec {
  return withContainer({ securityContext: { ...safe, ...more } });
}

function without(field: keyof typeof safe): V1PodSpec {
  const { [field]: _, ...rest } = safe;
  return withContainer({ securityContext: rest });
}

type Step = readonly [from: number, violates: boolean];

interface Row {
  readonly what: string;
  readonly spec: V1PodSpec;
  readonly metadata?: V1ObjectMeta;
  /** By level, whether it is violated from a version on. */
  readonly baseline: readonly Step[];
  readonly restricted: readonly Step[];
  /** What is said of it at the level where it is, at the newest version that says anything. */
  readonly says?: string;
}

const never: readonly Step[] = [[0, false]];
const always: readonly Step[] = [[0, true]];
const from = (minor: number): readonly Step[] => [
  [0, false],
  [minor, true],
];
const until = (minor: number): readonly Step[] => [
  [0, true],
  [minor, false],
];
const onBoth = (steps: readonly Step[]) => ({ baseline: steps, restricted: steps });
const onRestricted = (steps: readonly Step[]) => ({ baseline: never, restricted: steps });
const probe = { httpGet: { port: 80, host: '127.0.0.1' } };
const socket = { tcpSocket: { port: 80, host: '169.254.169.254' } };

const rows: readonly Row[] = [
  { what: 'a pod that does what is asked', spec: base, ...onBoth(never) },
  {
    what: 'hostNetwork',
    spec: { ...base, hostNetwork: true },
    ...onBoth(always),
    says: 'host namespaces (hostNetwork=true)',
  },
  { what: 'hostPID', spec: { ...base, hostPID: true }, ...onBoth(always), says: 'host namespaces (hostPID=true)' },
  { what: 'hostIPC', spec: { ...base, hostIPC: true }, ...onBoth(always), says: 'host namespaces (hostIPC=true)' },
  {
    what: 'privileged',
    spec: withContext({ privileged: true }),
    ...onBoth(always),
    says: 'privileged (container "c" must not set securityContext.privileged=true)',
  },
  {
    what: 'privileged in an init container',
    spec: { ...base, initContainers: [{ ...container, name: 'i', securityContext: { ...safe, privileged: true } }] },
    ...onBoth(always),
  },
  {
    what: 'privileged in an ephemeral container',
    spec: { ...base, ephemeralContainers: [{ name: 'e', securityContext: { ...safe, privileged: true } }] },
    ...onBoth(always),
  },
  {
    what: 'a capability that is none of the default ones',
    spec: withContext({ capabilities: { add: ['NET_ADMIN', 'CHOWN'], drop: ['ALL'] } }),
    ...onBoth(always),
    says: 'non-default capabilities (container "c" must not include "NET_ADMIN" in securityContext.capabilities.add)',
  },
  {
    what: 'a capability of the default ones',
    spec: withContext({ capabilities: { add: ['CHOWN'], drop: ['ALL'] } }),
    ...onRestricted(from(22)),
    says: 'unrestricted capabilities (container "c" must not include "CHOWN" in securityContext.capabilities.add)',
  },
  {
    what: 'NET_BIND_SERVICE',
    spec: withContext({ capabilities: { add: ['NET_BIND_SERVICE'], drop: ['ALL'] } }),
    ...onBoth(never),
  },
  {
    what: 'capabilities that are not dropped',
    spec: without('capabilities'),
    ...onRestricted(from(22)),
    says: 'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"])',
  },
  {
    what: 'hostPath',
    spec: { ...base, volumes: [{ name: 'v', hostPath: { path: '/' } }] },
    ...onBoth(always),
    says: 'hostPath volumes (volume "v")',
  },
  {
    what: 'a volume of NFS',
    spec: { ...base, volumes: [{ name: 'v', nfs: { path: '/', server: 's' } }] },
    ...onRestricted(always),
    says: 'restricted volume types (volume "v" uses restricted volume type "nfs")',
  },
  ...(['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'image', 'projected', 'secret'] as const).map(
    (kind): Row => ({
      what: `a volume of ${kind}`,
      spec: { ...base, volumes: [{ name: 'v', [kind]: {} }] },
      ...onBoth(never),
    }),
  ),
  {
    what: 'hostPort',
    spec: withContainer({ ports: [{ containerPort: 80, hostPort: 80 }] }),
    ...onBoth(always),
    says: 'hostPort (container "c" uses hostPort 80)',
  },
  ...(
    [
      ['livenessProbe', { livenessProbe: probe }],
      ['readinessProbe', { readinessProbe: socket }],
      ['startupProbe', { startupProbe: probe }],
      ['postStart', { lifecycle: { postStart: probe } }],
      ['preStop', { lifecycle: { preStop: socket } }],
    ] as const
  ).map(([name, more]): Row => ({ what: `the host of a ${name}`, spec: withContainer(more), ...onBoth(from(34)) })),
  {
    what: 'the hosts of a probe and a hook',
    spec: withContainer({ livenessProbe: probe, lifecycle: { preStop: socket } }),
    ...onBoth(from(34)),
    says: 'probe or lifecycle host (container "c" uses probe or lifecycle hosts "127.0.0.1", "169.254.169.254")',
  },
  {
    what: 'the empty host of a probe',
    spec: withContainer({ livenessProbe: { httpGet: { port: 80, host: '' } } }),
    ...onBoth(never),
  },
  {
    what: 'procMount: Unmasked',
    spec: withContext({ procMount: 'Unmasked' }),
    ...onBoth(always),
    says: 'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
  },
  {
    what: 'procMount: Unmasked in a user namespace',
    spec: { ...withContext({ procMount: 'Unmasked' }), hostUsers: false },
    baseline: until(35),
    restricted: always,
  },
  {
    what: 'an SELinux type',
    spec: { ...base, securityContext: { seLinuxOptions: { type: 'spc_t' } } },
    ...onBoth(always),
    says: 'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "spc_t")',
  },
  {
    what: 'the SELinux type container_engine_t',
    spec: withContext({ seLinuxOptions: { type: 'container_engine_t' } }),
    ...onBoth(until(31)),
  },
  {
    what: 'the SELinux type container_init_t',
    spec: withContext({ seLinuxOptions: { type: 'container_init_t' } }),
    ...onBoth(never),
  },
  {
    what: 'an SELinux user and role',
    spec: withContext({ seLinuxOptions: { user: 'u', role: 'r' } }),
    ...onBoth(always),
    says: 'seLinuxOptions (container "c" set forbidden securityContext.seLinuxOptions: user may not be set; role may not be set)',
  },
  {
    what: 'seccomp: Unconfined',
    spec: {
      ...withContext({ seccompProfile: { type: 'Unconfined' } }),
      securityContext: { seccompProfile: { type: 'Unconfined' } },
    },
    ...onBoth(from(19)),
    says: 'seccompProfile (pod and container "c" must not set securityContext.seccompProfile.type to "Unconfined")',
  },
  {
    what: 'no seccomp profile',
    spec: without('seccompProfile'),
    ...onRestricted(from(19)),
    says: 'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
  },
  {
    what: 'a seccomp profile of the pod',
    spec: { ...without('seccompProfile'), securityContext: { seccompProfile: { type: 'Localhost' } } },
    ...onBoth(never),
  },
  ...['seccomp.security.alpha.kubernetes.io/pod', 'container.seccomp.security.alpha.kubernetes.io/c'].map(
    (annotation): Row => ({
      what: `the annotation ${annotation}`,
      spec: base,
      metadata: { annotations: { [annotation]: 'unconfined' } },
      ...onBoth(until(19)),
    }),
  ),
  {
    what: 'AppArmor: Unconfined',
    spec: withContext({ appArmorProfile: { type: 'Unconfined' } }),
    ...onBoth(always),
    says: 'forbidden AppArmor profile (container "c" must not set securityContext.appArmorProfile.type to "Unconfined")',
  },
  { what: 'AppArmor: Localhost', spec: withContext({ appArmorProfile: { type: 'Localhost' } }), ...onBoth(never) },
  {
    what: 'the annotation of AppArmor',
    spec: base,
    metadata: { annotations: { 'container.apparmor.security.beta.kubernetes.io/c': 'unconfined' } },
    ...onBoth(always),
  },
  ...(
    [
      ['kernel.msgmax', always],
      ['kernel.shm_rmid_forced', never],
      ['net.ipv4.ip_local_reserved_ports', until(27)],
      ['net.ipv4.tcp_keepalive_time', until(29)],
      ['net.ipv4.tcp_fin_timeout', until(29)],
      ['net.ipv4.tcp_keepalive_intvl', until(29)],
      ['net.ipv4.tcp_keepalive_probes', until(29)],
      ['net.ipv4.tcp_rmem', until(32)],
      ['net.ipv4.tcp_wmem', until(32)],
    ] as const
  ).map(
    ([name, steps]): Row => ({
      what: `the sysctl ${name}`,
      spec: { ...base, securityContext: { sysctls: [{ name, value: '1' }] } },
      ...onBoth(steps),
    }),
  ),
  {
    what: 'hostProcess of the pod',
    spec: { ...base, securityContext: { windowsOptions: { hostProcess: true } } },
    ...onBoth(always),
    says: 'hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)',
  },
  { what: 'hostProcess', spec: withContext({ windowsOptions: { hostProcess: true } }), ...onBoth(always) },
  {
    what: 'allowPrivilegeEscalation',
    spec: without('allowPrivilegeEscalation'),
    ...onRestricted(from(8)),
    says: 'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false)',
  },
  {
    what: 'what Windows does not have',
    spec: { ...withContainer({ securityContext: { runAsNonRoot: true } }), os: { name: 'windows' } },
    ...onRestricted([
      [0, false],
      [8, true],
      [25, false],
    ]),
  },
  {
    what: 'no runAsNonRoot',
    spec: without('runAsNonRoot'),
    ...onRestricted(always),
    says: 'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true)',
  },
  {
    what: 'runAsNonRoot of the pod',
    spec: { ...without('runAsNonRoot'), securityContext: { runAsNonRoot: true } },
    ...onBoth(never),
  },
  {
    what: 'runAsNonRoot: false of a container, whatever the pod says',
    spec: { ...withContext({ runAsNonRoot: false }), securityContext: { runAsNonRoot: true } },
    ...onRestricted(always),
    says: 'runAsNonRoot != true (container "c" must not set securityContext.runAsNonRoot=false)',
  },
  {
    what: 'no runAsNonRoot in a user namespace',
    spec: { ...without('runAsNonRoot'), hostUsers: false },
    ...onRestricted(until(35)),
  },
  {
    what: 'runAsUser: 0',
    spec: withContext({ runAsUser: 0 }),
    ...onRestricted(from(23)),
    says: 'runAsUser=0 (container "c" must not set runAsUser=0)',
  },
  {
    what: 'runAsUser: 0 in a user namespace',
    spec: { ...withContext({ runAsUser: 0 }), hostUsers: false },
    ...onRestricted([
      [0, false],
      [23, true],
      [35, false],
    ]),
  },
  { what: 'hostUsers: true', spec: { ...withContext({ runAsUser: 0 }), hostUsers: true }, ...onRestricted(from(23)) },
];

const minors = Array.from({ length: 37 }, (_, minor) => minor);
const versions: readonly PolicyVersion[] = [...minors, 'latest'];

function expected(steps: readonly Step[], version: PolicyVersion): boolean {
  return steps.findLast(([since]) => version === 'latest' || since <= version)?.[1] ?? false;
}

describe.each(rows)('$what', ({ spec, metadata, ...steps }) => {
  it.each(['privileged', 'baseline', 'restricted'] as const)('%s', (level: Level) => {
    for (const version of versions) {
      const found = violations(level, version, spec, metadata);
      const wanted = level !== 'privileged' && expected(steps[level], version);
      expect(found.length > 0, `v1.${version}: ${explain(found)}`).toBe(wanted);
    }
  });
});

it.each(rows.filter(({ says }) => says))(
  '$what is told in the words of Kubernetes',
  ({ spec, metadata, says, baseline }) => {
    const level = baseline.some(([, violates]) => violates) ? 'baseline' : 'restricted';
    expect(explain(violations(level, 'latest', spec, metadata))).toBe(says);
  },
);
