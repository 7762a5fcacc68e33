// Regular expressions of linear time: a large library that most writes never need. It is loaded once, before the first write of something
// that has patterns; what runs without waiting takes it from here.

import { StatusError } from './status.ts';

type RegularExpressions = Awaited<ReturnType<typeof load>>;

let loaded: RegularExpressions | undefined;

/** To be awaited before anything is validated that may have patterns. */
export async function loadRegularExpressions(): Promise<void> {
  loaded ??= await load();
}

async function load() {
  const { compileLinear } = await import('./linear-expression.ts');
  return { compileLinear };
}

/** Throws where nobody has loaded them: a defect of ours, which is reported as such. */
export function regularExpressions(): RegularExpressions {
  if (!loaded) throw new StatusError('InternalError', 'a pattern was met before what matches it was loaded');
  return loaded;
}

/** Whether values of these schemas may need expressions to be validated: they have patterns or rules. `schemas`: anything that JSON can hold. */
export function hasExpressions(schemas: unknown): boolean {
  return /"(pattern|x-kubernetes-validations)":/.test(JSON.stringify(schemas) ?? '');
}
