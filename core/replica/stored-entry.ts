// One object at one revision, parsed when somebody first looks at it.

import { parseJson } from '../machinery/json.ts';
import type { Entry } from './replica.ts';

export class StoredEntry implements Entry {
  readonly name: string;
  readonly revision: number;
  readonly bytes: Uint8Array;
  #object: unknown;

  constructor(name: string, revision: number, bytes: Uint8Array) {
    this.name = name;
    this.revision = revision;
    this.bytes = bytes;
  }

  get object(): unknown {
    this.#object ??= parseJson(textOf(this.bytes));
    return this.#object;
  }

  /** Gives up the parsed form, which takes several times the bytes. It is made again when somebody asks. */
  forgetObject(): void {
    this.#object = undefined;
  }

  /**
   * The same state as the event at `revision` left it: what a watcher gets as DELETED when the object stops matching its filter
   * carries the old state under the new resourceVersion, as in Kubernetes.
   */
  at(revision: number): StoredEntry {
    const { object } = this;
    if (!isRecord(object) || !isRecord(object['metadata'])) return new StoredEntry(this.name, revision, this.bytes);
    const metadata = { ...object['metadata'], resourceVersion: String(revision) };
    const bytes = Buffer.from(JSON.stringify({ ...object, metadata }));
    return new StoredEntry(this.name, revision, bytes);
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
