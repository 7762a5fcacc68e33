// Functions that stand under a name in CEL: `sets.contains(a, b)`, `jsonpatch.escapeKey(key)`, `strings.quote(text)`.
// Source: Kubernetes' CEL libraries "sets" and "jsonpatch"; cel-go's strings extension, version 2.

import type { Environment } from '@marcbachmann/cel-js';
import { deepEqual } from './equality.ts';

// Classes, because the library tells types apart by constructor.
class CelSets {}
class CelJsonPatch {}
class CelStrings {}

export function registerCelNamespaces(environment: Environment): void {
  const add = environment.registerFunction.bind(environment);
  environment.registerType('kubernetes.Sets', CelSets);
  environment.registerConstant('sets', 'kubernetes.Sets', new CelSets());
  add('kubernetes.Sets.contains(list, list): bool', (_: CelSets, list: readonly unknown[], part: readonly unknown[]) =>
    part.every((each) => has(list, each)),
  );
  add('kubernetes.Sets.equivalent(list, list): bool', (_: CelSets, a: readonly unknown[], b: readonly unknown[]) => {
    return a.every((each) => has(b, each)) && b.every((each) => has(a, each));
  });
  add('kubernetes.Sets.intersects(list, list): bool', (_: CelSets, a: readonly unknown[], b: readonly unknown[]) =>
    a.some((each) => has(b, each)),
  );
  environment.registerType('kubernetes.JsonPatch', CelJsonPatch);
  environment.registerConstant('jsonpatch', 'kubernetes.JsonPatch', new CelJsonPatch());
  // RFC 6901, section 3.
  add('kubernetes.JsonPatch.escapeKey(string): string', (_: CelJsonPatch, key: string) =>
    key.replaceAll('~', '~0').replaceAll('/', '~1'),
  );
  environment.registerType('kubernetes.Strings', CelStrings);
  environment.registerConstant('strings', 'kubernetes.Strings', new CelStrings());
  add('kubernetes.Strings.quote(string): string', (_: CelStrings, text: string) => {
    const escaped = Array.from(text.toWellFormed(), (each) => escapes.get(each) ?? each);
    return `"${escaped.join('')}"`;
  });
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['\u0007', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
  ['\\', '\\\\'],
  ['"', '\\"'],
]);

function has(list: readonly unknown[], item: unknown): boolean {
  return list.some((each) => each === item || deepEqual(each, item));
}
