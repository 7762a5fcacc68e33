// PersistentVolumes and PersistentVolumeClaims.

import type { V1PersistentVolume, V1PersistentVolumeClaim } from '../../../generated/kubernetes.ts';
import { type FieldError, forbiddenField, invalidValue, notSupported, required } from '../../machinery/field-error.ts';
import { validateLabelSelector } from '../../machinery/labels.ts';
import { compareQuantities, parseQuantity, quantityError } from '../../machinery/quantity.ts';
import { semanticEqual } from '../semantic-equal.ts';
import { strategy } from '../strategy.ts';
import { withoutNul } from './pod/file-path.ts';
import { validateRemoteVolume } from './pod/validate-remote-volume.ts';
import { validateHostPath } from './pod/validate-volume.ts';

const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];

export const persistentVolumeClaim = strategy<V1PersistentVolumeClaim>({
  defaults({ spec }) {
    if (!spec) return;
    // The older field and the newer one say the same for claims as sources (KEP-3294).
    if (spec.dataSource && !spec.dataSourceRef) spec.dataSourceRef = { ...spec.dataSource };
  },
  prepareForCreate(object) {
    object.status = { phase: 'Pending' };
  },
  validate({ spec }) {
    if (!spec) return [required('spec')];
    const errors = validateAccessModes(spec.accessModes, 'spec.accessModes');
    errors.push(...validateLabelSelector(spec.selector, 'spec.selector'));
    errors.push(
      ...validateStorage(
        spec.resources?.requests?.['storage'],
        'spec.resources.requests[storage]',
        'spec.resources[storage]',
      ),
    );
    return errors;
  },
  validateUpdate(object, old) {
    const errors: FieldError[] = [];
    const before = old.spec;
    const after = object.spec;
    if (!before || !after) return errors;
    const rest = (spec: typeof after) => {
      const { resources: _r, volumeAttributesClassName: _a, ...others } = spec;
      // Binding sets the volume's name once; a default class may come later (KEP-3333).
      if (!before.volumeName) delete others.volumeName;
      if (before.storageClassName === undefined) delete others.storageClassName;
      return others;
    };
    if (!semanticEqual(rest({ ...after }), rest({ ...before }))) {
      errors.push(
        forbiddenField(
          'spec',
          'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
        ),
      );
      return errors;
    }
    const size = after.resources?.requests?.['storage'];
    const was = before.resources?.requests?.['storage'];
    if (size !== was && size !== undefined && was !== undefined) {
      if (compareQuantities(parseQuantity(size), parseQuantity(was)) < 0)
        errors.push(forbiddenField('spec.resources.requests.storage', 'field can not be less than previous value'));
      else if (old.status?.phase !== 'Bound')
        errors.push(
          forbiddenField(
            'spec',
            'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
          ),
        );
    }
    return errors;
  },
});

export const persistentVolume = strategy<V1PersistentVolume>({
  prepareForCreate(object) {
    object.status = { phase: 'Pending' };
  },
  validate({ metadata, spec }) {
    if (!spec) return [required('spec')];
    const errors = validateAccessModes(spec.accessModes, 'spec.accessModes');
    errors.push(...validateStorage(spec.capacity?.['storage'], 'spec.capacity[storage]', 'spec.capacity'));
    const sources = Object.keys(spec).filter((field) => sourceFields.has(field));
    if (sources.length === 0) errors.push(required('spec', 'must specify a volume type'));
    for (const extra of sources.slice(1))
      errors.push(forbiddenField(`spec.${extra}`, 'may not specify more than 1 volume type'));
    errors.push(...withoutNul(spec, 'spec'));
    if (spec.hostPath) errors.push(...validateHostPath(spec.hostPath.path, 'spec.hostPath.path'));
    if (spec.local) errors.push(...validateHostPath(spec.local.path, 'spec.local.path'));
    errors.push(...validateRemoteVolume(spec, metadata.name ?? '', 'spec'));
    if (spec.local && !spec.nodeAffinity)
      errors.push(required('spec.nodeAffinity', 'Local volume requires node affinity'));
    return errors;
  },
  validateUpdate(object, old) {
    const source = (each: V1PersistentVolume) =>
      Object.fromEntries(Object.entries(each.spec ?? {}).filter(([field]) => sourceFields.has(field)));
    const errors: FieldError[] = [];
    if (!semanticEqual(source(object), source(old)))
      errors.push(
        forbiddenField('spec.persistentvolumesource', 'spec.persistentvolumesource is immutable after creation'),
      );
    if (object.spec?.volumeMode !== old.spec?.volumeMode)
      errors.push(invalidValue('volumeMode', object.spec?.volumeMode ?? null, 'field is immutable'));
    if (old.spec?.nodeAffinity && !semanticEqual(object.spec?.nodeAffinity, old.spec.nodeAffinity))
      errors.push(
        invalidValue(
          'nodeAffinity',
          object.spec?.nodeAffinity ?? null,
          'field is immutable, except for updating from beta label to GA',
        ),
      );
    return errors;
  },
});

const sourceFields = new Set([
  'awsElasticBlockStore',
  'azureDisk',
  'azureFile',
  'cephfs',
  'cinder',
  'csi',
  'fc',
  'flexVolume',
  'flocker',
  'gcePersistentDisk',
  'glusterfs',
  'hostPath',
  'iscsi',
  'local',
  'nfs',
  'photonPersistentDisk',
  'portworxVolume',
  'quobyte',
  'rbd',
  'scaleIO',
  'storageos',
  'vsphereVolume',
]);

function validateAccessModes(modes: readonly string[] | undefined, path: string): FieldError[] {
  if (!modes?.length) return [required(path, 'at least 1 access mode is required')];
  const errors = modes
    .filter((each) => !accessModes.includes(each))
    .map((each) => notSupported(path, each, accessModes));
  if (modes.includes('ReadWriteOncePod') && modes.length > 1)
    errors.push(forbiddenField(path, 'may not use ReadWriteOncePod with other access modes'));
  return errors;
}

function validateStorage(size: string | undefined, path: string, parent: string): FieldError[] {
  if (size === undefined) return [required(parent)];
  const wrong = quantityError(size);
  if (wrong) return [invalidValue(path, size, wrong)];
  return parseQuantity(size).nanos <= 0n ? [invalidValue(path, size, 'must be greater than zero')] : [];
}
