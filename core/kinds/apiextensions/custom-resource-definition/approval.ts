// Groups that are Kubernetes' own want to know who approved of a definition in them. Source: the annotation api-approved.kubernetes.io
// (kubernetes/enhancements 1111).

import type { V1CustomResourceDefinition } from '../../../../generated/kubernetes.ts';
import { type FieldError, invalidValue, required } from '../../../machinery/field-error.ts';
import { getOwn } from '../../../machinery/own.ts';

const annotation = 'api-approved.kubernetes.io';
const see = 'see https://github.com/kubernetes/enhancements/pull/1111';

interface Approval {
  readonly status: 'True' | 'False';
  readonly reason: 'ApprovedAnnotation' | 'UnapprovedAnnotation' | 'MissingAnnotation' | 'InvalidAnnotation';
  readonly message: string;
}

/** Undefined in groups that are anybody's. */
export function approvalOf({ metadata, spec }: V1CustomResourceDefinition): Approval | undefined {
  if (!/(?:^|\.)(?:k8s|kubernetes)\.io$/.test(spec?.group ?? '')) return undefined;
  const given = getOwn(metadata?.annotations, annotation) ?? '';
  const wanted = `protected groups must have approval annotation ${JSON.stringify(annotation)}`;
  if (given === '') return { status: 'False', reason: 'MissingAnnotation', message: `${wanted}, ${see}` };
  if (given.startsWith('unapproved'))
    return { status: 'False', reason: 'UnapprovedAnnotation', message: `not approved: ${JSON.stringify(given)}` };
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]+\S*$/i.test(given))
    return { status: 'True', reason: 'ApprovedAnnotation', message: `approved in ${given}` };
  const message = `${wanted} with either a URL or a reason starting with "unapproved", ${see}`;
  return { status: 'False', reason: 'InvalidAnnotation', message };
}

/** What was so before may stay so. */
export function validateApproval(
  object: V1CustomResourceDefinition,
  old: V1CustomResourceDefinition | undefined,
): FieldError[] {
  const approval = approvalOf(object);
  if (!approval || (old && approvalOf(old)?.reason === approval.reason)) return [];
  const field = `metadata.annotations[${annotation}]`;
  switch (approval.reason) {
    case 'MissingAnnotation':
      return [required(field, approval.message)];
    case 'InvalidAnnotation':
      return [invalidValue(field, getOwn(object.metadata?.annotations, annotation), approval.message)];
    default:
      return [];
  }
}
