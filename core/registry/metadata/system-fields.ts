// The fields of metadata that the server sets, and those that a request may not.

import type { Environment } from '../../kinds/environment.ts';
import type { KubeObject, ObjectMeta } from '../../machinery/object.ts';
import { formatTime } from '../../machinery/time.ts';

export function fillOnCreate(env: Environment, object: KubeObject, generation: boolean): void {
  const meta = object.metadata;
  meta.uid = env.random.uuid();
  meta.creationTimestamp = formatTime(env.clock());
  delete meta.deletionTimestamp;
  delete meta.deletionGracePeriodSeconds;
  delete meta.selfLink;
  delete meta.resourceVersion;
  if (generation) meta.generation = 1;
  else delete meta.generation;
}

/** What an update inherits where the request is silent, and what it may never set. */
export function inheritOnUpdate(object: KubeObject, old: KubeObject): void {
  const meta = object.metadata;
  meta.uid ||= old.metadata.uid ?? '';
  meta.creationTimestamp ??= old.metadata.creationTimestamp ?? '';
  meta.name ??= old.metadata.name ?? '';
  inherit(meta, old.metadata, 'namespace');
  inherit(meta, old.metadata, 'deletionTimestamp');
  inherit(meta, old.metadata, 'deletionGracePeriodSeconds');
  delete meta.selfLink;
  delete meta.generation;
  if (old.metadata.generation !== undefined) meta.generation = old.metadata.generation;
}

function inherit<K extends keyof ObjectMeta>(meta: ObjectMeta, old: ObjectMeta, field: K): void {
  if (meta[field] === undefined && old[field] !== undefined) meta[field] = old[field];
}
