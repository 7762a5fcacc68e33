// Which types a batch of the table's stream records wrote, and up to which revisions. The records' order and content mean nothing: they are
// hints (D2).

import type { TypeName } from '../store.ts';
import { duePartition } from './table.ts';

/** What is read of an event of a DynamoDB stream. */
export interface StreamEvent {
  readonly Records: readonly {
    readonly eventName?: string;
    readonly dynamodb?: { readonly Keys?: Readonly<Record<string, { readonly S?: string }>> };
  }[];
}

const logPartition = /^log#(.+)#\d+$/;

const hostedLog = /^hosted\/([^/]+)\/log#(.+)#\d+$/;

/** Whether it says that something is due, or is to be looked at once more. */
export function saysDue({ Records }: StreamEvent): boolean {
  return Records.some(({ eventName, dynamodb }) => eventName !== 'REMOVE' && dynamodb?.Keys?.['p']?.S === duePartition);
}

/** By the uid of the hosted cluster. */
export function changedHosted({ Records }: StreamEvent): ReadonlyMap<string, ReadonlySet<TypeName>> {
  const clusters = new Map<string, Set<TypeName>>();
  for (const { eventName, dynamodb } of Records) {
    const [, uid, type] = hostedLog.exec(dynamodb?.Keys?.['p']?.S ?? '') ?? [];
    if (eventName !== 'INSERT' || uid === undefined || type === undefined) continue;
    clusters.set(uid, (clusters.get(uid) ?? new Set()).add(type));
  }
  return clusters;
}

export function changedTypes({ Records }: StreamEvent): ReadonlyMap<TypeName, number> {
  const types = new Map<TypeName, number>();
  for (const { eventName, dynamodb } of Records) {
    if (eventName !== 'INSERT') continue;
    const [, type] = logPartition.exec(dynamodb?.Keys?.['p']?.S ?? '') ?? [];
    const revision = Number(dynamodb?.Keys?.['s']?.S);
    if (type !== undefined && Number.isSafeInteger(revision)) types.set(type, Math.max(revision, types.get(type) ?? 0));
  }
  return types;
}
