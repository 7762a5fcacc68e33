// Pods on Windows: what the runtime is told of a sandbox and a container, as kubelet tells it.
// Source: kubelet, calculateWindowsResources and generateWindowsContainerConfig.

import { getOwn } from '../../../core/machinery/own.ts';
import { numberOfQuantity } from '../../../core/machinery/quantity.ts';
import type { Pod, PodContainer } from '../../pod/pod.ts';
import type { NodeCapacity } from '../../pod/resources.ts';
import type { PodHost } from '../../pods/pod-host.ts';
import { windowsFiles } from './files.ts';
import { isHostProcess, windowsOptions, windowsRefusal, windowsViolation } from './security.ts';

const hosts = 'C:\\Windows\\System32\\drivers\\etc\\hosts';

export function createWindowsPodHost(capacity: NodeCapacity): PodHost {
  const resources = (pod: Pod, { spec }: PodContainer) => {
    const limit = (kind: string) =>
      numberOfQuantity(getOwn(spec.resources?.limits, kind)) ||
      numberOfQuantity(getOwn(pod.spec.resources?.limits, kind));
    const [cpu, memory] = [limit('cpu'), limit('memory')];
    return {
      ...(cpu > 0 && { cpuMaximum: cpuMaximum(cpu, capacity.cpu) }),
      ...(memory > 0 && { memoryLimitInBytes: Math.floor(memory) }),
    };
  };
  return {
    os: 'windows',
    files: windowsFiles,
    hostsFile: (pod) => (isHostProcess(pod) ? undefined : { ofNode: hosts, ofContainers: hosts }),
    refusal: windowsRefusal,
    sandboxViolation: () => undefined,
    containerViolation: windowsViolation,
    sandbox: (pod) => {
      const { runAsUserName, gmsaCredentialSpec } = pod.spec.securityContext?.windowsOptions ?? {};
      return {
        windows: {
          securityContext: { ...security(runAsUserName, gmsaCredentialSpec), hostProcess: isHostProcess(pod) },
        },
      };
    },
    container: ({ pod, container, image }) => {
      const { runAsUserName, gmsaCredentialSpec, hostProcess } = windowsOptions(pod, container);
      return {
        windows: {
          resources: resources(pod, container),
          securityContext: {
            ...security(runAsUserName ?? (image.username || undefined), gmsaCredentialSpec),
            hostProcess: hostProcess === true,
          },
        },
      };
    },
    resources: (pod, container) => ({ windows: resources(pod, container) }),
    containerPath,
  };
}

function security(runAsUsername: string | undefined, credentialSpec: string | undefined) {
  return {
    ...(runAsUsername !== undefined && { runAsUsername }),
    ...(credentialSpec !== undefined && { credentialSpec }),
  };
}

/** In hundredths of a percent of all processors. */
function cpuMaximum(cores: number, processors: number): number {
  return Math.min(10_000, Math.max(1, Math.floor((10 * Math.round(cores * 1000)) / processors)));
}

/** Windows takes no mount without its drive; a named pipe has none. */
function containerPath(path: string): string {
  if (path.includes(':') || path.startsWith('\\\\')) return path;
  return /^[\\/]/.test(path) ? `C:${path}` : `C:\\${path}`;
}
