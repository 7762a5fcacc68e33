// Reads core/api/published (its README explains the notation): what Kubernetes' own sources say of each message and field.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface PublishedField {
  /** In JSON; empty: the fields of the message stand in the outer one. */
  readonly name: string;
  /** In JSON even when it is empty. */
  readonly always: boolean;
  readonly pointer: boolean;
  readonly cardinality: 'one' | 'list' | 'map';
  /** `string`, `quantity`, ..., or a message: `PodSpec`, `core.PodSpec`. */
  readonly type: string;
  /** `set`, `keys=a,b`, `patch=merge:name`, `atomic`, `granular`, `omitzero`. */
  readonly notes: readonly string[];
  /** As a row of protobuf has it. */
  readonly text: string;
}

export interface PublishedMessage {
  /** `apps-v1`: where its types without a place of their own are. */
  readonly home: string;
  readonly name: string;
  /** Server-side apply replaces it whole. */
  readonly atomic: boolean;
  readonly fields: readonly PublishedField[];
}

export class Published {
  readonly #folder: string;
  readonly #own: ReadonlyMap<string, string>;
  readonly #homes = new Map<string, ReadonlyMap<string, PublishedMessage>>();

  /** `own`: rows of kinds that no published source has, by home. */
  constructor(folder: string, own: ReadonlyMap<string, string>) {
    this.#folder = folder;
    this.#own = own;
  }

  find(home: string, name: string): PublishedMessage | undefined {
    return this.messages(home).get(name);
  }

  messages(home: string): ReadonlyMap<string, PublishedMessage> {
    const known = this.#homes.get(home);
    if (known) return known;
    const file = join(this.#folder, `${home}.txt`);
    const text = `${existsSync(file) ? readFileSync(file, 'utf8') : ''}\n${this.#own.get(home) ?? ''}`;
    const rows = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const read = new Map(rows.map((row) => readMessage(row, home)).map((each) => [each.name, each]));
    this.#homes.set(home, read);
    return read;
  }

  /** All fields as JSON has them: those of embedded messages stand in the outer one. */
  fieldsInJson(message: PublishedMessage): readonly (PublishedField & { readonly home: string })[] {
    return message.fields.flatMap((field) => {
      if (field.name !== '') return [{ ...field, home: message.home }];
      const inner = this.find(...placeOf(field.type, message.home));
      if (!inner) throw new Error(`${message.name} embeds ${field.type}, which is not published`);
      return this.fieldsInJson(inner);
    });
  }
}

/** `core.PodSpec`, named in `apps-v1` -> core-v1, PodSpec. */
export function placeOf(type: string, home: string): [home: string, name: string] {
  const at = type.lastIndexOf('.');
  if (at < 0) return [home, type];
  const place = type.slice(0, at);
  return [place.includes('-') ? place : `${place}-v1`, type.slice(at + 1)];
}

export function isMessage(type: string): boolean {
  return /(?:^|\.)[A-Z]/.test(type);
}

const pattern = /^([\w$-]*)(!?)=(\d+):(\*?)(\[\]|\{\})?([\w.-]+)$/;

function readMessage(row: string, home: string): PublishedMessage {
  const [head = '', ...texts] = row.split(' ').filter((each) => each !== '');
  const [name = '', ...flags] = head.split('|');
  const fields = texts.map((each): PublishedField => {
    const [text = '', ...notes] = each.split('|');
    const match = pattern.exec(text);
    if (!match) throw new Error(`${home}: ${name} has ${text}, which is no field`);
    const [, field = '', always, , pointer, cardinality, type = ''] = match;
    return {
      name: field,
      always: always === '!',
      pointer: pointer === '*',
      cardinality: cardinality === '[]' ? 'list' : cardinality === '{}' ? 'map' : 'one',
      type,
      notes,
      text,
    };
  });
  return { home, name, atomic: flags.includes('atomic'), fields };
}
