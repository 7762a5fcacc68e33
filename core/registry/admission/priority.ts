// Priority: a pod's priority is that of its class, and of all classes one may be the default.

import type { V1PriorityClass } from '../../../generated/kubernetes.ts';
import type { Environment } from '../../kinds/environment.ts';
import { getOwn } from '../../machinery/own.ts';
import { forbidden } from '../../machinery/status.ts';
import type { AdmissionPlugin, AttributesOf } from './plugin.ts';

const pods = { group: '', resource: 'pods' };
const type = 'scheduling.k8s.io/priorityclasses';

/** Classes that hold also before the cluster's first objects are made. */
const systemClasses: Readonly<Record<string, number>> = {
  'system-node-critical': 2000001000,
  'system-cluster-critical': 2000000000,
};

export const priority: AdmissionPlugin = {
  name: 'Priority',
  operations: ['CREATE', 'UPDATE'],
  types: ['pods', type],
  async mutate({ operation, definition, object, name, subresource }: AttributesOf<'pods'>, env) {
    if (definition.type !== 'pods' || operation !== 'CREATE' || subresource !== '' || !object) return;
    const { spec } = object;
    if (!spec) return;
    const found = await classOf(env, spec.priorityClassName);
    if (!found) throw forbidden(pods, name, `no PriorityClass with name ${spec.priorityClassName} was found`);
    if (found.metadata.name) spec.priorityClassName = found.metadata.name;
    const value = found.value ?? 0;
    if (spec.priority !== undefined && spec.priority !== value) {
      throw forbidden(
        pods,
        name,
        `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
      );
    }
    spec.priority = value;
    const policy = found.preemptionPolicy ?? 'PreemptLowerPriority';
    if (spec.preemptionPolicy && spec.preemptionPolicy !== policy) {
      throw forbidden(
        pods,
        name,
        `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
      );
    }
    spec.preemptionPolicy = policy;
  },
  async validate({ definition, object, name }, env) {
    if (definition.type !== type || !object?.['globalDefault']) return;
    const other = (await classes(env)).find((each) => each.globalDefault && each.metadata.name !== name);
    if (other)
      throw forbidden(
        { group: 'scheduling.k8s.io', resource: 'priorityclasses' },
        name,
        `PriorityClass ${other.metadata.name} is already marked as default. Only one default can exist`,
      );
  },
};

async function classOf(env: Environment, name: string | undefined): Promise<V1PriorityClass | undefined> {
  if (!name) {
    const defaults = (await classes(env)).filter(({ globalDefault }) => globalDefault);
    // Two writers may have made two: the lower one counts.
    return defaults.sort((a, b) => (a.value ?? 0) - (b.value ?? 0))[0] ?? { metadata: {}, value: 0 };
  }
  const found = await env.lookUp(type, name);
  const system = getOwn(systemClasses, name);
  return found ?? (system === undefined ? undefined : { metadata: { name }, value: system });
}

async function classes(env: Environment): Promise<V1PriorityClass[]> {
  return await env.lookAll(type);
}
