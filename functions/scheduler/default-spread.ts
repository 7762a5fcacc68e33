// The selectors of Services and workloads, by which pods that say nothing about spreading are spread over nodes and zones.

import type { LabelRequirement } from '../../core/machinery/label-syntax.ts';
import { type LabelSelector, labelSelectorOfSet, matchesLabels } from '../../core/machinery/labels.ts';
import { getOwn, setOwn } from '../../core/machinery/own.ts';
import type { schedulerReads } from '../../core/work/scheduler-types.ts';
import type { V1Pod } from '../../generated/kubernetes.ts';

type WorkloadType = Exclude<(typeof schedulerReads)[number], 'policy/poddisruptionbudgets' | 'services'>;

const typeOfKind: Readonly<Record<string, WorkloadType>> = {
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

  /** `at`: namespace/name. Without a selector it is gone, or selects nothing. */
  setWorkload(type: WorkloadType, at: string, selector: LabelSelector | undefined): void {
    const key = `${type} ${at}`;
    if (!selector) {
      this.#workloads.delete(key);
      return;
    }
    // A new one must not be answered for by an old answer; status changes leave the selector as it is.
    if (!this.#workloads.has(key)) this.#known.clear();
    this.#workloads.set(key, selector);
  }

  /** As above. */
  setService(at: string, selector: Readonly<Record<string, string>> = {}): void {
    const slash = at.indexOf('/');
    this.#setService(at.slice(0, slash), at.slice(slash + 1), selector);
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
    const merged: Record<string, string> = {};
    for (const selector of services?.values() ?? [])
      if (matchesLabels(labelSelectorOfSet(selector), labels))
        for (const [name, value] of Object.entries(selector)) setOwn(merged, name, value);
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
