// One object's write, with its companions, in one atomic commit; and what is known when the store could not say whether it happened.

import type { ResourceDefinition } from '../../api/definition.ts';
import type { Environment } from '../../kinds/environment.ts';
import { deepEqual } from '../../machinery/equality.ts';
import { parseJson } from '../../machinery/json.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { runYielding } from '../../machinery/steps.ts';
import { decodeObject, encodeObject, encodeWhole, encodingObject } from '../../store/encode-object.ts';
import { isOwnType } from '../../store/own-types.ts';
import { type Committed, type Expected, StoreError, type Write } from '../../store/store.ts';
import type { Admitted } from '../admission/plugin.ts';
import type { Outcome } from '../registry.ts';
import { isAmbiguous } from '../store-errors.ts';

export interface Commit {
  /** The definition of the stored version. */
  readonly definition: ResourceDefinition;
  readonly key: string;
  readonly object: KubeObject;
  /** The revision of what the checks of this attempt have seen. */
  readonly expect: Expected;
  /** Beside those that admission asks for. */
  readonly companions?: readonly Write[];
  readonly expiresAt?: number;
  readonly joins?: string;
  readonly leaves?: string;
  /** Who writes it (past/actor.ts). */
  readonly by: string;
  /** The object is large: it is encoded in turns with others. */
  readonly large?: boolean;
}

/** Writes `object` and sets its resourceVersion. Fails with StoreError; `conflict` names the key that was in the way. */
export async function commitPut(env: Environment, admitted: Admitted, commit: Commit): Promise<Outcome> {
  const { definition, key, object, expect } = commit;
  const value = commit.large ? await runYielding(encodingObject(object), true) : encodeObject(object);
  const put: Write = {
    op: 'put',
    type: definition.type,
    name: key,
    expect,
    value,
    by: commit.by,
    ...(commit.expiresAt !== undefined && { expiresAt: commit.expiresAt }),
    ...(commit.joins !== undefined && { joins: commit.joins }),
    ...(commit.leaves !== undefined && { leaves: commit.leaves }),
  };
  try {
    const [committed] = await env.store.commit(withCompanions(put, admitted, commit));
    return written(object, committed);
  } catch (error) {
    if (!isAmbiguous(error)) throw error;
    const item = await env.store.get(definition.type, key);
    if (item && (expect === 'any' || item.revision > expect) && sameState(decodeObject(item.value), object)) {
      object.metadata.resourceVersion = String(item.revision);
      return { object, bytes: item.value };
    }
    throw error;
  }
}

/** Deletes, with `object` as the last state that watchers see. */
export async function commitDelete(env: Environment, admitted: Admitted, commit: Commit): Promise<Outcome> {
  return await deleteWith(env, commit, (remove) => withCompanions(remove, admitted, commit));
}

/** For what cannot be read: there is nothing that a check could look at. */
export async function commitDeleteUnread(env: Environment, commit: Commit): Promise<Outcome> {
  return await deleteWith(env, commit, (remove) => [remove, ...(commit.companions ?? [])]);
}

async function deleteWith(env: Environment, commit: Commit, writes: (remove: Write) => Write[]): Promise<Outcome> {
  const { definition, key, object, expect, by } = commit;
  const remove: Write = {
    op: 'delete',
    type: definition.type,
    name: key,
    expect,
    value: encodeObject(object),
    by,
    ...(commit.leaves !== undefined && { leaves: commit.leaves }),
  };
  try {
    const [committed] = await env.store.commit(writes(remove));
    return written(object, committed);
  } catch (error) {
    if (!isAmbiguous(error)) throw error;
    const item = await env.store.get(definition.type, key);
    if (item && decodeObject(item.value).metadata.uid === object.metadata.uid) throw error;
    return { object, bytes: encodeWhole(object) };
  }
}

function withCompanions(write: Write, admitted: Admitted, { companions = [], by }: Commit): Write[] {
  if (admitted.dryRun) throw new Error('a dry run writes nothing');
  const others = [...admitted.companions, ...companions];
  return [write, ...others.map((each) => (each.op === 'check' || isOwnType(each.type) ? each : { ...each, by }))];
}

/** Whether a conflict is about the object itself, and not about a companion. */
export function isOwnConflict(error: unknown, definition: ResourceDefinition, key: string): boolean {
  if (!(error instanceof StoreError) || error.failure.code !== 'conflict') return false;
  const { type, name } = error.failure.data;
  return type === definition.type && name === key;
}

function written(object: KubeObject, committed: Committed | undefined): Outcome {
  if (!committed) throw new Error('a commit of one write answers with one result');
  object.metadata.resourceVersion = String(committed.revision);
  return { object, bytes: committed.value ?? encodeWhole(object) };
}

function sameState(stored: KubeObject, object: KubeObject): boolean {
  return deepEqual(
    { ...stored, metadata: { ...stored.metadata, resourceVersion: '' } },
    // What was stored went through JSON.
    parseJson(JSON.stringify({ ...object, metadata: { ...object.metadata, resourceVersion: '' } })),
  );
}
