// LimitRanger: what a namespace's LimitRanges give to containers that ask for nothing, and what they let them ask for.

import type {
  V1Container,
  V1LimitRangeItem,
  V1PodSpec,
  V1ResourceRequirements,
} from '../../../generated/kubernetes.ts';
import { ownContainers } from '../../kinds/core/pod/semantics/containers.ts';
import { inQuantities, podTotal, type ResourceList } from '../../kinds/core/pod/semantics/resources.ts';
import type { Environment } from '../../kinds/environment.ts';
import { getOwn } from '../../machinery/own.ts';
import { compareQuantities, formatQuantity, parseQuantity, quantityToNumber } from '../../machinery/quantity.ts';
import { forbidden } from '../../machinery/status.ts';
import { subjectOf } from '../target.ts';
import { type AdmissionPlugin, type Attributes, type AttributesOf, isOfType } from './plugin.ts';

export const limitRanger: AdmissionPlugin = {
  name: 'LimitRanger',
  operations: ['CREATE', 'UPDATE'],
  types: ['pods', 'persistentvolumeclaims'],
  async mutate({ definition, object, namespace, operation, subresource }: AttributesOf<'pods'>, env) {
    if (operation === 'UPDATE') return;
    if (definition.type !== 'pods' || subresource !== '' || !object) return;
    const items = (await itemsOf(env, namespace)).filter(({ type }) => type === 'Container');
    if (items.length === 0) return;
    for (const item of items) {
      const told = [
        ...filledIn(object.spec?.containers, item, 'container'),
        ...filledIn(object.spec?.initContainers, item, 'init container'),
      ];
      if (told.length === 0) continue;
      object.metadata.annotations ??= {};
      object.metadata.annotations['kubernetes.io/limit-ranger'] = `LimitRanger plugin set: ${told.join('; ')}`;
    }
  },
  async validate(attributes, env) {
    const { object, namespace, operation, subresource } = attributes;
    // Of updates only a resize changes what a pod asks for.
    const concerned =
      operation === 'CREATE' ? subresource === '' : isOfType(attributes, 'pods') && subresource === 'resize';
    if (!concerned || !object) return;
    const items = await itemsOf(env, namespace);
    if (items.length === 0) return;
    const problems: string[] = [];
    const itemsFor = (type: string) => items.filter((each) => each.type === type);
    if (isOfType(attributes, 'persistentvolumeclaims')) {
      const requests = attributes.object?.spec?.resources?.requests;
      for (const item of itemsFor('PersistentVolumeClaim'))
        problems.push(...check(item, { ...(requests && { requests }) }));
    } else if (isOfType(attributes, 'pods')) {
      const spec = attributes.object?.spec;
      for (const item of itemsFor('Container')) {
        for (const { resources } of ownContainers(spec)) problems.push(...check(item, resources ?? {}));
      }
      for (const item of itemsFor('Pod')) problems.push(...check(item, ofPod(spec ?? { containers: [] })));
    }
    if (problems.length > 0) refuse(attributes, problems);
  },
};

async function itemsOf(env: Environment, namespace: string): Promise<V1LimitRangeItem[]> {
  const ranges = await env.lookAll('limitranges', `${namespace}/`);
  return ranges.flatMap(({ spec }) => spec?.limits ?? []);
}

/** Gives containers what they do not ask for, and tells of it as Kubernetes does. */
function filledIn(containers: readonly V1Container[] | undefined, item: V1LimitRangeItem, what: string): string[] {
  const told: string[] = [];
  for (const container of containers ?? []) {
    container.resources ??= {};
    const { resources } = container;
    // A default limit comes first: without a default request the request is the limit.
    const defaults = missingIn(resources.limits, item.default ?? item.max);
    const requests = missingIn(resources.requests, item.defaultRequest ?? item.default ?? item.min ?? item.max);
    if (requests) {
      resources.requests = { ...resources.requests, ...requests };
      told.push(`${Object.keys(requests).sort().join(', ')} request for ${what} ${container.name}`);
    }
    if (defaults) {
      resources.limits = { ...resources.limits, ...defaults };
      told.push(`${Object.keys(defaults).sort().join(', ')} limit for ${what} ${container.name}`);
    }
  }
  return told;
}

type Amounts = V1ResourceRequirements['limits'];

function missingIn(list: Amounts, defaults: Amounts): Amounts {
  const missing = Object.entries(defaults ?? {}).filter(([name]) => getOwn(list, name) === undefined);
  return missing.length > 0 ? Object.fromEntries(missing) : undefined;
}

function check(item: V1LimitRangeItem, { requests, limits }: V1ResourceRequirements): string[] {
  const problems: string[] = [];
  for (const [name, min] of Object.entries(item.min ?? {})) {
    const [request, limit] = [getOwn(requests, name), getOwn(limits, name)];
    if (request === undefined)
      problems.push(`minimum ${name} usage per ${item.type} is ${min}.  No request is specified`);
    else if (less(request, min))
      problems.push(`minimum ${name} usage per ${item.type} is ${min}, but request is ${request}`);
    else if (limit !== undefined && less(limit, min))
      problems.push(`minimum ${name} usage per ${item.type} is ${min}, but limit is ${limit}`);
  }
  for (const [name, max] of Object.entries(item.max ?? {})) {
    const [request, limit] = [getOwn(requests, name), getOwn(limits, name)];
    const value = item.type === 'PersistentVolumeClaim' ? request : limit;
    if (value === undefined) problems.push(`maximum ${name} usage per ${item.type} is ${max}.  No limit is specified`);
    else if (less(max, value)) problems.push(`maximum ${name} usage per ${item.type} is ${max}, but limit is ${value}`);
    else if (request !== undefined && less(max, request))
      problems.push(`maximum ${name} usage per ${item.type} is ${max}, but request is ${request}`);
  }
  for (const [name, ratio] of Object.entries(item.maxLimitRequestRatio ?? {})) {
    const [request, limit] = [getOwn(requests, name), getOwn(limits, name)];
    if (limit === undefined || request === undefined) {
      problems.push(
        `${name} max limit to request ratio per ${item.type} is ${ratio}, but no request is specified or request is 0`,
      );
      continue;
    }
    const given = quantityToNumber(parseQuantity(limit)) / quantityToNumber(parseQuantity(request));
    if (given > quantityToNumber(parseQuantity(ratio)))
      problems.push(
        `${name} max limit to request ratio per ${item.type} is ${ratio}, but provided ratio is ${given.toFixed(6)}`,
      );
  }
  return problems;
}

/** A pod counts by what its spec says, without the overhead of its class. */
function ofPod(spec: V1PodSpec): V1ResourceRequirements {
  const total = (list: ResourceList) => {
    const amounts = [...podTotal(spec, list, inQuantities, { overhead: 'without' })];
    return Object.fromEntries(amounts.map(([name, quantity]) => [name, formatQuantity(quantity)]));
  };
  return { requests: total('requests'), limits: total('limits') };
}

function less(a: string, b: string): boolean {
  return compareQuantities(parseQuantity(a), parseQuantity(b)) < 0;
}

function refuse({ definition, name }: Attributes, problems: readonly string[]): never {
  throw forbidden(
    subjectOf(definition),
    name,
    problems.length === 1 ? (problems[0] ?? '') : `[${problems.join(', ')}]`,
  );
}
