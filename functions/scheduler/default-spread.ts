// The selectors of Services and workloads, by which pods that say nothing about spreading are spread over nodes and zones.

import type { LabelRequirement } from '../../core/machinery/label-syntax.ts';
import { type LabelSelector, labelSelectorOf, labelSelectorOfSet, matchesLabels } from '../../core/machinery/labels.ts';
import { getOwn } from '../../core/machinery/own.ts';
import type { schedulerReads } from '../../core/work/scheduler-types.ts';
import type {
  V1Pod,
  V1ReplicaSet,
  V1ReplicationController,
  V1Service,
  V1StatefulSet,
} from '../../generated/kubernetes.ts';

/** The types whose selectors count. */
export type SpreadType = Exclude<(typeof schedulerReads)[number], 'policy/poddisruptionbudgets'>;

const typeOfKind: Readonly<Record<string, SpreadType>> = {
  ReplicaSet: 'apps/replicasets',
  StatefulSet: 'apps/statefulsets',
  ReplicationController: 'replicationcontrollers',
};
const remembered = 20_000;

export class DefaultSpread {
  /** Namespace -> service -> selector. */
  readonly #services = new Map<string, Map<string, Readonly<Record<string, string>>>>();
  /** `type namespace/name` -> selector. */
  readonly #workloads = new Map<string, LabelSelector>();
  readonly #known = new Map<string, LabelSelector | undefined>();

  set(
    type: SpreadType,
    object: V1Service | V1ReplicaSet | V1StatefulSet | V1ReplicationController,
    gone: boolean,
  ): void {
    const { namespace = '', name = '' } = object.metadata ?? {};
    if (type === 'services') {
      // as: the type names the kind.
      this.#setService(namespace, name, gone ? {} : ((object as V1Service).spec?.selector ?? {}));
      return;
    }
    const key = `${type} ${namespace}/${name}`;
    if (gone) {
      this.#workloads.delete(key);
      return;
    }
    const selector =
      type === 'replicationcontrollers'
        ? labelSelectorOfSet((object as V1ReplicationController).spec?.selector)
        : labelSelectorOf(object.spec?.selector);
    // A new one must not be answered for by an old answer; status changes leave the selector as it is.
    if (!this.#workloads.has(key)) this.#known.clear();
    if (selector) this.#workloads.set(key, selector);
  }

  /** Undefined when the pod belongs to nothing: it is not spread. */
  selectorFor(pod: V1Pod): LabelSelector | undefined {
    const { namespace = '', labels = {}, ownerReferences } = pod.metadata ?? {};
    const owner = ownerReferences?.find((each) => each.controller);
    const ownerType = owner && getOwn(typeOfKind, owner.kind);
    const workload = ownerType && `${ownerType} ${namespace}/${owner.name}`;
    const services = this.#services.get(namespace);
    if (!workload && !services) return undefined;
    const key = `${namespace} ${workload} ${JSON.stringify(labels)}`;
    if (this.#known.has(key)) return this.#known.get(key);
    const requirements: LabelRequirement[] = [];
    let merged: Record<string, string> = {};
    for (const selector of services?.values() ?? [])
      if (matchesLabels(labelSelectorOfSet(selector), labels)) merged = { ...merged, ...selector };
    requirements.push(...labelSelectorOfSet(merged), ...((workload && this.#workloads.get(workload)) || []));
    const found = requirements.length > 0 ? requirements : undefined;
    if (this.#known.size >= remembered) this.#known.clear();
    this.#known.set(key, found);
    return found;
  }

  #setService(namespace: string, name: string, selector: Readonly<Record<string, string>>): void {
    const services = this.#services.get(namespace) ?? new Map<string, Readonly<Record<string, string>>>();
    if (JSON.stringify(services.get(name) ?? {}) === JSON.stringify(selector)) return;
    this.#known.clear();
    if (Object.keys(selector).length > 0) services.set(name, selector);
    else services.delete(name);
    if (services.size > 0) this.#services.set(namespace, services);
    else this.#services.delete(namespace);
  }
}
