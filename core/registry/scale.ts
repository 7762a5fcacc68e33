// The scale of an object: its replicas as an autoscaling/v1 Scale, for built-in workloads and custom resources alike.

import { labelSelectorOf, labelSelectorOfSet, labelSelectorString } from '../machinery/labels.ts';
import type { KubeObject, ObjectMeta } from '../machinery/object.ts';
import { getOwn, setOwn } from '../machinery/own.ts';
import { notFound } from '../machinery/status.ts';
import { fieldAt, isRecord } from '../machinery/structure/field-at.ts';
import type { Target } from './registry.ts';
import { subjectOf } from './target.ts';

export interface ScalePaths {
  readonly spec: readonly string[];
  readonly status: readonly string[];
  readonly selector?: readonly string[];
}

/** Where built-in workloads keep them. */
export const workloadScale: ScalePaths = {
  spec: ['spec', 'replicas'],
  status: ['status', 'replicas'],
  selector: ['spec', 'selector'],
};

export function scalePaths(target: Target): ScalePaths {
  const { definition } = target;
  if (!definition.customResource) return workloadScale;
  const { scale } = definition;
  if (!scale) throw notFound(subjectOf(definition), target.name ?? '');
  return {
    spec: scale.specReplicasPath,
    status: scale.statusReplicasPath,
    ...(scale.labelSelectorPath && { selector: scale.labelSelectorPath }),
  };
}

/** The field that a custom resource lacks, as its definition names it; undefined where its replicas are said. */
export function missingReplicas(object: KubeObject, { spec }: ScalePaths): string | undefined {
  return (fieldAt(object, spec) ?? undefined) === undefined ? JSON.stringify(`.${spec.join('.')}`) : undefined;
}

export function scaleOf(object: KubeObject, paths: ScalePaths): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const metadata: ObjectMeta = {
    ...(name && { name }),
    ...(namespace && { namespace }),
    ...(uid && { uid }),
    ...(resourceVersion && { resourceVersion }),
    ...(creationTimestamp && { creationTimestamp }),
  };
  const selector = selectorOf(object, paths);
  const replicas = fieldAt(object, paths.spec);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata,
    // As its type is written: none is left out here, and not in the status.
    spec: replicas ? { replicas } : {},
    status: { replicas: fieldAt(object, paths.status) ?? 0, ...(selector && { selector }) },
  };
}

export function setReplicas(object: KubeObject, paths: ScalePaths, replicas: number): void {
  let at: Record<string, unknown> = object;
  for (const part of paths.spec.slice(0, -1)) {
    const next = getOwn(at, part);
    // A custom resource without the field gets it, as does one whose spec is missing.
    const below = isRecord(next) ? next : {};
    setOwn(at, part, below);
    at = below;
  }
  setOwn(at, paths.spec.at(-1) ?? 'replicas', replicas);
}

function selectorOf(object: KubeObject, paths: ScalePaths): string {
  const selector = paths.selector && fieldAt(object, paths.selector);
  // Custom resources keep it as text.
  if (typeof selector === 'string') return selector;
  if (typeof selector !== 'object' || selector === null) return '';
  // ReplicationControllers select by a plain map, the others by a LabelSelector.
  if (object.kind === 'ReplicationController')
    return labelSelectorString(labelSelectorOfSet(selector as Record<string, string>));
  return labelSelectorString(labelSelectorOf(selector as object) ?? []);
}
