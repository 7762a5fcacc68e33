// GET /version: what clients take the server for. Zeroplane serves the API of Kubernetes 1.36.

import { arch, platform } from 'node:os';

export const kubernetesVersion = { major: '1', minor: '36', gitVersion: 'v1.36.0+zeroplane' } as const;

/** version.Info of apimachinery. */
export function versionInfo() {
  // It emulates no older version than its own, and is compatible with the one before, as a kube-apiserver without options.
  const architecture = { x64: 'amd64', arm64: 'arm64' }[arch() as 'x64' | 'arm64'] ?? arch();
  return {
    ...kubernetesVersion,
    emulationMajor: kubernetesVersion.major,
    emulationMinor: kubernetesVersion.minor,
    minCompatibilityMajor: '1',
    minCompatibilityMinor: '35',
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: '',
    compiler: 'node',
    platform: `${platform()}/${architecture}`,
  };
}
