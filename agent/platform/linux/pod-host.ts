// Pods on Linux: cgroups, namespaces, and what security contexts ask of the kernel.

import path from 'node:path';
import { namespaceModes } from '../../cri/messages.ts';
import { linuxFiles } from '../../files/linux-files.ts';
import type { Pod } from '../../pod/pod.ts';
import { containerResources, type NodeCapacity, sandboxResources } from '../../pod/resources.ts';
import type { NodeSecurity } from '../../pods/node-security.ts';
import type { PodHost } from '../../pods/pod-host.ts';
import {
  containerSecurity,
  sandboxSecurity,
  sandboxSysctls,
  sandboxViolation,
  securityRefusal,
  securityViolation,
} from '../../pods/security-fields.ts';

export interface LinuxPodHostOptions {
  readonly security: NodeSecurity;
  readonly capacity: NodeCapacity;
}

export function createLinuxPodHost({ security: node, capacity }: LinuxPodHostOptions): PodHost {
  return {
    os: 'linux',
    files: linuxFiles,
    hostsFile: () => ({ ofNode: '/etc/hosts', ofContainers: '/etc/hosts' }),
    refusal: (pod) => securityRefusal(pod, node),
    sandboxViolation,
    containerViolation: (about) => securityViolation({ ...about, node }),
    sandbox: (pod, cgroupParent) => ({
      linux: {
        cgroupParent,
        ...sandboxResources(pod),
        sysctls: sandboxSysctls(pod),
        securityContext: { ...sandboxSecurity(pod), namespaceOptions: namespaces(pod) },
      },
    }),
    container: ({ pod, container, image, targetId }) => ({
      linux: {
        resources: containerResources(pod, container.spec.resources, capacity, container.kind === 'sidecar'),
        securityContext: {
          ...containerSecurity({ pod, container, image, node }),
          namespaceOptions: namespaces(pod, targetId),
        },
      },
    }),
    resources: (pod, { spec, kind }) => ({
      linux: containerResources(pod, spec.resources, capacity, kind === 'sidecar'),
    }),
    containerPath: (inside) => path.posix.resolve('/', inside),
  };
}

/** Namespaces of a sandbox and its containers; a container's own process namespace unless the pod shares one. */
export function namespaces({ spec }: Pod, target?: string) {
  return {
    network: spec.hostNetwork ? namespaceModes.node : namespaceModes.pod,
    ipc: spec.hostIPC ? namespaceModes.node : namespaceModes.pod,
    ...(target && !spec.hostPID && !spec.shareProcessNamespace
      ? { pid: namespaceModes.target, targetId: target }
      : {
          pid: spec.hostPID
            ? namespaceModes.node
            : spec.shareProcessNamespace
              ? namespaceModes.pod
              : namespaceModes.container,
        }),
  };
}
