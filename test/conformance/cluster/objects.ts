// One builder for each kind of object that tests make, and the paths where they are.

import type {
  V1Container,
  V1DaemonSetSpec,
  V1DeploymentSpec,
  V1JobSpec,
  V1PodSpec,
  V1PodTemplateSpec,
  V1ReplicaSetSpec,
  V1StatefulSetSpec,
} from '../../../generated/kubernetes.ts';

export function pathsOf(namespace: string) {
  const core = `/api/v1/namespaces/${namespace}`;
  const apps = `/apis/apps/v1/namespaces/${namespace}`;
  const batch = `/apis/batch/v1/namespaces/${namespace}`;
  return {
    pods: `${core}/pods`,
    services: `${core}/services`,
    configmaps: `${core}/configmaps`,
    resourcequotas: `${core}/resourcequotas`,
    limitranges: `${core}/limitranges`,
    replicationcontrollers: `${core}/replicationcontrollers`,
    deployments: `${apps}/deployments`,
    replicasets: `${apps}/replicasets`,
    statefulsets: `${apps}/statefulsets`,
    daemonsets: `${apps}/daemonsets`,
    controllerrevisions: `${apps}/controllerrevisions`,
    jobs: `${batch}/jobs`,
    cronjobs: `${batch}/cronjobs`,
    poddisruptionbudgets: `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`,
    events: `/apis/events.k8s.io/v1/namespaces/${namespace}/events`,
  };
}

export interface PodParts {
  /** Of its one container: the program that it runs. Without it, it runs until it is stopped. */
  readonly command?: readonly string[];
  readonly image?: string;
  /** More of its one container. */
  readonly container?: Partial<V1Container>;
  /** More of the pod. */
  readonly spec?: Partial<V1PodSpec>;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly finalizers?: string[];
}

const firstImage = 'example.com/app:1';
export const secondImage = 'example.com/app:2';

function podSpec({ command, image = firstImage, container, spec }: PodParts = {}): V1PodSpec {
  const one: V1Container = { name: 'main', image, ...(command && { command: [...command] }), ...container };
  return { terminationGracePeriodSeconds: 1, containers: [one], ...spec };
}

export function pod(name: string, parts: PodParts = {}) {
  const { labels, annotations, finalizers } = parts;
  const metadata = {
    name,
    ...(labels && { labels }),
    ...(annotations && { annotations }),
    ...(finalizers && { finalizers }),
  };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: podSpec(parts) };
}

const template = (name: string, parts: PodParts): V1PodTemplateSpec => ({
  metadata: { labels: { app: name, ...parts.labels }, ...(parts.annotations && { annotations: parts.annotations }) },
  spec: podSpec(parts),
});

/** Its pods, and it itself, have the label `app: <name>`. */
const workload = (name: string, parts: PodParts) => ({
  metadata: { name, labels: { app: name, ...parts.labels } },
  spec: { selector: { matchLabels: { app: name } }, template: template(name, parts) },
});

export function replicaSet(name: string, more: Partial<V1ReplicaSetSpec> = {}, parts: PodParts = {}) {
  const { metadata, spec } = workload(name, parts);
  return { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata, spec: { ...spec, replicas: 1, ...more } };
}

export function deployment(name: string, more: Partial<V1DeploymentSpec> = {}, parts: PodParts = {}) {
  const { metadata, spec } = workload(name, parts);
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { ...spec, replicas: 1, ...more } };
}

export function statefulSet(name: string, more: Partial<V1StatefulSetSpec> = {}, parts: PodParts = {}) {
  const { metadata, spec } = workload(name, parts);
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata,
    spec: { ...spec, serviceName: name, replicas: 1, ...more },
  };
}

export function daemonSet(name: string, more: Partial<V1DaemonSetSpec> = {}, parts: PodParts = {}) {
  const { metadata, spec } = workload(name, parts);
  return { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata, spec: { ...spec, ...more } };
}

export function replicationController(name: string, replicas: number, parts: PodParts = {}) {
  const { metadata } = workload(name, parts);
  const spec = { replicas, selector: { app: name }, template: template(name, parts) };
  return { apiVersion: 'v1', kind: 'ReplicationController', metadata, spec };
}

/** Its pods run once, unless `parts.spec.restartPolicy` says otherwise. */
export function job(name: string, more: Partial<V1JobSpec> = {}, parts: PodParts = {}) {
  const spec: V1JobSpec = {
    ...more,
    template: {
      metadata: { labels: { app: name, ...parts.labels } },
      spec: podSpec({ ...parts, spec: { restartPolicy: 'Never', ...parts.spec } }),
    },
  };
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name, labels: { app: name } }, spec };
}
