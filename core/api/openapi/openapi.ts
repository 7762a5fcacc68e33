// OpenAPI v2 and v3 of everything served. Documents are made when they are asked for, in steps, and not kept: clients cache them by
// their hash, and together they are larger than all the rest of the control plane's memory. What they are made of is kept for a while.

import { runYielding, type Steps } from '../../machinery/steps.ts';
import type { Definitions, ResourceDefinition } from '../definition.ts';
import type { ComponentOptions } from './components.ts';
import { keyOfTexts, type Parts, partsOf, writeV2, writeV3 } from './documents.ts';
import { digest, documentHashes } from './hashes.ts';
import { keepTexts } from './kept-texts.ts';
import { encodeSwagger } from './swagger-protobuf.ts';

/** What clients ask for with `@v1.0` is answered with `.v1.0`: the first is not a media type that Go can parse. */
export const swaggerProtobuf = {
  accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
  contentType: 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
} as const;

export interface OpenApi {
  /** /openapi/v3: where the documents are, each with its hash; `others` are those of other servers, by path. JSON. */
  index(others?: Readonly<Record<string, string>>): Promise<string>;
  /** /openapi/v3/api/v1 and /openapi/v3/apis/GROUP/VERSION. undefined when it is not served. */
  v3(group: string, version: string): Promise<OpenApiDocument | undefined>;
  /** /openapi/v2, with the documents of other servers. */
  v2(others?: readonly unknown[]): Promise<OpenApiDocument & ProtobufDocument>;
}

export interface OpenApiDocument {
  /** For ETag and 304, known without making it. */
  readonly hash: string;
  json(): Promise<Uint8Array>;
}

export interface ProtobufDocument {
  /** In the form of `swaggerProtobuf`: the only one that kubectl up to 1.26 reads. */
  protobuf(): Promise<Uint8Array>;
}

export interface OpenApiOptions {
  /** Version of the server, such as `v1.36.0`. */
  readonly version: string;
}

/** What is served at one moment: hashes and documents of it agree, whatever changes while they are made. */
interface Served {
  readonly all: readonly ResourceDefinition[];
  readonly groups: ReadonlyMap<string, readonly ResourceDefinition[]>;
  readonly keys: readonly string[];
  /** Documents that are being made: who asks meanwhile shares them. */
  readonly making: Map<string, Promise<Uint8Array>>;
}

export function openApiOf(definitions: Definitions, { version }: OpenApiOptions): OpenApi {
  const kept = keepTexts();
  const hashes = documentHashes(version);
  let generation = -1;
  let served: Served | undefined;
  definitions.onGone((gone) => {
    served = undefined;
    const keys = new Set(gone.flatMap((each) => [keyOfTexts(2, each), keyOfTexts(3, each)]));
    kept.forget((key) => keys.has(key));
  });
  const current = (): Served => {
    if (served && generation === definitions.generation) return served;
    generation = definitions.generation;
    const all = definitions.all();
    // Of what was replaced or went while a document was made of it.
    const sources = new Set<unknown>(all);
    kept.forget((_, source) => typeof source === 'object' && !sources.has(source));
    const groups = Map.groupBy(all, (each) => keyOf(each.group, each.version));
    served = { all, groups, keys: [...groups.keys()].sort(), making: new Map() };
    return served;
  };
  const hashesOf = ({ groups }: Served, keys: readonly string[]) =>
    inSteps(hashes(keys.map((key) => groups.get(key) ?? [])));
  const partsFor = async (form: ComponentOptions['version'], some: readonly ResourceDefinition[]): Promise<Parts> =>
    inSteps(partsOf(some, { version: form, descriptions: await loadDescriptions(), kept }));
  const shared = ({ making }: Served, key: string, make: () => Promise<Uint8Array>) => {
    const begun = making.get(key) ?? make().finally(() => making.delete(key));
    making.set(key, begun);
    return begun;
  };
  const partsOfV2 = async (all: readonly ResourceDefinition[], others: readonly unknown[]) => {
    const own = await partsFor(2, all);
    if (others.length === 0) return own;
    const { mergingSwagger } = await import('./merge-swagger.ts');
    return inSteps(mergingSwagger(own, others));
  };
  return {
    async index(others = {}) {
      const now = current();
      const all = await hashesOf(now, now.keys);
      const entries: [string, { serverRelativeURL: string }][] = now.keys.map((key, index) => {
        return [key, { serverRelativeURL: `/openapi/v3/${key}?hash=${all[index]}` }];
      });
      for (const [key, serverRelativeURL] of Object.entries(others)) entries.push([key, { serverRelativeURL }]);
      return JSON.stringify({ paths: Object.fromEntries(entries) });
    },
    async v3(group, name) {
      const now = current();
      const key = keyOf(group, name);
      const some = now.groups.get(key);
      if (!some) return undefined;
      const [hash = ''] = await hashesOf(now, [key]);
      const json = () => shared(now, key, async () => inSteps(writeV3(await partsFor(3, some), version)));
      return { hash, json };
    },
    async v2(others = []) {
      const now = current();
      const own = digest((await hashesOf(now, now.keys)).join());
      const hash = others.length === 0 ? own : digest(own + JSON.stringify(others));
      return {
        hash,
        json: () => shared(now, `v2 ${hash}`, async () => inSteps(writeV2(await partsOfV2(now.all, others), version))),
        protobuf: () =>
          shared(now, `protobuf ${hash}`, async () => {
            const parts = await partsOfV2(now.all, others);
            try {
              return await inSteps(encodeSwagger(parts, version));
            } catch (error) {
              // What another server wrote must not cost clients our own document.
              if (others.length === 0) throw error;
              return inSteps(encodeSwagger(await partsOfV2(now.all, []), version));
            }
          }),
      };
    },
  };
}

/** Others have a turn of the thread in between. */
async function inSteps<T>(steps: Steps<T>): Promise<T> {
  return runYielding(steps, true);
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
