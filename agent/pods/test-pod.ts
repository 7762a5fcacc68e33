// Builders of pods and of what is observed of them, for tests.

import type { V1Container, V1PodSpec } from '../../generated/kubernetes.ts';
import type { Pod } from '../pod/pod.ts';
import type { NodeSecurity } from './node-security.ts';
import type { ObservedContainer, ObservedPod, ObservedSandbox } from './observed.ts';

export function testPod(spec: Partial<V1PodSpec> = {}, metadata: Partial<Pod['metadata']> = {}): Pod {
  return {
    metadata: { name: 'web', namespace: 'default', uid: 'u1', generation: 1, ...metadata },
    spec: { restartPolicy: 'Always', terminationGracePeriodSeconds: 30, containers: [testContainer('main')], ...spec },
  };
}

export function testContainer(name: string, rest: Partial<V1Container> = {}): V1Container {
  return { name, image: 'image:1', ...rest };
}

export const readySandbox: ObservedSandbox = {
  id: 's0',
  attempt: 0,
  ready: true,
  createdAt: 1000,
  ips: ['10.0.0.5'],
  hostNetwork: false,
};

export function observedContainer(name: string, rest: Partial<ObservedContainer> = {}): ObservedContainer {
  const { attempt = 0 } = rest;
  return {
    id: `${name}-${attempt}`,
    sandboxId: 's0',
    name,
    attempt,
    state: 'running',
    createdAt: 2000,
    startedAt: 2000,
    finishedAt: 0,
    exitCode: 0,
    reason: '',
    message: '',
    image: 'image:1',
    imageRef: 'sha256:abc',
    quickRestarts: 0,
    logPath: '',
    ...rest,
  };
}

export function exited(name: string, exitCode: number, rest: Partial<ObservedContainer> = {}): ObservedContainer {
  return observedContainer(name, { state: 'exited', exitCode, finishedAt: 3000, ...rest });
}

export function observedPod(...containers: ObservedContainer[]): ObservedPod {
  return { sandboxes: [readySandbox], containers };
}

/** A node as most are: without AppArmor, with a runtime that knows few features. */
export function testSecurity(rest: Partial<NodeSecurity> = {}): NodeSecurity {
  return {
    seccompDir: '/var/lib/zeroplane/agent/seccomp',
    seccompDefault: false,
    allowedUnsafeSysctls: [],
    appArmor: false,
    supplementalGroupsPolicy: false,
    missingCapabilities: new Set(),
    ...rest,
  };
}
