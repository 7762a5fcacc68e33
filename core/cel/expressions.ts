// CEL is more code than all else that a first request needs. It is loaded once, before the first write of something that has
// expressions; what runs without waiting takes it from here.

import { loadRegularExpressions } from '../machinery/expressions.ts';
import { StatusError } from '../machinery/status.ts';
import { loadTextFormats } from '../machinery/structure/late-text-formats.ts';

type Expressions = Awaited<ReturnType<typeof load>>;

let loaded: Expressions | undefined;

/** To be awaited before anything is validated that may have expressions. */
export async function loadExpressions(): Promise<void> {
  loaded ??= await load();
}

async function load() {
  const [programs, rules, admission, environments, values, output, authorizer] = await Promise.all([
    import('./kubernetes/programs.ts'),
    import('./kubernetes/rules.ts'),
    import('./kubernetes/admission.ts'),
    import('./kubernetes/environments.ts'),
    import('./kubernetes/values.ts'),
    import('./kubernetes/output.ts'),
    import('./libraries/authorizer.ts'),
    loadRegularExpressions(),
    // Rules stand in schemas, which name formats as well.
    loadTextFormats(),
  ]);
  const { optionalOf, lazyMap, failure } = values;
  return {
    compileCel: programs.compileCel,
    ruleEnvironment: rules.ruleEnvironment,
    admissionEnvironment: admission.admissionEnvironment,
    deviceEnvironment: environments.deviceEnvironment,
    values: { plain: values.plainValue, bySchema: values.schemaValue, optionalOf, lazyMap, failure },
    celOutput: output.celOutput,
    authorizerValues: authorizer.authorizerValues,
  };
}

/** Throws where nobody has loaded it: a defect of ours, which is reported as such. */
export function expressions(): Expressions {
  if (!loaded)
    throw new StatusError('InternalError', 'an expression was met before the engine that evaluates it was loaded');
  return loaded;
}
