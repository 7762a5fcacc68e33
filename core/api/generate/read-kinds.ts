// The folders of core/kinds: what each built-in type declares, and which code stands beside its declaration.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fields } from '../fields.ts';
import type { Kind } from '../kind.ts';

/** Files of a kind's folder that export something of the same name: an index of each is generated. */
export const facets = ['strategy', 'columns', 'conversion', 'sample'] as const;

export interface KindFolder {
  readonly kind: Kind;
  /** From the project's folder, such as `core/kinds/apps/deployment`. */
  readonly folder: string;
  readonly files: ReadonlySet<string>;
  /** Of fields.ts. */
  readonly fields: Fields;
  /** Rows of published.txt: of a type that core/api/published does not have. */
  readonly published: string;
}

export async function readKinds(root: string): Promise<readonly KindFolder[]> {
  const found: KindFolder[] = [];
  for (const folder of kindFolders(root)) {
    const files = new Set(readdirSync(join(root, folder)));
    if (!files.has('kind.ts')) continue;
    // A file of the project's own, of the type that its declaration says.
    const { kind } = (await import(join(root, folder, 'kind.ts'))) as { kind: Kind };
    const { fields } = files.has('fields.ts')
      ? ((await import(join(root, folder, 'fields.ts'))) as { fields: Fields }) // as: as above
      : { fields: {} };
    const published = files.has('published.txt') ? readFileSync(join(root, folder, 'published.txt'), 'utf8') : '';
    found.push({ kind, folder, files, fields, published });
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

/** The API class of the client package that has a group version's paths: `apps` and `v1` -> `AppsV1`. */
export function apiOf(group: string, version: string): string {
  const words = group === '' ? ['core'] : group.replace(/\.k8s\.io$/, '').split('.');
  return [...words, version].map((word) => word[0]?.toUpperCase() + word.slice(1)).join('');
}

export function apisOf(kinds: readonly KindFolder[]): readonly string[] {
  return [...new Set(kinds.flatMap(({ kind }) => kind.versions.map((version) => apiOf(kind.group, version))))];
}
