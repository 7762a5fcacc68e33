// Why an object of one kind is none of another: the words of Kubernetes' decoder, which knows every built-in kind.

import { resourceRows } from '../../api/models.ts';
import { apiVersionOf } from '../target.ts';

export interface Typed {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** Undefined: it is that kind, or the same in another version, which is read and refused for its version. */
export function whyForeign(apiVersion: string, kind: string, expected: Typed): string | undefined {
  if (apiVersion === apiVersionOf(expected) && kind === expected.kind) return undefined;
  const [version, group = ''] = apiVersion.split('/').reverse();
  if (!isKnown(apiVersion, kind))
    return `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/api/legacyscheme/scheme.go:30"`;
  if (kind === expected.kind && group === expected.group) return undefined;
  const internal = `${expected.group.split('.')[0] || 'core'}.${expected.kind}`;
  return `converting (${version}.${kind}) to (${internal}): unknown conversion`;
}

let known: ReadonlySet<string> | undefined;

/** Of the kinds that are built in, their lists, what subresources take, and what each version has. */
function isKnown(apiVersion: string, kind: string): boolean {
  known ??= new Set([
    ...resourceRows.flatMap((row) => {
      const of = apiVersionOf(row);
      return [of, `${of} ${row.kind}`, `${of} ${row.kind}List`];
    }),
    ...['v1 List', 'v1 Status', 'v1 Binding', 'autoscaling/v1 Scale', 'policy/v1 Eviction'],
    'authentication.k8s.io/v1 TokenRequest',
  ]);
  return known.has(`${apiVersion} ${kind}`) || (known.has(apiVersion) && ofEachVersion.has(kind));
}

const ofEachVersion: ReadonlySet<string> = new Set([
  'CreateOptions',
  'DeleteOptions',
  'GetOptions',
  'ListOptions',
  'PatchOptions',
  'UpdateOptions',
  'WatchEvent',
]);
