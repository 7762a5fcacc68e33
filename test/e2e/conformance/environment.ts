// sig-node: what a container is given to run with: its command, its variables, its user and rights.

import { expect } from 'vitest';
import type { V1Container } from '../../../generated/kubernetes.ts';
import { conformance } from '../../conformance/conformance.ts';
import { busybox } from '../../tools/manifests.ts';
import type { PackedPods } from './packed-pods.ts';
import { configMapName, secretName } from './volume-sources.ts';

/** An image whose entrypoint and arguments are its own: see the test that loads it. */
export const defaultsImage = 'zeroplane.local/defaults:1';

export function variables({ says, container }: PackedPods): void {
  const fromMap = { configMapKeyRef: { name: configMapName, key: 'word' } };
  const fromSecret = { secretKeyRef: { name: secretName, key: 'word' } };
  const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
  const configMapRef = { name: configMapName };
  const secretRef = { name: secretName };
  /** One container for all that do not mind each other's variables. */
  const together: Partial<V1Container> = {
    env: [
      { name: 'OF_MAP', valueFrom: fromMap },
      { name: 'OF_SECRET', valueFrom: fromSecret },
      field('NAME', 'metadata.name'),
      field('NAMESPACE', 'metadata.namespace'),
      field('POD_UID', 'metadata.uid'),
      field('IP', 'status.podIP'),
      field('HOST', 'status.hostIP'),
      field('HOSTS', 'status.hostIPs'),
      { name: 'FOO', value: 'foo-value' },
      { name: 'BAR', value: 'bar-value' },
      { name: 'BOTH', value: '$(FOO);;$(BAR)' },
    ],
    envFrom: [
      { prefix: 'map_', configMapRef },
      { prefix: 'secret_', secretRef },
    ],
  };
  const show = (text: string) => ({ script: `echo "${text}"`, container: together });
  conformance(
    'ConfigMap should be consumable via environment variable [NodeConformance]',
    says(show('$OF_MAP'), 'map'),
  );
  conformance(
    'Secrets should be consumable from pods in env vars [NodeConformance]',
    says(show('$OF_SECRET'), 'secret'),
  );
  conformance('ConfigMap should be consumable via the environment [NodeConformance]', says(show('$map_word'), 'map'));
  conformance(
    'Secrets should be consumable via the environment [NodeConformance]',
    says(show('$secret_word'), 'secret'),
  );
  // Names that a shell cannot say, and does not hand on, are variables all the same.
  const odd = (prefix: string, source: object, line: string) =>
    container({
      container: { command: ['/bin/env'], envFrom: [{ prefix, ...source }] },
      check: (lines) => expect(lines).toContain(line),
    });
  conformance(
    'ConfigMap should be consumable as environment variable names with various prefixes',
    odd('0-map-', { configMapRef }, '0-map-word=map'),
  );
  conformance(
    'Secrets should be consumable as environment variable names variable names with various prefixes',
    odd('1-secret.', { secretRef }, '1-secret.word=secret'),
  );
  conformance(
    'Variable Expansion should allow composing env vars into new env vars [NodeConformance]',
    says(show('$BOTH'), 'foo-value;;bar-value'),
  );
  conformance(
    'Downward API should provide pod name, namespace and IP address as env vars [NodeConformance]',
    container({
      ...show('$NAME $NAMESPACE $IP'),
      check: (lines, { metadata, status }) => expect(lines).toEqual([`${metadata?.name} default ${status?.podIP}`]),
    }),
  );
  conformance(
    'Downward API should provide host IP as an env var [NodeConformance]',
    container({ ...show('$HOST'), check: (lines, { status }) => expect(lines).toEqual([status?.hostIP]) }),
  );
  conformance(
    'Downward API should provide hostIPs as an env var [NodeConformance]',
    container({
      ...show('$HOSTS'),
      check: (lines, { status }) => expect(lines).toEqual([status?.hostIPs?.map(({ ip }) => ip).join(',')]),
    }),
  );
  conformance(
    'Downward API should provide pod UID as env vars [NodeConformance]',
    container({ ...show('$POD_UID'), check: (lines, { metadata }) => expect(lines).toEqual([metadata?.uid]) }),
  );
  const amounts = ['limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory'];
  const env = amounts.map((resource, i) => ({ name: `A${i}`, valueFrom: { resourceFieldRef: { resource } } }));
  conformance(
    "Downward API should provide container's limits.cpu/memory and requests.cpu/memory as env vars [NodeConformance]",
    says(
      {
        script: 'echo $A0 $A1 $A2 $A3',
        container: {
          env,
          resources: { requests: { cpu: '250m', memory: '32Mi' }, limits: { cpu: '1250m', memory: '64Mi' } },
        },
      },
      '2 67108864 1 33554432',
    ),
  );
  conformance(
    'Downward API should provide default limits.cpu/memory from node allocatable [NodeConformance]',
    container({
      script: 'echo $A0 $A1; echo $(nproc) $(sed -n "s/MemTotal: *\\([0-9]*\\).*/\\1/p" /proc/meminfo)',
      container: { env },
      check: ([given = '', own = '']) => {
        const [cores, kibibytes] = own.split(' ').map(Number);
        expect(given).toBe(`${cores} ${(kibibytes ?? 0) * 1024}`);
      },
    }),
  );
}

