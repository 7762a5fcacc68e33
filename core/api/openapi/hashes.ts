// Hashes of OpenAPI documents, for ETags and 304, without making the documents.

import { createHash } from 'node:crypto';
import type { Steps } from '../../machinery/steps.ts';
import type { ResourceDefinition } from '../definition.ts';
import { fingerprintOfModels } from '../models.ts';
import { pace } from './document-text.ts';
import { customPatchTypes } from './documents.ts';

/** One hash for each list of definitions. `version`: of the server. A change of one definition hashes that one alone. */
export function documentHashes(
  version: string,
): (all: readonly (readonly ResourceDefinition[])[]) => Steps<readonly string[]> {
  const known = new WeakMap<ResourceDefinition, string>();
  return function* (all) {
    const isTurn = pace();
    const hashes: string[] = [];
    for (const definitions of all) {
      for (const each of definitions) {
        if (known.has(each)) continue;
        const text = JSON.stringify(whatChangesIt(each));
        known.set(each, digest(text));
        if (isTurn(text.length)) yield;
      }
      hashes.push(digest(JSON.stringify([version, edition, fingerprint, definitions.map((each) => known.get(each))])));
    }
    return hashes;
  };
}

/** Built-in schemas change with the version and our tables alone. A custom resource's may change at any time. */
function whatChangesIt({ resource, kind, verbs, schema, subresources, customResource }: ResourceDefinition): unknown {
  return [resource, kind, verbs, subresources, customResource ? [schema, customPatchTypes] : schema.model];
}

/** Rises when the same definitions and models are published in other words: clients keep a document by its hash. */
const edition = 2;

const fingerprint = fingerprintOfModels();

export function digest(text: string): string {
  return createHash('sha512').update(text).digest('hex').toUpperCase();
}
