// Which form of the answer a client accepts: encoding, and whether it wants the object, a Table, or only its metadata.
// Source: RFC 9110 (12.5.1), API concepts "Alternate representations of resources".

import { setOwn } from '../../../core/machinery/own.ts';
import { StatusError } from '../../../core/machinery/status.ts';
import type { RoutedRequest } from '../http.ts';
import type { Query } from '../query.ts';

export type Transform = 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';

export interface MediaTypeOptions {
  readonly encoding: 'json' | 'yaml' | 'protobuf' | 'cbor';
  readonly transform?: Transform;
  /** The version of meta.k8s.io that a transform is asked in. */
  readonly transformVersion?: 'v1' | 'v1beta1';
  /** Indented JSON. */
  readonly pretty: boolean;
  /** With protobuf: what the client takes next, for kinds that have no protobuf form. */
  readonly fallback?: MediaTypeOptions;
}

/** What nobody has asked for otherwise. */
export const plainJson: MediaTypeOptions = { encoding: 'json', pretty: false };

export const mediaTypes = {
  json: 'application/json',
  yaml: 'application/yaml',
  protobuf: 'application/vnd.kubernetes.protobuf',
  cbor: 'application/cbor',
} as const;

/** Encoded from values: what is stored is JSON. */
export function isBinary({ encoding }: MediaTypeOptions): boolean {
  return encoding === 'protobuf' || encoding === 'cbor';
}

export const prettyJson: MediaTypeOptions = { encoding: 'json', pretty: true };

// Clients send a handful of different Accept headers, millions of times.
const known = new Map<string, MediaTypeOptions>();
const maxKnown = 256;

/** Throws NotAcceptable when no media type that the client names can be served. */
export function negotiate(request: RoutedRequest, query: Query): MediaTypeOptions {
  const accept = request.headers['accept'];
  let mediaType: MediaTypeOptions = plainJson;
  if (accept !== undefined && accept !== '' && accept !== 'application/json' && accept !== '*/*') {
    const found = known.get(accept);
    mediaType = found ?? parseAccept(accept);
    if (!found && known.size < maxKnown) known.set(accept, mediaType);
  }
  if (!wantsPretty(request, query)) return mediaType;
  return mediaType === plainJson ? prettyJson : { ...mediaType, pretty: true };
}

/** Source: Kubernetes reads this parameter with strconv.ParseBool: what is no boolean is false, and nothing is not there. */
export function asksPretty(query: Query): boolean | undefined {
  const asked = query.text('pretty');
  return asked ? /^(1|[tT]|true|TRUE|True)$/.test(asked) : undefined;
}

function wantsPretty(request: RoutedRequest, query: Query): boolean {
  const asked = asksPretty(query);
  if (asked !== undefined) return asked;
  // As Kubernetes does for people who read what they fetch.
  const agent = request.headers['user-agent'];
  return agent !== undefined && /^(curl|Wget|Mozilla\/5\.0)/.test(agent);
}

interface Clause {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly quality: number;
}

function parseAccept(accept: string): MediaTypeOptions {
  const clauses = accept
    .split(',')
    .map(parseClause)
    .filter((clause) => clause.quality > 0)
    // Stable: clauses of the same quality keep the client's order.
    .sort((a, b) => b.quality - a.quality);
  let chosen: MediaTypeOptions | undefined;
  for (const clause of clauses) {
    const mediaType = mediaTypeOf(clause);
    if (!mediaType) continue;
    if (chosen) {
      if (mediaType.encoding !== 'protobuf') return { ...chosen, fallback: mediaType };
    } else if (mediaType.encoding === 'protobuf') chosen = mediaType;
    else return mediaType;
  }
  if (chosen) return chosen;
  throw new StatusError(
    'NotAcceptable',
    `only the following media types are accepted: ${Object.values(mediaTypes).join(', ')}`,
  );
}

function parseClause(text: string): Clause {
  const [type = '', ...rest] = text.split(';').map((each) => each.trim());
  const parameters: Record<string, string> = {};
  for (const each of rest) {
    const at = each.indexOf('=');
    if (at > 0) setOwn(parameters, each.slice(0, at).trim(), each.slice(at + 1).trim());
  }
  const quality = parameters['q'] === undefined ? 1 : Number(parameters['q']);
  return { type: type.toLowerCase(), parameters, quality: Number.isFinite(quality) ? quality : 0 };
}

function mediaTypeOf({ type, parameters }: Clause): MediaTypeOptions | undefined {
  let encoding: MediaTypeOptions['encoding'];
  if (type === 'application/json' || type === '*/*' || type === 'application/*' || type === '') encoding = 'json';
  else if (type === 'application/yaml') encoding = 'yaml';
  else if (type === mediaTypes.protobuf) encoding = 'protobuf';
  // What a watch answers with; who asks for one item gets that.
  else if (type === mediaTypes.cbor || type === 'application/cbor-seq') encoding = 'cbor';
  else return undefined;
  const pretty = parameters['pretty'] === '1' || parameters['pretty'] === 'true';
  const as = parameters['as'];
  if (as === undefined) return { encoding, pretty };
  const version = parameters['v'];
  if (parameters['g'] !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) return undefined;
  if (as !== 'Table' && as !== 'PartialObjectMetadata' && as !== 'PartialObjectMetadataList') return undefined;
  // A Table's cells are of any type, which protobuf has no form for; the metadata of v1beta1 had other field numbers.
  if (encoding === 'protobuf' && (as === 'Table' || version !== 'v1')) return undefined;
  return { encoding, transform: as, transformVersion: version, pretty };
}
