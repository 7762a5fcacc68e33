// Revisions of a Deployment: which ReplicaSet is the present one, and the annotations by which `kubectl rollout` finds history.

import { setOwn } from '../../core/machinery/own.ts';
import { canonical, templateHash } from './child-name.ts';
import { controllerRef } from './claim-children.ts';
import {
  bounds,
  byAge,
  type Deployment,
  desiredOf,
  desiredReplicasAnnotation,
  maxReplicasAnnotation,
  type ReplicaSet,
} from './deployment-replicas.ts';

export const revisionAnnotation = 'deployment.kubernetes.io/revision';
const historyAnnotation = 'deployment.kubernetes.io/revision-history';
const hashLabel = 'pod-template-hash';

/** Annotations of a Deployment that its ReplicaSets do not inherit. */
const notInherited = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionAnnotation,
  historyAnnotation,
  desiredReplicasAnnotation,
  maxReplicasAnnotation,
  'deprecated.deployment.rollback.to',
]);

/** The oldest ReplicaSet whose template is the Deployment's, apart from the hash label. */
export function findNew(deployment: Deployment, sets: readonly ReplicaSet[]): ReplicaSet | undefined {
  const wanted = templateText(deployment.spec?.template);
  return [...sets].sort(byAge).find((each) => templateText(each.spec?.template) === wanted);
}

function templateText(template: unknown): string {
  // Only metadata.labels is looked at; everything else goes into the text as it is.
  const copy = structuredClone(template ?? {}) as { metadata?: { labels?: Record<string, string> } };
  if (copy.metadata?.labels) delete copy.metadata.labels[hashLabel];
  if (copy.metadata?.labels && !Object.keys(copy.metadata.labels).length) delete copy.metadata.labels;
  if (copy.metadata && !Object.keys(copy.metadata).length) delete copy.metadata;
  return canonical(copy);
}

/** An int64, which a number does not hold. */
export function revisionOf(object: { metadata: { annotations?: Record<string, string> } }): bigint {
  const text = object.metadata.annotations?.[revisionAnnotation] ?? '';
  return /^\d+$/.test(text) ? BigInt(text) : 0n;
}

/** The revision that the present template has: one above every other. */
function nextRevision(old: readonly ReplicaSet[]): bigint {
  return old.map(revisionOf).reduce((highest, each) => (each > highest ? each : highest), 0n) + 1n;
}

/** Annotations that the new ReplicaSet should have. A template that comes back keeps its earlier revisions as history. */
export function newAnnotations(
  deployment: Deployment,
  set: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): Record<string, string> {
  const annotations = { ...set?.metadata.annotations };
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {})) {
    if (!notInherited.has(key)) setOwn(annotations, key, value);
  }
  const wanted = nextRevision(old);
  const current = revisionOf({ metadata: { annotations } });
  if (current < wanted) {
    annotations[revisionAnnotation] = String(wanted);
    if (current) {
      const history = annotations[historyAnnotation];
      annotations[historyAnnotation] = history ? `${history},${current}` : String(current);
    }
  }
  return annotations;
}

export function sizeAnnotations(deployment: Deployment): Record<string, string> {
  const desired = desiredOf(deployment);
  return {
    [desiredReplicasAnnotation]: String(desired),
    [maxReplicasAnnotation]: String(desired + bounds(deployment).maxSurge),
  };
}

export function newReplicaSetName(deployment: Deployment): { name: string; hash: string } {
  const hash = templateHash(templateText(deployment.spec?.template), deployment.status?.collisionCount ?? 0);
  return { name: `${deployment.metadata.name}-${hash}`, hash };
}

/** The ReplicaSet for the present template. Its name is a function of the template, so that two controllers make one. */
export function newReplicaSet(deployment: Deployment, old: readonly ReplicaSet[], replicas: number) {
  const { name, hash } = newReplicaSetName(deployment);
  const template = structuredClone(deployment.spec?.template) ?? { spec: { containers: [] } };
  const labels = { ...template.metadata?.labels, [hashLabel]: hash };
  template.metadata = { ...template.metadata, labels };
  const selector = deployment.spec?.selector;
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name,
      namespace: deployment.metadata.namespace,
      labels,
      annotations: { ...newAnnotations(deployment, undefined, old), ...sizeAnnotations(deployment) },
      ownerReferences: [controllerRef('apps/v1', 'Deployment', deployment)],
    },
    spec: {
      replicas,
      ...(deployment.spec?.minReadySeconds && { minReadySeconds: deployment.spec.minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector?.matchLabels, [hashLabel]: hash } },
      template,
    },
  };
}
