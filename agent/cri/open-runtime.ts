// A runtime that the agent has taken up.

import type { ContainerRuntime } from './runtime.ts';
import type { Snapshots } from './snapshots.ts';

export interface OpenRuntime {
  readonly runtime: ContainerRuntime;
  /** Undefined: this runtime gives no files of images without a container. */
  readonly snapshots: Snapshots | undefined;
  readonly version: { runtimeName: string; runtimeVersion: string };
  /** Lets go of it; it runs on. */
  release(): void;
}

export interface RuntimeOptions {
  readonly dataDir: string;
  readonly netns: string | undefined;
  readonly runtimeEndpoint: string | undefined;
  readonly pauseImage: string | undefined;
  readonly cniBinDir: string;
}
