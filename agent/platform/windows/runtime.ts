// The containerd of a machine with Windows: it runs as a service of its own, at a named pipe, and the agent only ever takes it up.

import { errorText } from '../../../core/machinery/error-text.ts';
import type { OpenRuntime, RuntimeOptions } from '../../cri/open-runtime.ts';
import { connectRuntime } from '../../cri/runtime.ts';

const windowsEndpoint = 'npipe:////./pipe/containerd-containerd';

/** There is no runtime to run pods with. */
class RuntimeError extends Error {
  constructor(text: string) {
    super(text);
    this.name = 'RuntimeError';
  }
}

/** Throws RuntimeError. */
export async function openWindowsRuntime({ runtimeEndpoint }: RuntimeOptions): Promise<OpenRuntime> {
  const endpoint = runtimeEndpoint ?? windowsEndpoint;
  const runtime = connectRuntime(endpoint);
  try {
    const version = await runtime.version({ version: 'v1' });
    // Files of images without a container are not to be had: Windows has no such mounts.
    return { runtime, snapshots: undefined, version, release: () => runtime.close() };
  } catch (error) {
    runtime.close();
    throw new RuntimeError(
      `no container runtime answers at ${endpoint} (${errorText(error)}): install containerd, have it run as a service (containerd.exe --register-service; Start-Service containerd), or name another with --runtime-endpoint`,
    );
  }
}
