// One index a facet of core/kinds: a function that imports one loads nothing of the others.

import { typeOf } from '../type-of.ts';
import type { facets, KindFolder } from './read-kinds.ts';
import type { ResourceRow } from './resources.ts';

type Facet = (typeof facets)[number];

interface Index {
  readonly name: string;
  readonly type: string;
  readonly from: string;
  /** What a group has is loaded when it is asked for: most functions need few, and all of them are much. */
  readonly byGroup?: true;
}

const indexes: Readonly<Record<Facet, Index>> = {
  strategy: { name: 'strategies', type: 'Strategy', from: '../core/kinds/strategy.ts', byGroup: true },
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

export interface GeneratedFile {
  readonly file: string;
  readonly text: string;
}

/** Modules with what each kind has of the facet, by `group/resource`: one, or one a group and one that loads them. */
export function indexOf(facet: Facet, folders: readonly NamedFolder[]): readonly GeneratedFile[] {
  const { name, byGroup, ...type } = indexes[facet];
  const having = folders.filter(({ files }) => files.has(`${facet}.ts`));
  if (!byGroup) return [{ file: `${name}.ts`, text: indexText(facet, name, type, having) }];
  const groups = Map.groupBy(having, ({ kind }) => kind.group);
  const fileOf = (group: string) => `${name}-${group === '' ? 'core' : group}.ts`;
  const rows = [...groups.keys()].map(
    (group) => `  ['${group}', async () => (await import('./${fileOf(group)}')).${name}],`,
  );
  const loaders = `${importOf(type)}
/** By group. */
export const ${name}: ReadonlyMap<string, () => Promise<ReadonlyMap<string, ${type.type}>>> = new Map([
${rows.join('\n')}
]);
`;
  return [
    { file: `${name}.ts`, text: loaders },
    ...[...groups].map(([group, members]) => ({ file: fileOf(group), text: indexText(facet, name, type, members) })),
  ];
}

type TypeImport = Pick<Index, 'type' | 'from'>;

function importOf({ type, from }: TypeImport): string {
  return `import type { ${/\w+(?=(?:\[\])?$)/.exec(type)?.[0]} } from '${from}';\n`;
}

function indexText(facet: Facet, name: string, type: TypeImport, members: readonly NamedFolder[]): string {
  const imports = members.map(
    ({ folder }, at) => `import { ${facet} as ${facet}${at} } from '../${folder}/${facet}.ts';`,
  );
  const rows = members.map(({ kind, resource }, at) => `  ['${typeOf(kind.group, resource)}', ${facet}${at}],`);
  return `${importOf(type)}${imports.join('\n')}

export const ${name}: ReadonlyMap<string, ${type.type}> = new Map([
${rows.join('\n')}
]);
`;
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
