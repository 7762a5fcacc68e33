// What the validation of a container has to know of its pod.

import type { Int64 } from '../../../machinery/object.ts';

export interface ContainerSurroundings {
  readonly volumes: ReadonlySet<string>;
  /** Volumes of block mode are devices; only claims can be. */
  readonly claims: ReadonlySet<string>;
  readonly emptyDirs: ReadonlySet<string>;
  readonly hostNetwork: boolean;
  /** Whether the pod's users are those of its node. */
  readonly hostUsers: boolean;
  /** How long the pod may take to end. */
  readonly graceSeconds: Int64 | undefined;
  /** Names of the pod's claims of devices. */
  readonly resourceClaims: ReadonlySet<string>;
}

export type ContainerRole = 'container' | 'init' | 'sidecar' | 'ephemeral';
