// Every field of a security context, shown by a container that has it, or by the reason why the node refuses it.

import { mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agentCapabilities, missingIn } from '../../agent/capabilities.ts';
import { ociArchive } from '../../agent/images/oci.ts';
import type { V1Container, V1Pod, V1PodSpec, V1SecurityContext } from '../../generated/kubernetes.ts';
import { busyboxImages } from '../../local/example-images.ts';
import { processFiles, runningPid } from '../../local/process.ts';
import { eventually, startCluster, type TestCluster } from '../tools/cluster.ts';
import { busybox, forever, pod, shell } from '../tools/manifests.ts';
import { tried } from '../tools/tried.ts';

/** What a container sees of itself, as its termination message. */
const look = [
  "grep -E '^(Uid|Gid|Groups|CapEff|NoNewPrivs|Seccomp):' /proc/self/status",
  'touch /probe 2>/dev/null && echo root writable || echo root read-only',
  'mkdir /tmp/made 2>/dev/null && echo may mkdir || echo no mkdir',
  'for each in net ipc pid; do readlink /proc/self/ns/$each; done',
  'echo pid 1 is $(cat /proc/1/comm)',
  'echo syncookies $(cat /proc/sys/net/ipv4/tcp_syncookies)',
  'stat -c "data of %g" /data 2>/dev/null',
  'echo /proc/sys is $(grep " /proc/sys " /proc/mounts | cut -d " " -f 4 | cut -d , -f 1) here',
].join('; ');
const looks = (security: V1SecurityContext = {}, more: Partial<V1Container> = {}) =>
  shell('main', `{ ${look}; } > /dev/termination-log 2>&1`, { securityContext: security, ...more });
const once = (
  name: string,
  security: V1SecurityContext = {},
  spec: Partial<V1PodSpec> = {},
  more: Partial<V1Container> = {},
) => pod(name, [looks(security, more)], { restartPolicy: 'Never', ...spec });
const ofPod = (name: string, securityContext: V1PodSpec['securityContext'], spec: Partial<V1PodSpec> = {}) =>
  once(name, {}, { securityContext, ...spec });

const appArmorKey = 'container.apparmor.security.beta.kubernetes.io/main';
const annotated: V1Pod = {
  ...once('apparmor-annotation'),
  metadata: { name: 'apparmor-annotation', annotations: { [appArmorKey]: 'localhost/strict' } },
};

/** Runs to its end, and its message matches. */
const shown: readonly (readonly [V1Pod, readonly RegExp[]])[] = [
  [
    once('plain'),
    [
      /Uid:\t0\t/,
      /CapEff:\t00000000a80425fb/,
      /NoNewPrivs:\t0/,
      /Seccomp:\t0/,
      /root writable/,
      /may mkdir/,
      /proc.sys is ro here/,
    ],
  ],
  [once('no-new-privileges', { allowPrivilegeEscalation: false }), [/NoNewPrivs:\t1/]],
  [once('read-only', { readOnlyRootFilesystem: true }), [/root read-only/]],
  [once('no-capabilities', { capabilities: { drop: ['ALL'] } }), [/CapEff:\t0{16}\n/]],
  [once('one-capability', { capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] } }), [/CapEff:\t0000000000001000\n/]],
  [once('privileged', { privileged: true }), [/CapEff:\t[0-9a-f]{6}[1-9a-f]/, /Seccomp:\t0/, /proc.sys is here/]],
  [once('default-proc', { procMount: 'Default' }), [/proc.sys is ro here/]],
  [
    once('user', { runAsUser: 1000, runAsGroup: 2000, runAsNonRoot: true }),
    [/Uid:\t1000\t/, /Gid:\t2000\t/, /CapEff:\t0{16}\n/],
  ],
  [
    once('group-of-image', { runAsGroup: 2000 }, {}, { image: 'example.com/numbered:1' }),
    [/Uid:\t1234\t/, /Gid:\t2000\t/],
  ],
  [once('user-of-image', { runAsNonRoot: true }, {}, { image: 'example.com/numbered:1' }), [/Uid:\t1234\t/]],
  [once('seccomp-default', { seccompProfile: { type: 'RuntimeDefault' } }), [/Seccomp:\t2/]],
  [once('seccomp-none', { seccompProfile: { type: 'Unconfined' } }), [/Seccomp:\t0/]],
  [
    once('seccomp-own', { seccompProfile: { type: 'Localhost', localhostProfile: 'sub/no-mkdir.json' } }),
    [/Seccomp:\t2/, /no mkdir/],
  ],
  [once('apparmor-none', { appArmorProfile: { type: 'Unconfined' } }), [/Uid:\t0/]],
  [once('selinux-empty', { seLinuxOptions: {} }), [/Uid:\t0/]],
  [
    ofPod('of-pod', {
      runAsUser: 1001,
      runAsGroup: 2001,
      runAsNonRoot: true,
      supplementalGroups: [4000],
      supplementalGroupsPolicy: 'Merge',
      seccompProfile: { type: 'RuntimeDefault' },
      sysctls: [{ name: 'net.ipv4.tcp_syncookies', value: '0' }],
    }),
    [/Uid:\t1001\t/, /Gid:\t2001\t/, /Groups:\t(2001 )?4000 \n/, /Seccomp:\t2/, /syncookies 0/],
  ],
  [
    once(
      'volumes',
      {},
      {
        securityContext: { fsGroup: 3000, fsGroupChangePolicy: 'OnRootMismatch', seLinuxChangePolicy: 'Recursive' },
        volumes: [{ name: 'data', emptyDir: {} }],
      },
      { volumeMounts: [{ name: 'data', mountPath: '/data' }] },
    ),
    [/data of 3000/, /Groups:\t.*3000 /],
  ],
  [once('host-users', {}, { hostUsers: true }), [/Uid:\t0/]],
  [once('shared-processes', {}, { shareProcessNamespace: true }), [/pid 1 is pause/]],
];

