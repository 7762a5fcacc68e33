// What is looked at first of a body: whose object it is. The one place, for objects, patches' results, and bodies of subresources alike.

import { badRequest, type StatusError } from '../../machinery/status.ts';
import { apiVersionOf } from '../target.ts';
import { metadataError } from './metadata-error.ts';
import { cannotHandle, type KindSchema } from './prune-default-validate.ts';

type Typed = Pick<KindSchema, 'group' | 'version' | 'kind'>;

/**
 * `apiVersion` and `kind` are those that its path takes, or absent: then they are set. Its metadata can be read; where it has none, it gets
 * some that say nothing. Throws BadRequest, or what `unreadable` makes of the reason.
 */
export function demandBody(
  expected: Typed,
  object: { apiVersion?: string; kind?: string; metadata?: unknown },
  unreadable: (why: string) => StatusError = (why) => badRequest(`${cannotHandle(expected)}: ${why}`),
): void {
  demandKind(expected, object);
  const why = metadataError(expected.kind, object.metadata);
  if (why !== undefined) throw unreadable(why);
  // Null is what is absent, to Go.
  object.metadata ??= {};
}

function demandKind(expected: Typed, object: { apiVersion?: string; kind?: string }): void {
  const apiVersion = apiVersionOf(expected);
  if (object.apiVersion && object.apiVersion !== apiVersion)
    throw badRequest(
      `the API version in the data (${object.apiVersion}) does not match the expected API version (${apiVersion})`,
    );
  if (object.kind && object.kind !== expected.kind) {
    const { group, version, kind } = expected;
    throw badRequest(
      `${object.kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: converting (${version}.${object.kind}) to (${group.split('.')[0] || 'core'}.${kind}): unknown conversion`,
    );
  }
  object.apiVersion = apiVersion;
  object.kind = expected.kind;
}
