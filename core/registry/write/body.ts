// What is looked at first of a body: whose object it is. The one place, for objects, patches' results, and bodies of subresources alike.

import { typeMetaFault } from '../../machinery/go-text.ts';
import { badRequest, type StatusError } from '../../machinery/status.ts';
import { apiVersionOf } from '../target.ts';
import { type Typed, whyForeign } from './foreign-kind.ts';
import { metadataError } from './metadata-error.ts';
import { cannotHandle, type KindSchema } from './prune-default-validate.ts';

type Expected = Typed & Partial<Pick<KindSchema, 'customResource'>>;

/**
 * `apiVersion` and `kind` are those that its path takes, or absent: then they are set. Its metadata can be read; where it has none, it gets
 * some that say nothing. Throws BadRequest, or what `unreadable` makes of the reason.
 */
export function demandBody(
  expected: Expected,
  object: { apiVersion?: string; kind?: string; metadata?: unknown },
  unreadable: (why: string) => StatusError = (why) => badRequest(`${cannotHandle(expected)}: ${why}`),
): void {
  demandKind(expected, object, unreadable);
  const why = metadataError(expected.kind, object.metadata);
  if (why !== undefined) throw unreadable(why);
  // Null is what is absent, to Go.
  object.metadata ??= {};
}

function demandKind(
  expected: Expected,
  object: { apiVersion?: string; kind?: string },
  unreadable: (why: string) => StatusError,
): void {
  const fault = typeMetaFault(object);
  if (fault !== undefined) throw unreadable(`couldn't get version/kind; json parse error: ${fault}`);
  const apiVersion = apiVersionOf(expected);
  const { apiVersion: version = apiVersion, kind = expected.kind } = object;
  const why = expected.customResource ? undefined : whyForeign(version || apiVersion, kind || expected.kind, expected);
  if (why !== undefined) throw unreadable(why);
  if (object.apiVersion && object.apiVersion !== apiVersion)
    throw badRequest(
      `the API version in the data (${object.apiVersion}) does not match the expected API version (${apiVersion})`,
    );
  if (object.kind && object.kind !== expected.kind)
    throw badRequest(
      `${object.kind} in version ${JSON.stringify(expected.version)} cannot be handled as a ${expected.kind}`,
    );
  object.apiVersion = apiVersion;
  object.kind = expected.kind;
}