/** Ends in phase Failed, with this reason. */
const refused: readonly (readonly [V1Pod, string])[] = [
  [once('apparmor-default', { appArmorProfile: { type: 'RuntimeDefault' } }), 'AppArmor'],
  [ofPod('apparmor-own', { appArmorProfile: { type: 'Localhost', localhostProfile: 'strict' } }), 'AppArmor'],
  [annotated, 'AppArmor'],
  [once('selinux', { seLinuxOptions: { type: 'container_t' } }), 'SELinux'],
  [ofPod('selinux-of-pod', { seLinuxOptions: { level: 's0:c1,c2' } }), 'SELinux'],
  [once('windows', { windowsOptions: { runAsUserName: 'ContainerUser' } }), 'PodOSNotSupported'],
  [ofPod('strict-groups', { supplementalGroupsPolicy: 'Strict' }), 'SupplementalGroupsPolicyNotSupported'],
  [ofPod('unsafe-sysctl', { sysctls: [{ name: 'net.core.somaxconn', value: '1' }] }), 'SysctlForbidden'],
  [ofPod('sysctl-of-node', { sysctls: [{ name: 'kernel.panic', value: '1' }] }), 'SysctlForbidden'],
];

/** Never starts, and says so where it waits. */
const waiting: readonly (readonly [V1Pod, RegExp])[] = [
  [once('root', { runAsNonRoot: true }), /runAsNonRoot and image will run as root/],
  [once('root-by-number', { runAsNonRoot: true, runAsUser: 0 }), /runAsUser breaks non-root policy/],
  [once('named', { runAsNonRoot: true }, {}, { image: 'example.com/named:1' }), /non-numeric user \(nobody\)/],
  [once('seccomp-missing', { seccompProfile: { type: 'Localhost', localhostProfile: 'none.json' } }), /none\.json/],
  [once('reboots', { capabilities: { add: ['SYS_BOOT'] } }), /cannot add SYS_BOOT/],
  [
    once(
      'recursive',
      {},
      { volumes: [{ name: 'data', emptyDir: {} }] },
      { volumeMounts: [{ name: 'data', mountPath: '/data', readOnly: true, recursiveReadOnly: 'Enabled' }] },
    ),
    /recursive read-only/,
  ],
];

/** Gets no sandbox; an event says why. */
const withoutSandbox: readonly (readonly [V1Pod, RegExp])[] = [
  [once('user-namespace', {}, { hostUsers: false }), /does not support user namespaces/],
  [once('unmasked', { procMount: 'Unmasked' }, { hostUsers: false }), /does not support user namespaces/],
  [once('handler', {}, { runtimeClassName: 'unknown' }), /unknown-handler/],
];

