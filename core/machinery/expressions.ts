// CEL and regular expressions of linear time: two large libraries that most writes never need. They are loaded once, before the first
// write of something that has expressions; what runs without waiting takes them from here.

import { StatusError } from './status.ts';

type Expressions = Awaited<ReturnType<typeof load>>;

let loaded: Expressions | undefined;

/** To be awaited before anything is validated that may have expressions. */
export async function loadExpressions(): Promise<void> {
  loaded ??= await load();
}

async function load() {
  const [{ checkCelTypes, compileCel }, { celInput, celOptional, celOutput }, { compileLinear }] = await Promise.all([
    import('./cel.ts'),
    import('./cel-input.ts'),
    import('./linear-expression.ts'),
  ]);
  return {
    cel: { checkCelTypes, compileCel },
    input: { celInput, celOptional, celOutput },
    regularExpressions: { compileLinear },
  };
}

/** Throws where nobody has loaded them: a defect of ours, which is told as such. */
export function expressions(): Expressions {
  if (!loaded)
    throw new StatusError('InternalError', 'an expression was met before the engine that evaluates it was loaded');
  return loaded;
}

/** Whether values of these schemas may need expressions to be validated: they have patterns or rules. `schemas`: anything that JSON can hold. */
export function hasExpressions(schemas: unknown): boolean {
  return /"(pattern|x-kubernetes-validations)":/.test(JSON.stringify(schemas) ?? '');
}
