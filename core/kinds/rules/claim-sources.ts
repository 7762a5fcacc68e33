// What a claim's volume is made of. The older field knows claims and snapshots; the newer one whatever a populator knows (KEP-1495).

import type { V1PersistentVolumeClaimSpec, V1TypedLocalObjectReference } from '../../../generated/kubernetes.ts';
import { type FieldError, invalidValue, required } from '../../machinery/field-error.ts';
import { dns1123Subdomain } from '../../machinery/names.ts';
import { semanticEqual } from '../../machinery/semantic-equal.ts';
import { optionalField } from './field-rule.ts';

/**
 * Of a new claim: what the older field never took is dropped from it, and then both fields say the same. So is what lies in another
 * namespace, which takes a feature that is off in 1.36 (CrossNamespaceVolumeDataSource, alpha).
 */
export function normalizeSources(spec: V1PersistentVolumeClaimSpec): void {
  if (spec.dataSourceRef?.namespace) delete spec.dataSourceRef;
  if (!spec.dataSourceRef && spec.dataSource && !isKnown(spec.dataSource)) delete spec.dataSource;
  const { dataSource, dataSourceRef } = spec;
  if (dataSource && !dataSourceRef) spec.dataSourceRef = { ...dataSource };
  else if (dataSourceRef && !dataSource && !dataSourceRef.namespace) {
    const { namespace: _, ...local } = dataSourceRef;
    spec.dataSource = local;
  }
}

function isKnown({ apiGroup, kind }: V1TypedLocalObjectReference): boolean {
  return apiGroup
    ? apiGroup === 'snapshot.storage.k8s.io' && kind === 'VolumeSnapshot'
    : kind === 'PersistentVolumeClaim';
}

export function validateSources(spec: V1PersistentVolumeClaimSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ['dataSource', 'dataSourceRef'] as const) {
    const source = spec[field];
    if (source) errors.push(...validateSource(source, `${path}.${field}`));
  }
  const { dataSource, dataSourceRef } = spec;
  if (!dataSource || !dataSourceRef) return errors;
  const { namespace, ...local } = dataSourceRef;
  if (namespace)
    errors.push(
      invalidValue(path, `${path}.dataSource`, 'may not be specified when dataSourceRef.namespace is specified'),
    );
  else if (
    !semanticEqual({ ...dataSource, apiGroup: dataSource.apiGroup ?? '' }, { ...local, apiGroup: local.apiGroup ?? '' })
  )
    errors.push(invalidValue(path, `${path}.dataSource`, 'must match dataSourceRef'));
  return errors;
}

function validateSource({ name, kind, apiGroup }: V1TypedLocalObjectReference, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!name) errors.push(required(`${path}.name`));
  if (!kind) errors.push(required(`${path}.kind`));
  if (!apiGroup && kind !== 'PersistentVolumeClaim')
    errors.push(
      invalidValue(path, kind ?? '', "must be 'PersistentVolumeClaim' when referencing the default apiGroup"),
    );
  return [...errors, ...optionalField(apiGroup ?? undefined, dns1123Subdomain, `${path}.apiGroup`)];
}
