// Warnings about workloads: their name, which their pods' names begin with, and their template.

import type { V1ObjectMeta, V1PodTemplateSpec } from '../../../../generated/kubernetes.ts';
import { warnOfPodNames } from '../../metadata/name-warnings.ts';
import { warnOfPod } from '../pod/warnings.ts';

interface Workload {
  readonly metadata?: V1ObjectMeta;
  readonly spec?: { readonly template?: V1PodTemplateSpec };
}

export function warnOfTemplate(template: V1PodTemplateSpec | undefined, path: string): string[] {
  return warnOfPod(template?.spec, template?.metadata, `${path}.`);
}

/** Of a workload and its name. */
export function warnOfNamedWorkload(object: Workload, old: Workload | undefined): string[] {
  return [...(old ? [] : warnOfPodNames(object.metadata?.name)), ...warnOfWorkload(object, old)];
}

export function warnOfWorkload(object: Workload, old: Workload | undefined): string[] {
  return specChanged(object, old) ? warnOfTemplate(object.spec?.template, 'spec.template') : [];
}

/** Warnings are given when an object is made and when its spec changes, and not for what others write beside it. */
export function specChanged(
  { metadata }: { readonly metadata?: V1ObjectMeta },
  old: { readonly metadata?: V1ObjectMeta } | undefined,
): boolean {
  return !old || metadata?.generation !== old.metadata?.generation;
}
