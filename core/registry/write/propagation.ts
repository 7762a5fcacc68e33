// Propagation policies as finalizers: who deletes an object's dependents, and whether it waits for them.

import type { DeleteOptions } from '../../kinds/delete-options.ts';
import { foregroundFinalizer, orphanFinalizer } from '../../kinds/metadata/validate.ts';

/** The finalizers that a delete leaves on the object. What was asked for before stays where this request says nothing. */
export function finalizersAfter(
  finalizers: readonly string[],
  options: DeleteOptions,
  fallback: 'Orphan' | 'Background',
): string[] {
  const wanted = wantedFinalizer(finalizers, options, fallback);
  const others = finalizers.filter((each) => each !== orphanFinalizer && each !== foregroundFinalizer);
  return wanted ? [...others, wanted] : others;
}

function wantedFinalizer(
  finalizers: readonly string[],
  options: DeleteOptions,
  fallback: 'Orphan' | 'Background',
): string | undefined {
  if (options.orphanDependents !== undefined) return options.orphanDependents ? orphanFinalizer : undefined;
  switch (options.propagationPolicy) {
    case 'Orphan':
      return orphanFinalizer;
    case 'Foreground':
      return foregroundFinalizer;
    case 'Background':
      return undefined;
  }
  if (finalizers.includes(orphanFinalizer)) return orphanFinalizer;
  if (finalizers.includes(foregroundFinalizer)) return foregroundFinalizer;
  return fallback === 'Orphan' ? orphanFinalizer : undefined;
}
