// Every field of a security context does something on a node, or is refused there: the samples are typed over all that Kubernetes has.

import { describe, expect, it } from 'vitest';
import type { V1PodSecurityContext, V1SecurityContext } from '../../generated/kubernetes.ts';
import { tried } from '../../test/tools/tried.ts';
import { createLinuxPodHost, namespaces } from '../platform/linux/pod-host.ts';
import type { ImageUser } from './pod-host.ts';
import { type SandboxContext, sandboxConfig } from './sandbox-config.ts';
import { containerSecurity, sandboxViolation, securityRefusal, securityViolation } from './security-fields.ts';
import { sysctlName, sysctlRefusal } from './sysctls.ts';
import { testContainer, testPod, testSecurity } from './test-pod.ts';

const containerSamples: { [K in keyof Required<V1SecurityContext>]: NonNullable<V1SecurityContext[K]>[] } = {
  allowPrivilegeEscalation: [false],
  appArmorProfile: [
    { type: 'RuntimeDefault' },
    { type: 'Localhost', localhostProfile: 'strict' },
    { type: 'Unconfined' },
  ],
  capabilities: [{ add: ['NET_ADMIN'] }, { drop: ['ALL'] }],
  privileged: [true],
  procMount: ['Unmasked'],
  readOnlyRootFilesystem: [true],
  runAsGroup: [0, 3000],
  runAsNonRoot: [true],
  runAsUser: [0, 1000],
  seccompProfile: [{ type: 'RuntimeDefault' }, { type: 'Localhost', localhostProfile: 'a/b.json' }],
  seLinuxOptions: [{ level: 's0:c1,c2' }, { type: 'container_t' }, { role: 'r' }, { user: 'u' }],
  windowsOptions: [{ runAsUserName: 'ContainerUser' }, { hostProcess: true }, { gmsaCredentialSpec: '{}' }],
};
const podSamples: { [K in keyof Required<V1PodSecurityContext>]: NonNullable<V1PodSecurityContext[K]>[] } = {
  appArmorProfile: containerSamples.appArmorProfile,
  fsGroup: [3000],
  fsGroupChangePolicy: ['OnRootMismatch'],
  runAsGroup: containerSamples.runAsGroup,
  runAsNonRoot: containerSamples.runAsNonRoot,
  runAsUser: containerSamples.runAsUser,
  seccompProfile: containerSamples.seccompProfile,
  seLinuxChangePolicy: ['Recursive'],
  seLinuxOptions: containerSamples.seLinuxOptions,
  supplementalGroups: [[4000]],
  supplementalGroupsPolicy: ['Strict'],
  sysctls: [[{ name: 'net.ipv4.tcp_syncookies', value: '0' }], [{ name: 'kernel.panic', value: '1' }]],
  windowsOptions: containerSamples.windowsOptions,
};
/** What becomes of a volume's files is no matter of the runtime. */
const ofVolumes: (keyof V1PodSecurityContext)[] = ['fsGroupChangePolicy', 'seLinuxChangePolicy'];

const rootImage: ImageUser = { uid: 0, username: '' };
const sandboxContext: SandboxContext = {
  nodeName: 'n',
  logDirectory: '/logs',
  cgroupParent: '/pods',
  dns: { servers: ['10.0.0.10'], domain: 'cluster.local', host: { servers: [], searches: [], options: [] } },
  nodeHostname: 'n',
  host: createLinuxPodHost({ security: testSecurity(), capacity: { cpu: 1, memory: 1 } }),
};

/** Everything that a node does with the two contexts, as one text. */
function outcome(own: V1SecurityContext, shared: V1PodSecurityContext, node = testSecurity()): string {
  const pod = testPod({ securityContext: shared, containers: [testContainer('main', { securityContext: own })] });
  const about = {
    pod,
    container: { kind: 'app' as const, name: 'main', spec: pod.spec.containers[0]! },
    image: rootImage,
    node,
  };
  return JSON.stringify({
    refusal: securityRefusal(pod, node),
    violation: securityViolation(about),
    container: containerSecurity(about),
    sandbox: sandboxConfig(pod, 0, sandboxContext).linux,
  });
}

function runtimeFields(
  own: V1SecurityContext,
  shared: V1PodSecurityContext = {},
  image = rootImage,
  node = testSecurity(),
) {
  const pod = testPod({ securityContext: shared, containers: [testContainer('main', { securityContext: own })] });
  return containerSecurity({
    pod,
    container: { kind: 'app', name: 'main', spec: pod.spec.containers[0]! },
    image,
    node,
  });
}

