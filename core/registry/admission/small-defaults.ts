// Plugins of a few lines: tolerations of pods, taints of new nodes, the default storage class, protection finalizers.

import type { V1Toleration } from '../../../generated/kubernetes.ts';
import { forbidden } from '../../machinery/status.ts';
import type { AdmissionPlugin, AttributesOf } from './plugin.ts';

const tolerated = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];
const toleratedSeconds = 300;

export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  operations: ['CREATE', 'UPDATE'],
  types: ['pods'],
  mutate({ object, subresource }: AttributesOf<'pods'>) {
    const spec = object?.spec;
    if (!spec || subresource !== '') return;
    for (const key of tolerated) {
      const covers = (each: V1Toleration) =>
        (each.key === key || !each.key) && (each.effect === 'NoExecute' || !each.effect);
      if (spec.tolerations?.some(covers)) continue;
      spec.tolerations = [
        ...(spec.tolerations ?? []),
        { key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: toleratedSeconds },
      ];
    }
  },
};

export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  operations: ['CREATE'],
  types: ['nodes'],
  mutate({ object: node }: AttributesOf<'nodes'>) {
    if (!node) return;
    const key = 'node.kubernetes.io/not-ready';
    if (node.spec?.taints?.some((each) => each.key === key && each.effect === 'NoSchedule')) return;
    node.spec = { ...node.spec, taints: [...(node.spec?.taints ?? []), { key, effect: 'NoSchedule' }] };
  },
};

const defaultClass = 'storageclass.kubernetes.io/is-default-class';

export const defaultStorageClass: AdmissionPlugin = {
  name: 'DefaultStorageClass',
  operations: ['CREATE'],
  types: ['persistentvolumeclaims'],
  async mutate({ object }: AttributesOf<'persistentvolumeclaims'>, env) {
    const spec = object?.spec;
    if (!spec || spec.storageClassName !== undefined) return;
    const classes = await env.lookAll('storage.k8s.io/storageclasses');
    const defaults = classes.filter(({ metadata }) => metadata.annotations?.[defaultClass] === 'true');
    // The newest counts, so that a default can be replaced without a moment without one.
    const newest = defaults.sort((a, b) => {
      const [left = '', right = ''] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
      return left === right ? ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1) : left < right ? 1 : -1;
    })[0];
    if (newest?.metadata.name) spec.storageClassName = newest.metadata.name;
  },
};

export const persistentVolumeClaimResize: AdmissionPlugin = {
  name: 'PersistentVolumeClaimResize',
  operations: ['UPDATE'],
  types: ['persistentvolumeclaims'],
  async validate({ object: claim, old: before, name, subresource }: AttributesOf<'persistentvolumeclaims'>, env) {
    if (subresource !== '' || !claim || !before) return;
    if (claim.spec?.resources?.requests?.['storage'] === before.spec?.resources?.requests?.['storage']) return;
    const named = claim.spec?.storageClassName;
    const found = named ? await env.lookUp('storage.k8s.io/storageclasses', named) : undefined;
    if (found?.allowVolumeExpansion) return;
    const why =
      'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize';
    throw forbidden({ group: '', resource: 'persistentvolumeclaims' }, name, why);
  },
};

/** Keeps claims and volumes while something uses them; the protection controller takes the finalizers away. */
export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  operations: ['CREATE'],
  types: ['persistentvolumeclaims', 'persistentvolumes'],
  mutate({ object, definition }) {
    if (!object) return;
    const finalizer =
      definition.type === 'persistentvolumes' ? 'kubernetes.io/pv-protection' : 'kubernetes.io/pvc-protection';
    const present = object.metadata.finalizers ?? [];
    if (!present.includes(finalizer)) object.metadata.finalizers = [...present, finalizer];
  },
};
