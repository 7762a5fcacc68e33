// The files of an object's data: all of it, or what `items` pick.

import type { V1KeyToPath } from '../../generated/kubernetes.ts';
import { VolumeError } from './volume-error.ts';
import type { VolumeFiles } from './volume-type.ts';

export interface Picking {
  readonly items: readonly V1KeyToPath[] | undefined;
  readonly optional: boolean | undefined;
  readonly mode: number;
}

/** `data`: nothing where there is no such object. `what` as in `secret "a"`. */
export function pickedFiles(
  data: ReadonlyMap<string, Buffer> | undefined,
  { items, optional, mode }: Picking,
  what: string,
): VolumeFiles {
  if (!data) {
    if (!optional) throw new VolumeError(`${what} not found`);
    return new Map();
  }
  if (!items?.length) return new Map([...data].map(([key, content]) => [key, { content, mode }]));
  const files: VolumeFiles = new Map();
  for (const { key, path, mode: own } of items) {
    const content = data.get(key);
    if (content) files.set(path, { content, mode: own ?? mode });
    else if (!optional) throw new VolumeError(`references non-existent key "${key}" of ${what}`);
  }
  return files;
}