function violation(own: V1SecurityContext, image = rootImage) {
  const pod = testPod({ containers: [testContainer('main', { securityContext: own })] });
  const container = { kind: 'ephemeral' as const, name: 'main', spec: pod.spec.containers[0]! };
  return securityViolation({ pod, container, image, node: testSecurity() });
}

describe('the fields of security contexts', () => {
  const nothing = outcome({}, {});

  it.each(Object.entries(containerSamples))('a container: %s', (field, values) => {
    for (const value of values) expect(outcome({ [field]: value }, {})).not.toBe(nothing);
    tried('settings of a security context', values.length);
  });

  it.each(Object.entries(podSamples))('a pod: %s', (field, values) => {
    const ofFiles = ofVolumes.some((each) => each === field);
    for (const value of values) expect(outcome({}, { [field]: value }) === nothing).toBe(ofFiles);
    tried('settings of a security context', values.length);
  });

  it('refuses what a node cannot enforce, for every kind of container', () => {
    const refusal = (own: V1SecurityContext, shared: V1PodSecurityContext = {}, node = testSecurity()) =>
      (['initContainers', 'containers', 'ephemeralContainers'] as const).map(
        (list) =>
          securityRefusal(
            testPod({ securityContext: shared, [list]: [testContainer('x', { securityContext: own })] }),
            node,
          )?.reason,
      );
    const all = (reason: string | undefined) => [reason, reason, reason];
    expect(refusal({ appArmorProfile: { type: 'RuntimeDefault' } })).toEqual(all('AppArmor'));
    expect(refusal({}, { appArmorProfile: { type: 'Localhost', localhostProfile: 'x' } })).toEqual(all('AppArmor'));
    expect(refusal({ appArmorProfile: { type: 'Unconfined' } })).toEqual(all(undefined));
    expect(refusal({ appArmorProfile: { type: 'RuntimeDefault' } }, {}, testSecurity({ appArmor: true }))).toEqual(
      all(undefined),
    );
    expect(refusal({ seLinuxOptions: { type: 't' } })).toEqual(all('SELinux'));
    expect(refusal({ seLinuxOptions: {} })).toEqual(all(undefined));
    expect(refusal({ windowsOptions: { runAsUserName: 'x' } })).toEqual(all('PodOSNotSupported'));
    expect(refusal({}, { supplementalGroupsPolicy: 'Strict' })).toEqual(all('SupplementalGroupsPolicyNotSupported'));
    const able = testSecurity({ supplementalGroupsPolicy: true });
    expect(refusal({}, { supplementalGroupsPolicy: 'Strict' }, able)).toEqual(all(undefined));
    expect(refusal({}, { sysctls: [{ name: 'kernel.panic', value: '1' }] })).toEqual(all('SysctlForbidden'));
  });

  it('reads the annotation that AppArmor had before it had fields', () => {
    const annotated = (value: string, own: V1SecurityContext = {}) => {
      const key = 'container.apparmor.security.beta.kubernetes.io/main';
      const containers = [testContainer('main', { securityContext: own })];
      return securityRefusal(testPod({ containers }, { annotations: { [key]: value } }), testSecurity())?.reason;
    };
    expect(annotated('runtime/default')).toBe('AppArmor');
    expect(annotated('localhost/strict')).toBe('AppArmor');
    expect(annotated('unconfined')).toBe(undefined);
    expect(annotated('runtime/default', { appArmorProfile: { type: 'Unconfined' } })).toBe(undefined);
  });

  it('asks again when a container starts: ephemeral ones were not there when the pod was taken', () => {
    expect(violation({ seLinuxOptions: { type: 't' } })).toContain('seLinuxOptions');
    expect(violation({ appArmorProfile: { type: 'RuntimeDefault' } })).toContain('AppArmor is not enabled');
  });

  it('never runs as root what names a group only, or must not be root', () => {
    expect(runtimeFields({ runAsGroup: 3000 }, {}, { uid: 1000, username: '' })).toMatchObject({
      runAsUser: { value: 1000 },
      runAsGroup: { value: 3000 },
    });
    expect(runtimeFields({ runAsGroup: 3000 }, {}, { uid: undefined, username: 'app' })).toMatchObject({
      runAsUsername: 'app',
    });
    expect(runtimeFields({ runAsGroup: 3000 }, { runAsUser: 7 }, { uid: 1000, username: '' }).runAsUser).toEqual({
      value: 7,
    });
    expect(runtimeFields({}, {}, { uid: 1000, username: '' }).runAsUser).toBe(undefined);
    const nonRoot = (image: ImageUser, own: V1SecurityContext = {}) => violation({ runAsNonRoot: true, ...own }, image);
    expect(nonRoot({ uid: 0, username: '' })).toBe('container has runAsNonRoot and image will run as root');
    expect(nonRoot({ uid: undefined, username: '' })).toBe('container has runAsNonRoot and image will run as root');
    expect(nonRoot({ uid: undefined, username: 'app' })).toContain('non-numeric user (app)');
    expect(nonRoot({ uid: 1000, username: '' })).toBe(undefined);
    expect(nonRoot({ uid: 1000, username: '' }, { runAsUser: 0 })).toBe("container's runAsUser breaks non-root policy");
    expect(nonRoot({ uid: undefined, username: 'app' }, { runAsUser: 5 })).toBe(undefined);
  });

  it('takes seccomp profiles from one directory, and the runtime default where the node says so', () => {
    const profile = (localhostProfile: string) =>
      violation({ seccompProfile: { type: 'Localhost', localhostProfile } });
    for (const path of ['../x', '/etc/x', 'a/../../x', 'a\0b', '']) expect(profile(path)).toBeDefined();
    expect(profile('a/b..json')).toBe(undefined);
    expect(violation({ seccompProfile: { type: 'New' } })).toContain('unknown');
    const withDefault = testSecurity({ seccompDefault: true });
    expect(runtimeFields({}).seccomp).toEqual({ profileType: 1 });
    expect(runtimeFields({}, {}, rootImage, withDefault).seccomp).toEqual({ profileType: 0 });
    expect(runtimeFields({ seccompProfile: { type: 'Unconfined' } }, {}, rootImage, withDefault).seccomp).toEqual({
      profileType: 1,
    });
  });

  it('adds no capability that no process of the node may have', () => {
    const node = testSecurity({ missingCapabilities: new Set(['SYS_BOOT', 'LEASE']) });
    const spec = (add: string[]) => testContainer('main', { securityContext: { capabilities: { add } } });
    const why = (...add: string[]) => {
      const container = { kind: 'app' as const, name: 'main', spec: spec(add) };
      return securityViolation({ pod: testPod({ containers: [spec(add)] }), container, image: rootImage, node });
    };
    expect(why('NET_ADMIN', 'CAP_SYS_BOOT', 'lease')).toBe(
      'cannot add SYS_BOOT, LEASE: no process of this node may have that capability',
    );
    expect(why('NET_ADMIN', 'ALL')).toBe(undefined);
  });

  it('gives no user namespace that it has not, and no read-only mounts that it cannot make', () => {
    expect(sandboxViolation(testPod({ hostUsers: false }))).toContain('does not support user namespaces');
    expect(sandboxViolation(testPod({ hostUsers: true }))).toBe(undefined);
    const volumeMounts = [{ name: 'v', mountPath: '/v', readOnly: true, recursiveReadOnly: 'Enabled' }];
    const spec = testContainer('main', { volumeMounts });
    const container = { kind: 'app' as const, name: 'main', spec };
    const about = { pod: testPod({ containers: [spec] }), container, image: rootImage, node: testSecurity() };
    expect(securityViolation(about)).toContain('recursive read-only');
  });

  it('keeps every namespace from the node unless the pod says otherwise', () => {
    expect(namespaces(testPod())).toEqual({ network: 0, ipc: 0, pid: 1 });
    expect(namespaces(testPod({ hostNetwork: true, hostIPC: true, hostPID: true }))).toEqual({
      network: 2,
      ipc: 2,
      pid: 2,
    });
  });

  it('sets kernel parameters of namespaces only', () => {
    expect(sysctlName('net/ipv4/conf/eth0.1/forwarding')).toBe('net.ipv4.conf.eth0/1.forwarding');
    expect(sysctlRefusal('net/ipv4/tcp_syncookies', {}, [])).toBe(undefined);
    expect(sysctlRefusal('net.ipv4.tcp_syncookies', { hostNetwork: true }, [])).toContain('host net');
    expect(sysctlRefusal('kernel.shm_rmid_forced', { hostIPC: true }, [])).toContain('host ipc');
    expect(sysctlRefusal('net.core.somaxconn', {}, [])).toContain('not allowlisted');
    expect(sysctlRefusal('net.core.somaxconn', {}, ['net.core.*'])).toBe(undefined);
    for (const name of [
      'kernel.panic',
      'vm.swappiness',
      'fs.file-max',
      'kernel/core_pattern',
      'user.max_user_namespaces',
    ])
      expect(sysctlRefusal(name, {}, ['*', name])).toContain('not allowlisted');
    tried('settings of a security context', 11);
  });
});
