// OpenAPI v2 and v3 of everything served. Documents are made when they are asked for and not kept: clients cache them by
// their hash, and together they are larger than all the rest of the control plane's memory.

import { createHash } from 'node:crypto';
import type { Definitions, ResourceDefinition } from '../definition.ts';
import { fingerprintOfModels } from '../models.ts';
import type { ComponentOptions } from './components.ts';
import { customPatchTypes, toV2, toV3 } from './documents.ts';
import { encodeSwagger } from './swagger-protobuf.ts';

/** What clients ask for with `@v1.0` is answered with `.v1.0`: the first is not a media type that Go can parse. */
export const swaggerProtobuf = {
  accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
  contentType: 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
} as const;

export interface OpenApi {
  /** /openapi/v3: where the documents are, each with its hash; `others` are those of other servers, by path. JSON. */
  index(others?: Readonly<Record<string, string>>): string;
  /** The hash of one group version's document, for ETag and 304, without making it. undefined when it is not served. */
  hash(group: string, version: string): string | undefined;
  /** /openapi/v3/api/v1 and /openapi/v3/apis/GROUP/VERSION. JSON. */
  v3(group: string, version: string): Promise<string | undefined>;
  /** The hash of the v2 document. */
  hashOfV2(): string;
  /** /openapi/v2, with the documents of other servers. JSON. */
  v2(others?: readonly unknown[]): Promise<string>;
  /** /openapi/v2 in the form of `swaggerProtobuf`: the only one that kubectl up to 1.26 reads. */
  v2Protobuf(others?: readonly unknown[]): Promise<Uint8Array>;
}

export interface OpenApiOptions {
  /** Version of the server, such as `v1.36.0`. */
  readonly version: string;
}

export function openApiOf(definitions: Definitions, { version }: OpenApiOptions): OpenApi {
  let generation = -1;
  let groups = new Map<string, readonly ResourceDefinition[]>();
  const hashes = new Map<string, string>();
  definitions.onGone(() => {
    generation = -1;
    groups = new Map();
    hashes.clear();
  });
  const current = () => {
    if (generation !== definitions.generation) {
      generation = definitions.generation;
      groups = Map.groupBy(definitions.all(), (each) => keyOf(each.group, each.version));
      hashes.clear();
    }
    return groups;
  };
  const hash = (key: string): string | undefined => {
    const served = current().get(key);
    if (!served) return undefined;
    const known = hashes.get(key) ?? hashOf(version, served);
    hashes.set(key, known);
    return known;
  };
  const swagger = async (others: readonly unknown[] = []) => {
    const own = toV2(definitions.all(), version, (await loadDescriptions()) ?? {});
    return others.length === 0 ? own : (await import('./merge-swagger.ts')).mergeSwagger(own, others);
  };
  return {
    index: (others = {}) => {
      const entries: [string, { serverRelativeURL: string }][] = [...current().keys()].sort().map((key) => {
        return [key, { serverRelativeURL: `/openapi/v3/${key}?hash=${hash(key)}` }];
      });
      for (const [key, serverRelativeURL] of Object.entries(others)) entries.push([key, { serverRelativeURL }]);
      return JSON.stringify({ paths: Object.fromEntries(entries) });
    },
    hash: (group, name) => hash(keyOf(group, name)),
    v3: async (group, name) => {
      const served = current().get(keyOf(group, name));
      return served && JSON.stringify(toV3(served, version, await loadDescriptions()));
    },
    hashOfV2: () => digest([...current().keys()].sort().map(hash).join()),
    v2: async (others) => JSON.stringify(await swagger(others)),
    v2Protobuf: async (others) => {
      const merged = await swagger(others);
      try {
        return encodeSwagger(merged);
      } catch (error) {
        // What another server wrote must not cost clients our own document.
        if (!others?.length) throw error;
        return encodeSwagger(await swagger());
      }
    },
  };
}

function keyOf(group: string, version: string): string {
  return group ? `apis/${group}/${version}` : `api/${version}`;
}

/** Loaded when the first document is asked for: most processes never need the texts. */
async function loadDescriptions(): Promise<ComponentOptions['descriptions']> {
  const module = await import('../../../generated/descriptions.json', { with: { type: 'json' } });
  // The compiler infers a type of its own for each of hundreds of rows; the generator writes them all in one shape.
  return module.default as unknown as ComponentOptions['descriptions'];
}

/** Built-in schemas change with the version and our tables alone. A custom resource's may change at any time. */
function hashOf(version: string, served: readonly ResourceDefinition[]): string {
  const parts = served.map(({ resource, kind, verbs, schema, subresources, customResource }) => {
    return [resource, kind, verbs, subresources, customResource ? [schema, customPatchTypes] : schema.model];
  });
  return digest(JSON.stringify([version, fingerprint, parts]));
}

const fingerprint = fingerprintOfModels();

function digest(text: string): string {
  return createHash('sha512').update(text).digest('hex').toUpperCase();
}
