// Go's declarations of Kubernetes' types, as far as they say how a field is written: its JSON name and tags, its type, and markers.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface GoField {
  readonly goName: string;
  /** In JSON. */
  readonly name: string;
  readonly type: string;
  /** Its fields stand in the outer object. */
  readonly embedded: boolean;
  /** `omitempty`, `omitzero`. */
  readonly options: readonly string[];
  readonly tags: ReadonlyMap<string, string>;
  /** Of its comment: `+listType=map` -> listType, map. */
  readonly markers: ReadonlyMap<string, readonly string[]>;
}

interface Struct {
  readonly fields: readonly GoField[];
  readonly markers: ReadonlyMap<string, readonly string[]>;
}

export class GoTypes {
  readonly #root: string;
  readonly #packages = new Map<string, ReadonlyMap<string, Struct>>();

  constructor(root: string) {
    this.#root = root;
  }

  has(folder: string, name: string): boolean {
    return this.#package(folder).has(name);
  }

  struct(folder: string, name: string): Struct {
    const found = this.#package(folder).get(name);
    if (!found) throw new Error(`${folder} has no struct ${name}`);
    return found;
  }

  #package(folder: string): ReadonlyMap<string, Struct> {
    const known = this.#packages.get(folder);
    if (known) return known;
    const structs = new Map<string, Struct>();
    this.#packages.set(folder, structs);
    for (const file of readdirSync(join(this.#root, folder)))
      if (file.endsWith('.go') && !/_test\.go$|^generated|^zz_|_swagger_/.test(file))
        readStructs(readFileSync(join(this.#root, folder, file), 'utf8'), structs);
    return structs;
  }
}

function readStructs(source: string, structs: Map<string, Struct>): void {
  for (const [, comment = '', name = '', body = ''] of source.matchAll(
    /((?:^\/\/.*\n|^\n)*)^type (\w+) struct ?\{(?:\}|\n([\s\S]*?)^\})/gm,
  ))
    structs.set(name, { fields: readFields(body), markers: markersOf(comment) });
}

function readFields(body: string): GoField[] {
  const fields: GoField[] = [];
  let comment = '';
  for (const line of body.split('\n')) {
    if (/^\s*\/\//.test(line)) {
      comment += `${line}\n`;
      continue;
    }
    const [, goName, type = '', tagText = ''] = /^\t(?:(\w+)\s+)?([*\w.[\]]+)\s+`([^`]*)`/.exec(line) ?? [];
    if (type !== '') {
      const tags = new Map([...tagText.matchAll(/(\w+):"([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]));
      const [name = '', ...options] = (tags.get('json') ?? '-').split(',');
      const last = type.split('.').at(-1)?.replace(/^\*/, '') ?? '';
      if (name !== '-' && last !== 'TypeMeta')
        fields.push({
          goName: goName ?? last,
          name,
          type,
          embedded: options.includes('inline') || name === '',
          options,
          tags,
          markers: markersOf(comment),
        });
    }
    if (line.trim() !== '') comment = '';
  }
  return fields;
}

function markersOf(comment: string): ReadonlyMap<string, readonly string[]> {
  const found = [...comment.matchAll(/^\s*\/\/\s*\+(\w+)=(\S+)/gm)].map(
    ([, name = '', value = '']) => [name, value] as const,
  );
  return new Map([...Map.groupBy(found, ([name]) => name)].map(([name, all]) => [name, all.map(([, value]) => value)]));
}
