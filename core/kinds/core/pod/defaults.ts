// Defaults of a pod's spec that depend on other fields. Templates get the same.

import type { V1Container, V1PodSpec, V1ResourceRequirements } from '../../../../generated/kubernetes.ts';
import { ownOr, setOwn } from '../../../machinery/own.ts';
import { canonicalQuantity, quantityError } from '../../../machinery/quantity.ts';

export function defaultPodSpec(spec: V1PodSpec | undefined): void {
  if (!spec) return;
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName;
  else if (spec.serviceAccount) spec.serviceAccountName = spec.serviceAccount;
  for (const container of allContainers(spec)) defaultContainer(container, spec.hostNetwork ?? false);
  for (const volume of spec.volumes ?? []) {
    // A volume that names no source is an empty directory.
    if (Object.keys(volume).length === 1) volume.emptyDir = {};
    if (volume.image) volume.image.pullPolicy ||= policyFor(volume.image.reference ?? '');
  }
}

/** Requests that are not given are the limits. Pods only: a template keeps what it says. */
export function defaultRequests(spec: V1PodSpec | undefined): void {
  if (!spec) return;
  for (const { resources } of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    if (!resources?.limits) continue;
    for (const [name, limit] of Object.entries(resources.limits)) {
      resources.requests ??= {};
      ownOr(resources.requests, name, () => limit);
    }
  }
}

/** All containers, init and ephemeral ones too. An ephemeral container has the fields of a container. */
export function allContainers(spec: V1PodSpec): V1Container[] {
  return [...(spec.containers ?? []), ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])];
}

function defaultContainer(container: V1Container, hostNetwork: boolean): void {
  container.imagePullPolicy ||= policyFor(container.image ?? '');
  if (container.resources) canonicalResources(container.resources);
  if (!hostNetwork) return;
  for (const port of container.ports ?? []) port.hostPort ||= port.containerPort;
}

const policyFor = (image: string) => (isLatest(image) ? 'Always' : 'IfNotPresent');

/** `name`, or `name:latest`; a digest without a tag is a fixed image. */
function isLatest(image: string): boolean {
  const at = image.indexOf('@');
  const name = at < 0 ? image : image.slice(0, at);
  const colon = name.lastIndexOf(':');
  const tag = colon > name.lastIndexOf('/') ? name.slice(colon + 1) : '';
  return tag === 'latest' || (tag === '' && at < 0);
}

function canonicalResources(resources: V1ResourceRequirements): void {
  for (const list of [resources.limits, resources.requests]) {
    if (!list) continue;
    for (const name in list) {
      const value = list[name];
      if (value !== undefined && quantityError(value) === undefined) setOwn(list, name, canonicalQuantity(value));
    }
  }
}
