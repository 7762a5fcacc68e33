// Between the version that a request speaks and the version that is stored.

import type { ResourceDefinition } from '../api/definition.ts';
import type { ReadEnvironment } from '../kinds/environment.ts';
import type { KubeObject } from '../machinery/object.ts';
import { prune } from '../machinery/structure/prune.ts';
import type { Entry } from '../replica/replica.ts';
import { encodeWhole } from '../store/encode-object.ts';
import type { Outcome } from './registry.ts';
import { apiVersionOf } from './target.ts';

type Served = Pick<ReadEnvironment, 'definitions'>;

/** The definition that the stored objects of this one's type have. */
export function storedDefinition(env: Served, definition: ResourceDefinition): ResourceDefinition {
  return env.definitions.ofType(definition.type) ?? definition;
}

/** Whether requests of this definition see stored objects as they are. */
function isStored(env: Served, definition: ResourceDefinition): boolean {
  const stored = storedDefinition(env, definition);
  return stored === definition || (stored.version === definition.version && stored.group === definition.group);
}

/** Whether stored objects may go out as they are: written in this version, under a schema whose defaults they have. */
export function isServedAsStored(env: Served, definition: ResourceDefinition): boolean {
  return !definition.revise && isStored(env, definition);
}

/** The stored form of an object of the requested version. May share parts with `object`. */
export function toStored(
  env: ReadEnvironment,
  definition: ResourceDefinition,
  object: KubeObject,
): KubeObject | Promise<KubeObject> {
  if (isStored(env, definition)) return object;
  const stored = storedDefinition(env, definition);
  if (!definition.convert) return { ...object, apiVersion: apiVersionOf(stored) };
  const converted = definition.convert.toStorage(object);
  // Versions of built-in types differ in what they always write.
  if (!definition.customResource && !(converted instanceof Promise)) prune(stored.schema, converted);
  return converted;
}

/** The requested version of a stored object. May share parts with `object`. */
export function fromStored(
  env: ReadEnvironment,
  definition: ResourceDefinition,
  object: KubeObject,
): KubeObject | Promise<KubeObject> {
  if (definition.revise) return definition.revise(object);
  if (isStored(env, definition)) return object;
  if (definition.convert) return definition.convert.fromStorage(object);
  return { ...object, apiVersion: apiVersionOf(definition) };
}

export async function present<O extends Outcome>(
  env: ReadEnvironment,
  definition: ResourceDefinition,
  outcome: O,
): Promise<O> {
  if (isServedAsStored(env, definition)) return outcome;
  const object = await fromStored(env, definition, outcome.object);
  return object === outcome.object ? outcome : { ...outcome, object, bytes: encodeWhole(object) };
}

/** Converts entries of a replica, each once per version. */
export function convertedEntry(
  env: ReadEnvironment,
  definition: ResourceDefinition,
  entry: Entry,
): Entry | Promise<Entry> {
  let converted = convertedEntries.get(definition);
  if (!converted) {
    converted = new WeakMap();
    convertedEntries.set(definition, converted);
  }
  let result = converted.get(entry);
  if (!result) {
    // Entries of a replica hold what the registry stored.
    const object = fromStored(env, definition, entry.object as KubeObject);
    result = object instanceof Promise ? object.then((each) => entryOf(entry, each)) : entryOf(entry, object);
    converted.set(entry, result);
    // A webhook that failed may answer next time.
    if (result instanceof Promise) result.catch(() => converted.delete(entry));
  }
  return result;
}

function entryOf(entry: Entry, object: KubeObject): Entry {
  if (object === entry.object) return entry;
  return { name: entry.name, revision: entry.revision, object, bytes: encodeWhole(object) };
}

const convertedEntries = new WeakMap<ResourceDefinition, WeakMap<Entry, Entry | Promise<Entry>>>();
