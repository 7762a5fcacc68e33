// Names of children. A pod's suffix is a function of its owner and a slot, the lowest slot whose name is free: two
// controllers at work on the same owner pick the same names, and the second create of a pod fails instead of doubling it (D4).

import { createHash } from 'node:crypto';
import type { Snapshot } from './controller.ts';

/** No vowels and nothing that looks like one, so that no words come out; as Kubernetes' rand.String. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** A label-safe suffix of `length` characters that is a function of `seed`. */
export function suffixOf(seed: string, length = 5): string {
  const digest = createHash('sha256').update(seed).digest();
  let suffix = '';
  for (let i = 0; i < length; i++) suffix += alphabet[digest.readUInt16BE(2 * i) % alphabet.length];
  return suffix;
}

/** `count` free pod names of the form `prefix-suffix`. */
export function podNames(
  snapshot: Snapshot<'pods'>,
  namespace: string,
  prefix: string,
  ownerUid: string,
  count: number,
): string[] {
  const stem = prefix.slice(0, 63 - 6);
  const names: string[] = [];
  for (let slot = 0; names.length < count; slot++) {
    const name = `${stem}-${suffixOf(`${ownerUid}/${slot}`)}`;
    const taken =
      snapshot.get('pods', namespace, name) || snapshot.recentlyDeleted(namespace, name) || names.includes(name);
    if (!taken) names.push(name);
  }
  return names;
}

/** The `pod-template-hash` of a template: ten characters or fewer, stable over the order of fields. */
export function templateHash(template: unknown, collisionCount = 0): string {
  const text = canonical(template) + (collisionCount ? `#${collisionCount}` : '');
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return [...String(hash >>> 0)].map((digit) => alphabet[digit.charCodeAt(0) % alphabet.length]).join('');
}

/** JSON with sorted keys and without fields that are undefined or null. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value && typeof value === 'object') {
    const fields = Object.entries(value)
      .filter(([, each]) => each !== undefined && each !== null)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`);
    return `{${fields.join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}
