// The objects that tests with real containers apply, from the few words that differ between them.

import type { V1Container, V1Deployment, V1Pod, V1PodSpec, V1Service } from '../../generated/kubernetes.ts';

export const busybox = 'zeroplane.local/busybox:1';
export const web = 'zeroplane.local/web:1';

/** A script that does nothing until it is told to end, and then ends at once. */
export const forever = "trap 'exit 0' TERM; sleep 100000 & wait";

/** A container that runs a shell script. */
export function shell(name: string, script: string, more: Partial<V1Container> = {}): V1Container {
  return { name, image: busybox, command: ['/bin/sh', '-c', script], ...more };
}

export function pod(name: string, containers: V1Container[], more: Partial<V1PodSpec> = {}, labels = {}): V1Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels },
    spec: { containers, terminationGracePeriodSeconds: 2, ...more },
  };
}

/** Pods with the label `app: <name>`. */
export function deployment(name: string, replicas: number, spec: V1PodSpec): V1Deployment {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  };
}

/** In front of pods with the label `app: <name>`. */
export function service(name: string, port: number, targetPort: number, more: object = {}): V1Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { selector: { app: name }, ports: [{ port, targetPort }], ...more },
  };
}
