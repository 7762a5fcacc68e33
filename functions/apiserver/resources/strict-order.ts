// Strict errors of a JSON body in the order in which Kubernetes' decoder meets them: as its fields stand there, and nothing of what is
// within a field that is unknown. Source: sigs.k8s.io/json (UnmarshalStrict).

import { visitFields } from '../../../core/machinery/json.ts';

/** `duplicates` and `unknown`: all of them, as `duplicate field "a.b"` and `unknown field "a.b"`. */
export function inOrder(text: string, duplicates: readonly string[], unknown: readonly string[]): readonly string[] {
  const wanted = new Set([...duplicates, ...unknown]);
  const names = new Set([...wanted].map(lastName));
  const found = new Set<string>();
  const skipped: string[] = [];
  visitFields(text, (name, again, pathOf) => {
    // Most names are neither, and their paths cost more than the walk.
    if (!names.has(name) && !name.includes('.')) return;
    const path = pathOf();
    if (skipped.some((each) => path.startsWith(`${each}.`) || path.startsWith(`${each}[`))) return;
    const unknownField = `unknown field "${path}"`;
    const message = wanted.has(unknownField) ? unknownField : again ? `duplicate field "${path}"` : '';
    if (wanted.has(message)) found.add(message);
    if (message === unknownField) skipped.push(path);
  });
  return [...found];
}

/** Of the path in a message: nothing but what follows its last dot can be a name without dots. */
function lastName(message: string): string {
  return message
    .slice(message.lastIndexOf('.') + 1)
    .replace(/^.* field "/, '')
    .replace(/"$/, '');
}
