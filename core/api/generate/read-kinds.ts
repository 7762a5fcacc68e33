// The folders of core/kinds: what each built-in type declares, and which code stands beside its declaration.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Kind } from '../kind.ts';

/** Files of a kind's folder that export something of the same name: an index of each is generated. */
export const facets = ['strategy', 'columns', 'conversion'] as const;

export interface KindFolder {
  readonly kind: Kind;
  /** From the project's folder, such as `core/kinds/apps/deployment`. */
  readonly folder: string;
  readonly files: ReadonlySet<string>;
}

export async function readKinds(root: string): Promise<readonly KindFolder[]> {
  const found: KindFolder[] = [];
  for (const folder of kindFolders(root)) {
    const files = new Set(readdirSync(join(root, folder)));
    if (!files.has('kind.ts')) continue;
    // A file of the project's own, of the type that its declaration says.
    const { kind } = (await import(join(root, folder, 'kind.ts'))) as { kind: Kind };
    found.push({ kind, folder, files });
  }
  return found;
}

export function kindFolders(root: string): readonly string[] {
  const below = (folder: string) =>
    readdirSync(join(root, folder), { withFileTypes: true })
      .filter((each) => each.isDirectory())
      .map(({ name }) => `${folder}/${name}`)
      .sort();
  return below('core/kinds').flatMap(below);
}

/** The API classes of the client package that have the kinds' paths: `apps` and `v1` -> `AppsV1`. */
export function apisOf(kinds: readonly KindFolder[]): readonly string[] {
  const classes = kinds.flatMap(({ kind: { group, versions } }) => {
    const words = group === '' ? ['core'] : group.replace(/\.k8s\.io$/, '').split('.');
    return versions.map((version) =>
      [...words, version].map((word) => word[0]?.toUpperCase() + word.slice(1)).join(''),
    );
  });
  return [...new Set(classes)];
}
