// One index a facet of core/kinds: a function that imports one loads nothing of the others.

import { typeOf } from '../type-of.ts';
import type { facets, KindFolder } from './read-kinds.ts';
import type { ResourceRow } from './resources.ts';

type Facet = (typeof facets)[number];

const indexes: Readonly<Record<Facet, { readonly name: string; readonly type: string; readonly from: string }>> = {
  strategy: { name: 'strategies', type: 'Strategy', from: '../core/kinds/strategy.ts' },
  columns: { name: 'columns', type: 'readonly Column[]', from: '../core/api/definition.ts' },
  conversion: { name: 'conversions', type: 'Conversion', from: '../core/api/definition.ts' },
  sample: { name: 'samples', type: 'Sample', from: '../core/api/sample.ts' },
};

/** A kind's folder with the plural name that its paths have. */
export type NamedFolder = KindFolder & { readonly resource: string };

export function nameFolders(kinds: readonly KindFolder[], rows: readonly ResourceRow[]): readonly NamedFolder[] {
  return kinds.map((each) => {
    const row = rows.find(({ group, kind }) => group === each.kind.group && kind === each.kind.kind);
    if (!row) throw new Error(`${each.folder} has no row`);
    return { ...each, resource: row.resource };
  });
}

/** A module with what each kind has of the facet, by `group/resource`. */
export function indexOf(facet: Facet, folders: readonly NamedFolder[]): { file: string; text: string } {
  const { name, type, from } = indexes[facet];
  const having = folders.filter(({ files }) => files.has(`${facet}.ts`));
  const imports = having.map(
    ({ folder }, at) => `import { ${facet} as ${facet}${at} } from '../${folder}/${facet}.ts';`,
  );
  const rows = having.map(({ kind, resource }, at) => `  ['${typeOf(kind.group, resource)}', ${facet}${at}],`);
  const typeName = /\w+(?=(?:\[\])?$)/.exec(type)?.[0];
  return {
    file: `${name}.ts`,
    text: `import type { ${typeName} } from '${from}';
${imports.join('\n')}

export const ${name}: ReadonlyMap<string, ${type}> = new Map([
${rows.join('\n')}
]);
`,
  };
}

/** From `group/resource` of what is stored to its TypeScript type. */
export function typeMap(folders: readonly NamedFolder[], rows: readonly ResourceRow[]): string {
  const stored = folders.flatMap(({ kind, resource }) => {
    if (kind.storage?.type) return [];
    const version = kind.storage?.version ?? kind.versions[0];
    const row = rows.find((each) => each.group === kind.group && each.kind === kind.kind && each.version === version);
    if (!row || !(kind.verbs ?? row.verbs).includes('watch')) return [];
    return [{ key: typeOf(kind.group, resource), model: row.model }];
  });
  return `import type {
${stored.map(({ model }) => `  ${model},`).join('\n')}
} from './kubernetes.ts';

/** What is stored under each type's name. */
export interface TypeMap {
${stored.map(({ key, model }) => `  '${key}': ${model};`).join('\n')}
}
`;
}
