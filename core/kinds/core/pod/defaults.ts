// Defaults of a pod's spec that depend on other fields. Templates get the same.

import type { V1Container, V1PodSpec, V1ResourceRequirements } from '../../../../generated/kubernetes.ts';
import { ownOr, setOwn } from '../../../machinery/own.ts';
import {
  canonicalQuantity,
  formatQuantity,
  type Quantity,
  quantityError,
  quantityOf,
} from '../../../machinery/quantity.ts';
import { pullPolicyFor } from './pull-policy.ts';
import { allContainers, ownContainers } from './semantics/containers.ts';
import { type Counting, inQuantities, podTotal } from './semantics/resources.ts';
import { hasTooManyResources } from './validate-resources.ts';
import { sourcesOf } from './volumes/volume-types.ts';

export function defaultPodSpec(spec: V1PodSpec | undefined): void {
  if (!spec) return;
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName;
  else if (spec.serviceAccount) spec.serviceAccountName = spec.serviceAccount;
  for (const container of allContainers(spec)) defaultContainer(container, spec.hostNetwork ?? false);
  for (const volume of spec.volumes ?? []) {
    // A volume that names no source is an empty directory.
    if (Object.keys(volume).length === 1) volume.emptyDir = {};
    for (const { type, source } of sourcesOf(volume)) type.inline?.defaults?.(source);
  }
}

/** Requests that are not given are the limits. Pods only: a template keeps what it says. */
export function defaultRequests(spec: V1PodSpec | undefined): void {
  if (!spec) return;
  for (const { resources } of ownContainers(spec)) {
    if (!resources?.limits || hasTooManyResources(resources.limits)) continue;
    for (const [name, limit] of Object.entries(resources.limits)) {
      resources.requests ??= {};
      ownOr(resources.requests, name, () => limit);
    }
  }
  defaultWholeRequests(spec);
}

/** What is said of the whole pod in part (KEP-2837): its requests are those of its containers, or its limits where they ask for nothing. */
function defaultWholeRequests(spec: V1PodSpec): void {
  const { resources } = spec;
  if (!resources?.limits || Object.keys(resources.limits).length === 0) return;
  if (hasTooManyResources(resources.limits)) return;
  const { resources: _own, ...others } = spec;
  const asked = podTotal(others, 'requests', unchecked, { overhead: 'without' });
  resources.requests ??= {};
  for (const name of ['cpu', 'memory']) {
    const amount = asked.get(name);
    if (amount) ownOr(resources.requests, name, () => formatQuantity(amount));
  }
  for (const [name, limit] of Object.entries(resources.limits)) ownOr(resources.requests, name, () => limit);
}

/** Defaults come before validation, which says what is no quantity. */
const unchecked: Counting<Quantity> = {
  ...inQuantities,
  read: (name, quantity) => (quantityError(quantity) ? quantityOf(0) : inQuantities.read(name, quantity)),
};

function defaultContainer(container: V1Container, hostNetwork: boolean): void {
  container.imagePullPolicy ||= pullPolicyFor(container.image ?? '');
  if (container.resources) canonicalResources(container.resources);
  if (!hostNetwork) return;
  for (const port of container.ports ?? []) port.hostPort ||= port.containerPort;
}

function canonicalResources(resources: V1ResourceRequirements): void {
  for (const list of [resources.limits, resources.requests]) {
    if (!list || hasTooManyResources(list)) continue;
    for (const name in list) {
      const value = list[name];
      if (value !== undefined && quantityError(value) === undefined) setOwn(list, name, canonicalQuantity(value));
    }
  }
}
