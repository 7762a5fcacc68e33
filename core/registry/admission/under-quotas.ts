// Whether a namespace's quotas allow an object. What is there is counted from the type's replica at its newest revision, and the quota is
// written in the same commit as the object: of two writers that would both fit alone, one starts over.

import type { V1ResourceQuota } from '../../../generated/kubernetes.ts';
import type { Environment } from '../../kinds/environment.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { getOwn } from '../../machinery/own.ts';
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  type Quantity,
} from '../../machinery/quantity.ts';
import { forbidden } from '../../machinery/status.ts';
import { decodeObject, encodeObject } from '../../store/encode-object.ts';
import { subjectOf } from '../target.ts';
import { type Attributes, isOfType } from './plugin.ts';
import { inScope, leftOpen, type Usage, usageOf } from './quota-usage.ts';

const type = 'resourcequotas';

/** Refuses by throwing Forbidden; else the quotas that count the object are among its companions. `quotas`: of its namespace. */
export async function admitUnder(
  quotas: readonly V1ResourceQuota[],
  attributes: Attributes,
  object: KubeObject,
  env: Environment,
): Promise<void> {
  const { definition, namespace, old, operation, dryRun, companions } = attributes;
  const now = usageOf(definition, object);
  const before = old ? usageOf(definition, old) : undefined;
  if (operation === 'UPDATE' && !grows(now, before)) return;
  for (const each of quotas) {
    const item = await env.store.get(type, `${namespace}/${each.metadata.name}`);
    if (!item) continue;
    const quota: V1ResourceQuota = decodeObject(item.value);
    const used = await check(env, attributes, quota, now);
    if (!used || dryRun) continue;
    quota.status = { ...quota.status, hard: { ...quota.spec?.hard }, used: { ...quota.status?.used, ...used } };
    companions.push({
      op: 'put',
      type,
      name: item.name,
      expect: item.revision,
      value: encodeObject(quota),
    });
  }
}

/** What will be used of the resources that this object counts against; undefined when the quota does not look at it. */
async function check(
  env: Environment,
  attributes: Attributes,
  quota: V1ResourceQuota,
  now: Usage,
): Promise<Record<string, string> | undefined> {
  const { definition, namespace, object, name, operation } = attributes;
  const { spec, metadata } = quota;
  if (!spec?.hard || !object || !inScope(spec, definition, object)) return undefined;
  const subject = subjectOf(definition);
  if (isOfType(attributes, 'pods') && operation === 'CREATE') {
    const open = leftOpen(attributes.object?.spec ?? { containers: [] }, Object.keys(spec.hard));
    if (open) throw forbidden(subject, name, `failed quota: ${metadata.name}: must specify ${open}`);
  }
  const concerned = Object.keys(spec.hard).filter((each) => now.has(each));
  if (concerned.length === 0) return undefined;
  const replica = await env.replicas.of(definition.type);
  await replica.catchUp();
  const totals = new Map<string, Quantity>(concerned.map((each) => [each, now.get(each) ?? parseQuantity('0')]));
  const others = new Map<string, Quantity>();
  for (const entry of replica.snapshot({ prefix: `${namespace}/` })) {
    if (entry.name === `${namespace}/${name}`) continue;
    // Entries of a replica hold what the registry stored.
    const other = entry.object as KubeObject;
    if (!inScope(spec, definition, other)) continue;
    const usage = usageOf(definition, other);
    for (const each of concerned) {
      const amount = usage.get(each);
      if (!amount) continue;
      totals.set(each, addQuantities(totals.get(each) ?? amount, amount));
      const sum = others.get(each);
      others.set(each, sum ? addQuantities(sum, amount) : amount);
    }
  }
  const over = concerned
    .filter((each) => compareQuantities(totals.get(each)!, parseQuantity(getOwn(spec.hard, each) ?? '0')) > 0)
    .sort();
  if (over.length > 0) {
    const list = (value: (each: string) => string) => over.map((each) => `${each}=${value(each)}`).join(',');
    const used = list((each) => text(others.get(each)));
    throw forbidden(
      subject,
      name,
      `exceeded quota: ${metadata.name}, requested: ${list((each) => text(now.get(each)))}, used: ${used}, limited: ${list((each) => getOwn(spec.hard, each) ?? '0')}`,
    );
  }
  return Object.fromEntries([...totals].map(([each, amount]) => [each, formatQuantity(amount)]));
}

function text(quantity: Quantity | undefined): string {
  return quantity ? formatQuantity(quantity) : '0';
}

function grows(now: Usage, before: Usage | undefined): boolean {
  for (const [name, amount] of now) {
    const was = before?.get(name);
    if (!was || compareQuantities(amount, was) > 0) return true;
  }
  return false;
}
