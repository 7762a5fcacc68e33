// RuntimeClass: a pod of a class gets its overhead, and runs where the class can.

import { deepEqual } from '../../machinery/equality.ts';
import { getOwn } from '../../machinery/own.ts';
import { forbidden } from '../../machinery/status.ts';
import type { AdmissionPlugin, AttributesOf } from './plugin.ts';

const pods = { group: '', resource: 'pods' };

export const runtimeClass: AdmissionPlugin = {
  name: 'RuntimeClass',
  operations: ['CREATE'],
  types: ['pods'],
  async mutate({ object, name, subresource }: AttributesOf<'pods'>, env) {
    const spec = object?.spec;
    if (!spec || subresource !== '') return;
    const wanted = spec.runtimeClassName;
    if (!wanted) {
      if (spec.overhead && Object.keys(spec.overhead).length > 0)
        throw forbidden(
          pods,
          name,
          'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
        );
      return;
    }
    const found = await env.lookUp('node.k8s.io/runtimeclasses', wanted);
    if (!found) throw forbidden(pods, name, `pod rejected: RuntimeClass "${wanted}" not found`);
    const overhead = found.overhead?.podFixed;
    if (spec.overhead && !deepEqual(spec.overhead, overhead ?? {})) {
      throw forbidden(pods, name, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
    }
    if (overhead) spec.overhead = { ...overhead };
    for (const [key, value] of Object.entries(found.scheduling?.nodeSelector ?? {})) {
      const asked = getOwn(spec.nodeSelector, key);
      if (asked !== undefined && asked !== value) {
        throw forbidden(
          pods,
          name,
          `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${asked}`,
        );
      }
      spec.nodeSelector = { ...spec.nodeSelector, [key]: value };
    }
    const missing = (found.scheduling?.tolerations ?? []).filter(
      (each) => !spec.tolerations?.some((own) => deepEqual(own, each)),
    );
    if (missing.length > 0) spec.tolerations = [...(spec.tolerations ?? []), ...missing.map((each) => ({ ...each }))];
  },
};
