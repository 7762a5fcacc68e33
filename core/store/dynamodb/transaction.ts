// One attempt at a commit, at revisions that were given out: the transaction, and what its failures mean.

import type { CancellationReason, TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { AwsError } from '../../signature/json-service.ts';
import { StoreError } from '../store.ts';
import { reasonsOf } from './calls.ts';
import { doesNotExist, existsAt, isAbsent, isAt, slotIsEmpty } from './conditions.ts';
import { meaningOf, retryableReasons } from './failures.ts';
import {
  groupKey,
  number,
  objectItem,
  objectKey,
  readObject,
  readSlot,
  type Slot,
  type StoredObject,
  slotItem,
} from './items.ts';
import type { Log } from './log.ts';
import type { Planned } from './planned.ts';
import type { Call, Requests } from './requests.ts';
import { throttled } from './requests.ts';

/**
 * conflict: the caller's expectation of `planned` does not hold, the key is `current`. again: nobody's expectation failed, but the
 * revisions were lost to a fence or to a later write of the same key.
 */
export type Outcome =
  | { readonly kind: 'committed' }
  | { readonly kind: 'conflict'; readonly planned: Planned; readonly current?: StoredObject }
  | { readonly kind: 'again' };

/** What an action of the transaction stands for. */
interface Part {
  readonly planned: Planned;
  readonly action: TransactWriteItem;
  readonly isSlot: boolean;
}

/** Time for finding out what became of a transaction after its own budget is spent, in milliseconds. */
const resolveMs = 5000;

/**
 * Sends the transaction until its outcome is known. `commit` marks its log entries. Fails with `throttled` (nothing was written) or
 * `ambiguous`. Revisions that were not used are fenced.
 */
export async function attempt(
  requests: Requests,
  log: Log,
  call: Call,
  commit: string,
  planned: readonly Planned[],
): Promise<Outcome> {
  const { calls, table, surroundings } = requests;
  const collectedAt = log.collectedAt(surroundings.now());
  const parts = planned.flatMap((each) => partsOf(table, each, commit, collectedAt));
  const slots = planned.filter((each) => each.revision > 0);
  /** An earlier sending may still take effect. */
  let doubt = false;

  for (let sent = 0; ; sent++) {
    let refusal: unknown;
    try {
      await requests.once(call, 'write', () =>
        calls.transactWriteItems({
          TransactItems: parts.map((part) => part.action),
          ClientRequestToken: commit,
          ReturnConsumedCapacity: 'TOTAL',
        }),
      );
      return { kind: 'committed' };
    } catch (error) {
      refusal = error;
    }
    const meaning = meaningOf(refusal);
    if (meaning === 'unknown') doubt = true;
    if (meaning === 'fatal') {
      await fenceUnused(log, call, commit, slots);
      throw refusal;
    }
    if (meaning === 'cancelled') {
      const reasons = refusal instanceof AwsError ? reasonsOf(refusal) : [];
      const outcome = judge(parts, reasons, commit);
      if (outcome === 'fatal') {
        await fenceUnused(log, call, commit, slots);
        throw refusal;
      }
      if (outcome?.kind === 'committed') return outcome;
      if (outcome && doubt) return (await landed(requests, log, call, commit, slots)) ? { kind: 'committed' } : outcome;
      if (outcome) {
        await fenceUnused(log, call, commit, slots);
        return outcome;
      }
    }
    if (await requests.pause(call, sent)) continue;
    if (doubt && (await landed(requests, log, call, commit, slots))) return { kind: 'committed' };
    if (!doubt) await fenceUnused(log, call, commit, slots);
    throw throttled(refusal);
  }
}

function partsOf(table: string, planned: Planned, commit: string, collectedAt: number): Part[] {
  const { write, previous, value, revision, takenAt } = planned;
  const { type, name } = write;
  const all = { TableName: table, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;
  if (revision === 0) {
    const condition = previous === 0 ? doesNotExist : existsAt(previous);
    const action = { ConditionCheck: { ...all, Key: objectKey(type, name), ...condition } };
    return [{ planned, action, isSlot: false }];
  }
  const put = write.op === 'put';
  const { expiresAt } = put ? write : {};
  const { by } = write.op === 'check' ? {} : write;
  const object: StoredObject = {
    name,
    revision,
    ...(put && value && { value }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
  const condition = previous === 0 ? isAbsent(revision) : isAt(previous, revision);
  const stored = { Put: { ...all, Item: objectItem(type, object), ...condition } };
  const kind = put ? 'put' : 'delete';
  const entry: Slot = {
    kind,
    revision,
    name,
    previous,
    value: value ?? nothing,
    commit,
    takenAt,
    ...(by !== undefined && { by }),
  };
  const logged = { Put: { ...all, Item: slotItem(type, entry, collectedAt), ...slotIsEmpty } };
  const of = (action: TransactWriteItem, isSlot = false): Part => ({ planned, action, isSlot });
  return [of(stored), of(logged, true), ...groupActions(table, planned).map((action) => of(action))];
}

/** What has no condition: the object's own decide. */
function groupActions(table: string, { write, revision }: Planned): TransactWriteItem[] {
  if (write.op === 'check') return [];
  const { type, name, leaves } = write;
  const joins = write.op === 'put' ? write.joins : undefined;
  const entry = joins !== undefined && { ...groupKey(type, joins, name), r: number(revision) };
  return [
    ...(entry ? [{ Put: { TableName: table, Item: entry } }] : []),
    ...(leaves === undefined ? [] : [{ Delete: { TableName: table, Key: groupKey(type, leaves, name) } }]),
  ];
}

const nothing = { encoded: new Uint8Array(0) };

/** undefined: the same transaction may be sent again. */
function judge(
  parts: readonly Part[],
  reasons: readonly CancellationReason[],
  commit: string,
): Outcome | 'fatal' | undefined {
  let again: Outcome | undefined;
  let conflict: Outcome | undefined;
  for (const [i, { Code, Item }] of reasons.entries()) {
    const part = parts[i];
    if (!part || Code === undefined || Code === 'None' || retryableReasons.has(Code)) continue;
    if (Code !== 'ConditionalCheckFailed') return 'fatal';
    if (part.isSlot) {
      if (Item && isEntryOf(readSlot(Item), commit)) return { kind: 'committed' };
      again = { kind: 'again' };
      continue;
    }
    const { planned } = part;
    const current = Item ? readObject(Item) : undefined;
    const live = current?.value ? current : undefined;
    const holds = planned.write.expect === 'any' || (live?.revision ?? 0) === planned.previous;
    if (holds) again = { kind: 'again' };
    else conflict ??= { kind: 'conflict', planned, ...(live && { current: live }) };
  }
  return conflict ?? again;
}

function isEntryOf(slot: Slot, commit: string): boolean {
  return slot.kind !== 'fence' && slot.commit === commit;
}

/** The first slot decides: with our entry in it the transaction happened; fenced, it never will. Fails with `ambiguous`. */
async function landed(
  requests: Requests,
  log: Log,
  call: Call,
  commit: string,
  slots: readonly Planned[],
): Promise<boolean> {
  const [first, ...others] = slots;
  // Checks alone leave nothing behind.
  if (!first) return false;
  const { type, name } = first.write;
  const resolving: Call = { ...call, deadline: requests.surroundings.now() + resolveMs };
  try {
    const slot = await log.fence(resolving, type, first.revision, commit, first.takenAt);
    if (isEntryOf(slot, commit)) return true;
  } catch (error) {
    throw new StoreError(
      { code: 'ambiguous', data: { type, name } },
      `Whether the commit of ${type} ${name} happened cannot be told: DynamoDB does not answer.`,
      { cause: error },
    );
  }
  await fenceUnused(log, resolving, commit, others);
  return false;
}

/** Spares the readers their wait. What fails here, they do. */
async function fenceUnused(log: Log, call: Call, commit: string, slots: readonly Planned[]): Promise<void> {
  const fence = async ({ write, revision, takenAt }: Planned) => {
    try {
      await log.fence(call, write.type, revision, commit, takenAt);
    } catch (error) {
      if (!(error instanceof StoreError) || error.failure.code !== 'throttled') throw error;
    }
  };
  await Promise.all(slots.map(fence));
}
