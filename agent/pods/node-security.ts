// What this node can enforce for its pods, and what its administrator said about it.

import fs from 'node:fs/promises';
import { missingCapabilities } from '../capabilities.ts';
import type { ContainerRuntime } from '../cri/runtime.ts';

export interface NodeSecurity {
  /** Profiles of type Localhost lie here. */
  readonly seccompDir: string;
  /** Pods that name no seccomp profile get the runtime's (kubelet's `--seccomp-default`). */
  readonly seccompDefault: boolean;
  /** Names, or prefixes that end with `*` (kubelet's `--allowed-unsafe-sysctls`). */
  readonly allowedUnsafeSysctls: readonly string[];
  /** The kernel enforces AppArmor profiles. */
  readonly appArmor: boolean;
  /** The runtime can leave out the groups that an image gives its user. */
  readonly supplementalGroupsPolicy: boolean;
  /** Capabilities that no container of this node can have, such as `SYS_BOOT`. */
  readonly missingCapabilities: ReadonlySet<string>;
}

export type NodeSecurityOptions = Pick<NodeSecurity, 'seccompDir' | 'seccompDefault' | 'allowedUnsafeSysctls'> & {
  /** Of a runtime that the agent did not start; what that may do is its own. */
  readonly runtimeEndpoint?: string | undefined;
};

/** Throws GrpcError. */
export async function readNodeSecurity(
  options: NodeSecurityOptions,
  runtime: Pick<ContainerRuntime, 'status'>,
): Promise<NodeSecurity> {
  const [{ features }, appArmor, missing] = await Promise.all([
    runtime.status({}),
    fs.readFile('/sys/module/apparmor/parameters/enabled', 'utf8').catch(() => 'N'),
    options.runtimeEndpoint === undefined ? missingCapabilities() : new Set<string>(),
  ]);
  return {
    seccompDir: options.seccompDir,
    seccompDefault: options.seccompDefault,
    allowedUnsafeSysctls: options.allowedUnsafeSysctls,
    appArmor: appArmor.startsWith('Y'),
    supplementalGroupsPolicy: features?.supplementalGroupsPolicy ?? false,
    missingCapabilities: missing,
  };
}