describe.skipIf(process.getuid?.() !== 0)('security contexts (needs root)', () => {
  let cluster: TestCluster;
  const messages = new Map<string, string>();

  beforeAll(async () => {
    cluster = await startCluster('zpsec1', '10.214.1');
    const profiles = join(cluster.dataDir, 'agent/seccomp/sub');
    mkdirSync(profiles, { recursive: true });
    const rule = { names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' };
    const profile = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [rule] };
    writeFileSync(join(profiles, 'no-mkdir.json'), JSON.stringify(profile));
    const example = await busyboxImages[0]!.build(() => {});
    for (const [name, user] of [
      ['named', 'nobody'],
      ['numbered', '1234'],
    ]) {
      const file = join(cluster.dataDir, `${name}.tar`);
      writeFileSync(file, ociArchive({ ...example, name: `example.com/${name}:1`, user: user! }));
      expect((await cluster.zeroplane('image load', file)).code).toBe(0);
      rmSync(file);
    }
    const confined = shell('main', forever, {
      securityContext: {
        runAsUser: 1000,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        seccompProfile: { type: 'RuntimeDefault' },
      },
    });
    const host = { hostNetwork: true, hostPID: true, hostIPC: true };
    const init = shell('init', 'grep -E "^(Uid|NoNewPrivs)" /proc/self/status > /dev/termination-log', {
      securityContext: { allowPrivilegeEscalation: false },
    });
    await cluster.apply([
      {
        apiVersion: 'node.k8s.io/v1',
        kind: 'RuntimeClass',
        metadata: { name: 'unknown' },
        handler: 'unknown-handler',
      },
      pod('confined', [confined]),
      once('host', {}, host),
      once('init', {}, { initContainers: [init], securityContext: { runAsUser: 1002 } }),
      ...[...shown, ...refused, ...waiting, ...withoutSandbox].map(([each]) => each),
    ]);
    const all = ['host', 'init', ...shown.map(([{ metadata }]) => metadata?.name ?? '')];
    await eventually(300, async () => {
      for (const { metadata, status } of (await cluster.read('pods')).items) {
        const text = status.containerStatuses?.[0]?.state.terminated?.message;
        if (text !== undefined) messages.set(metadata.name, text);
      }
      return all.every((name) => messages.has(name));
    });
    tried('settings of a security context', all.length + refused.length + waiting.length + withoutSandbox.length);
  });
  afterAll(() => cluster?.remove(), 120_000);

  it('do what they ask', () => {
    const wrong = shown.flatMap(([{ metadata }, wanted]) => {
      const text = messages.get(metadata?.name ?? '') ?? '';
      return wanted.filter((each) => !each.test(text)).map((each) => `${metadata?.name}: ${each} in ${text}`);
    });
    expect(wrong).toEqual([]);
  });

  it('are refused where the node cannot enforce them', async () => {
    const { items } = await cluster.read('pods');
    const status = (name = '') => items.find((each: V1Pod) => each.metadata?.name === name).status;
    expect(refused.map(([{ metadata }]) => [status(metadata?.name).phase, status(metadata?.name).reason])).toEqual(
      refused.map(([, reason]) => ['Failed', reason]),
    );
    const lines = 'jsonpath={range .items[*]}{.reason} {.message}{"\\n"}{end}';
    const events = () => cluster.kubectl('get', 'events', '-o', lines);
    for (const [, reason] of refused) await expect.poll(events).toContain(`${reason} `);
  });

  it('let no container start that they would not confine', async () => {
    await eventually(60, async () => {
      const { items } = await cluster.read('pods');
      return waiting.every(([{ metadata }, why]) => {
        const [status] =
          items.find((each: V1Pod) => each.metadata?.name === metadata?.name).status.containerStatuses ?? [];
        return (
          /^CreateContainer(Config)?Error$/.test(status?.state.waiting?.reason) &&
          why.test(status.state.waiting.message)
        );
      });
    });
    await eventually(60, async () => {
      const events = await cluster.kubectl(
        'get',
        'events',
        '-o',
        'jsonpath={range .items[*]}{.involvedObject.name} {.reason} {.message}{"\\n"}{end}',
      );
      return withoutSandbox.every(([{ metadata }, why]) =>
        events
          .split('\n')
          .some((line) => line.startsWith(`${metadata?.name} FailedCreatePodSandBox`) && why.test(line)),
      );
    });
  });

  it('keep the namespaces of the node from pods that do not ask for them', async () => {
    const ofNode = [
      (await cluster.host.run('readlink', '/proc/self/ns/net')).stdout.trim(),
      readlinkSync('/proc/self/ns/ipc'),
      readlinkSync('/proc/self/ns/pid'),
    ];
    const namespaces = (name: string) => messages.get(name)?.match(/(net|ipc|pid):\[\d+\]/g) ?? [];
    expect(namespaces('host')).toEqual(ofNode);
    expect(namespaces('plain')).toHaveLength(3);
    for (const each of ofNode) expect(namespaces('plain')).not.toContain(each);
  });

  it('give nobody, not even privileged pods, more than the agent keeps for itself', () => {
    const pid = runningPid(processFiles(cluster.dataDir, 'agent'));
    const bounding = boundingSetOf(readFileSync(`/proc/${pid}/status`, 'utf8'));
    const machine = boundingSetOf(readFileSync('/proc/self/status', 'utf8'));
    const kept = new Set(Object.keys(agentCapabilities).map((each) => each.toUpperCase()));
    const lost = ['SYS_BOOT', 'MAC_OVERRIDE', 'AUDIT_CONTROL', 'LINUX_IMMUTABLE', 'WAKE_ALARM'];
    expect([...bounding.missing].filter((each) => kept.has(each) && !machine.missing.has(each))).toEqual([]);
    expect([...bounding.missing]).toEqual(expect.arrayContaining(lost));
    const [, privileged = ''] = /CapEff:\t([0-9a-f]+)/.exec(messages.get('privileged') ?? '') ?? [];
    expect(BigInt(`0x${privileged}`)).toBe(bounding.bits);
    // Set-user-ID programs of containers work as anywhere.
    expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/NoNewPrivs:\t0/);
    tried('rights that the agent has not', lost.length);
  });

  it('hold for init containers, for commands that are run later, and for containers that come later', async () => {
    const init = (await cluster.read('pod', 'init')).status.initContainerStatuses[0].state.terminated.message;
    expect(init).toMatch(/Uid:\t1002\t[\s\S]*NoNewPrivs:\t1/);
    const inside = await cluster.kubectl('exec', 'confined', '--', 'cat', '/proc/self/status');
    expect(inside).toMatch(/Uid:\t1000\t[\s\S]*CapEff:\t0{16}\n[\s\S]*NoNewPrivs:\t1\n[\s\S]*Seccomp:\t2/);
    const late = (name: string, securityContext: V1SecurityContext) => ({
      name,
      image: busybox,
      command: ['/bin/sh', '-c', `{ ${look}; } > /dev/termination-log 2>&1`],
      securityContext,
    });
    const containers = [
      late('late', { runAsUser: 1003, allowPrivilegeEscalation: false }),
      late('late-selinux', { seLinuxOptions: { type: 'spc_t' } }),
    ];
    const patch = JSON.stringify({ spec: { ephemeralContainers: containers } });
    await cluster.kubectl('patch', 'pod', 'confined', '--subresource=ephemeralcontainers', '-p', patch);
    const states = await eventually(60, async () => {
      const { ephemeralContainerStatuses: found = [] } = (await cluster.read('pod', 'confined')).status;
      const of = (name: string) => found.find((each: { name: string }) => each.name === name)?.state;
      return (
        of('late')?.terminated && of('late-selinux')?.waiting?.message && { run: of('late'), held: of('late-selinux') }
      );
    });
    expect(states.run.terminated.message).toMatch(/Uid:\t1003\t[\s\S]*NoNewPrivs:\t1/);
    expect(states.held.waiting).toMatchObject({ reason: 'CreateContainerConfigError' });
    expect(states.held.waiting.message).toContain('seLinuxOptions');
    tried('settings of a security context', 4);
  });

  it('get the seccomp profile of the runtime where the cluster is started so', async () => {
    expect((await cluster.zeroplane('down')).code).toBe(0);
    expect(await cluster.zeroplane('up', '--detach', '--seccomp-default')).toMatchObject({ code: 0 });
    await cluster.apply([
      once('by-default', {}),
      once('unconfined', { seccompProfile: { type: 'Unconfined' } }),
      once('privileged-by-default', { privileged: true }),
    ]);
    const seccomp = (name: string) => async () => {
      const { status } = await cluster.read('pod', name);
      return /Seccomp:\t\d/.exec(status.containerStatuses?.[0]?.state.terminated?.message ?? '')?.[0];
    };
    expect(await eventually(120, seccomp('by-default'))).toBe('Seccomp:\t2');
    expect(await eventually(120, seccomp('unconfined'))).toBe('Seccomp:\t0');
    // What runs without limits has none of these either, as with a kubelet.
    expect(await eventually(120, seccomp('privileged-by-default'))).toBe('Seccomp:\t0');
    tried('settings of a security context', 3);
  });
});

function boundingSetOf(status: string): { readonly bits: bigint; readonly missing: ReadonlySet<string> } {
  const [, digits = ''] = /^CapBnd:\s*([0-9a-f]+)$/m.exec(status) ?? [];
  return { bits: BigInt(`0x${digits}`), missing: missingIn(status) };
}