export function expansion({ says, container }: PackedPods): void {
  const variable = { env: [{ name: 'VAR', value: 'test-value' }] };
  conformance(
    "Variable Expansion should allow substituting values in a container's command [NodeConformance]",
    says({ container: { ...variable, command: ['/bin/sh', '-c', 'VAR=other; echo "$(VAR)"'] } }, 'test-value'),
  );
  conformance(
    "Variable Expansion should allow substituting values in a container's args [NodeConformance]",
    says({ container: { ...variable, command: ['/bin/sh', '-c'], args: ['VAR=other; echo "$(VAR)"'] } }, 'test-value'),
  );
  const name = { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } };
  const volumes = { work: { emptyDir: {} } };
  conformance(
    'Variable Expansion should allow substituting values in a volume subpath',
    container({
      script: 'echo written > $DIR/below/f; ls $DIR/work; cat $DIR/work/$NAME/f',
      container: { env: [name] },
      volumes,
      mounts: [{ name: 'work', mountPath: 'below', subPathExpr: '$(NAME)' }],
      check: (lines, { metadata }) => expect(lines).toEqual([metadata?.name, 'written']),
    }),
  );
  conformance(
    'Variable Expansion should succeed in writing subpaths in container',
    container({
      script: 'touch $DIR/below/test.log && test -f $DIR/work/here/$NAME/test.log && echo it is there',
      container: { env: [name] },
      volumes,
      mounts: [{ name: 'work', mountPath: 'below', subPathExpr: 'here/$(NAME)' }],
      check: (lines) => expect(lines).toEqual(['it is there']),
    }),
  );
}

export function commands({ says }: PackedPods): void {
  const image = defaultsImage;
  // Without the command that a script would be.
  const plain = (of: { command?: string[]; args?: string[] }) => ({ container: { image, command: [], ...of } });
  conformance(
    'Containers should use the image defaults if command and args are blank [NodeConformance]',
    says(plain({}), 'the default entrypoint, default arguments'),
  );
  conformance(
    "Containers should be able to override the image's default arguments (container cmd) [NodeConformance]",
    says(plain({ args: ['other', 'arguments'] }), 'the default entrypoint, other arguments'),
  );
  conformance(
    "Containers should be able to override the image's default command (container entrypoint) [NodeConformance]",
    says(plain({ command: ['/bin/echo', 'another command'] }), 'another command'),
  );
  conformance(
    "Containers should be able to override the image's default command and arguments [NodeConformance]",
    says(plain({ command: ['/bin/echo'], args: ['both', 'others'] }), 'both others'),
  );
  conformance(
    'Kubelet when scheduling a busybox command in a pod should print the output to logs [NodeConformance]',
    says({ container: { image: busybox }, script: "echo 'Hello World'" }, 'Hello World'),
  );
}

export function rights({ says, container }: PackedPods): void {
  conformance(
    'Security Context When creating a container with runAsUser should run the container with uid 65534 [LinuxOnly] [NodeConformance]',
    says({ script: 'id -u', container: { securityContext: { runAsUser: 65534 } } }, '65534'),
  );
  conformance(
    'Security Context should support container.SecurityContext.RunAsUser And container.SecurityContext.RunAsGroup [LinuxOnly]',
    says(
      { script: 'id -u; id -g', container: { securityContext: { runAsUser: 1001, runAsGroup: 2002 } } },
      '1001',
      '2002',
    ),
  );
  conformance(
    'Security Context should support pod.Spec.SecurityContext.RunAsUser And pod.Spec.SecurityContext.RunAsGroup [LinuxOnly]',
    says({ script: 'id -u; id -g', pod: { securityContext: { runAsUser: 1001, runAsGroup: 2002 } } }, '1001', '2002'),
  );
  conformance(
    'Security Context When creating a pod with privileged should run the container as unprivileged when false [LinuxOnly] [NodeConformance]',
    container({
      script: 'ip link add dummy0 type dummy 2>&1 || echo refused',
      container: { securityContext: { privileged: false } },
      check: (lines) => {
        expect(lines.join()).toContain('Operation not permitted');
        expect(lines.at(-1)).toBe('refused');
      },
    }),
  );
  conformance(
    'Security Context When creating a pod with readOnlyRootFilesystem should run the container with writable rootfs when readOnlyRootFilesystem=false [NodeConformance]',
    says(
      { script: 'touch /written && echo ok', container: { securityContext: { readOnlyRootFilesystem: false } } },
      'ok',
    ),
  );
  conformance(
    'Kubelet when scheduling a read only busybox container should not write to root filesystem [LinuxOnly] [NodeConformance]',
    container({
      script: 'echo test > /file 2>&1; echo $?',
      container: { securityContext: { readOnlyRootFilesystem: true } },
      check: (lines) => expect(lines.at(-1)).not.toBe('0'),
    }),
  );
  conformance(
    'Security Context when creating containers with AllowPrivilegeEscalation should not allow privilege escalation when false [LinuxOnly] [NodeConformance]',
    says(
      {
        script: 'grep NoNewPrivs /proc/self/status | tr -d "\\t "',
        container: { securityContext: { allowPrivilegeEscalation: false, runAsUser: 1000 } },
      },
      'NoNewPrivs:1',
    ),
  );
  conformance(
    'Sysctls [LinuxOnly] [NodeConformance] should support sysctls [Environment:NotInUserNS]',
    says(
      {
        script: 'cat /proc/sys/kernel/shm_rmid_forced',
        pod: { securityContext: { sysctls: [{ name: 'kernel.shm_rmid_forced', value: '1' }] } },
      },
      '1',
    ),
  );
  conformance(
    'Kubelet when scheduling an agnhost Pod with hostAliases should write entries to /etc/hosts [NodeConformance]',
    says(
      {
        script: 'grep 123.45.67.89 /etc/hosts | tr "\\t" " "',
        pod: { hostAliases: [{ ip: '123.45.67.89', hostnames: ['foo', 'bar'] }] },
      },
      '123.45.67.89 foo bar',
    ),
  );
}

export function files({ says, container }: PackedPods): void {
  const managed = '# Kubernetes-managed hosts file.';
  const firstLine = { script: 'head -n 1 /etc/hosts' };
  const own = says(firstLine, managed);
  // A container that brings its own file, and a pod in the network of its node.
  const brought = says(
    {
      script: 'cat /etc/hosts',
      container: { workingDir: '/etc' },
      volumes: { v: { configMap: { name: configMapName } } },
      mounts: [{ name: 'v', mountPath: '/etc/hosts', subPath: 'data-1' }],
    },
    'value-1',
  );
  const host = container({
    ...firstLine,
    pod: { hostNetwork: true },
    check: (lines) => expect(lines).not.toContain(managed),
  });
  conformance(
    'KubeletManagedEtcHosts should test kubelet managed /etc/hosts file [NodeConformance]',
    async () => void (await Promise.all([own(), brought(), host()])),
  );
  conformance(
    'DNS should support configurable pod DNS nameservers',
    says(
      {
        script: 'cat /etc/resolv.conf',
        pod: { dnsPolicy: 'None', dnsConfig: { nameservers: ['1.1.1.1'], searches: ['resolv.conf.local'] } },
      },
      'search resolv.conf.local',
      'nameserver 1.1.1.1',
    ),
  );
  const terminationMessagePath = '/dev/termination-custom-log';
  conformance(
    'Container Runtime blackbox test on terminated container should report termination message if TerminationMessagePath is set as non-root user and at a non-default path [NodeConformance]',
    container({
      script: `printf DONE > ${terminationMessagePath}`,
      container: { terminationMessagePath, securityContext: { runAsUser: 10000 } },
      check: (_, { status }) =>
        expect(status?.containerStatuses?.map(({ state }) => state?.terminated?.message)).toContain('DONE'),
    }),
  );
}
