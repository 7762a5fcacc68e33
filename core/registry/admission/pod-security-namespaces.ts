// PodSecurity on namespaces: their labels must be readable, and who enforces more hears of the pods that would not pass.

import type { Environment } from '../../kinds/environment.ts';
import { invalid } from '../../machinery/field-error.ts';
import { gather } from '../../machinery/gather.ts';
import type { Attributes } from './plugin.ts';
import { type Level, violations } from './pod-security-checks.ts';
import { demandsOf, key, sameDemand } from './pod-security-labels.ts';

/** Throws Invalid for labels that cannot be read, but for those that were there before. */
export function checkLabels({ definition, name, object, old }: Attributes): void {
  const { problems } = demandsOf(object?.metadata.labels ?? {});
  if (problems.length === 0) return;
  const before = new Set(demandsOf(old?.metadata.labels ?? {}).problems.map(({ field, message }) => field + message));
  const news = problems.filter(({ field, message }) => !before.has(field + message));
  if (news.length > 0) throw invalid(definition.kind, definition.group, name, news);
}

/** No longer than so many are looked at: a warning is not worth more. */
const maxPods = 3000;
const strictness: readonly Level[] = ['privileged', 'baseline', 'restricted'];

/** A promise only where something stricter is to be enforced than before. */
export function warnOfPods(attributes: Attributes, env: Environment): Promise<void> | undefined {
  const { operation, object, old } = attributes;
  if (operation !== 'UPDATE') return undefined;
  const { enforce } = demandsOf(object?.metadata.labels ?? {});
  const before = demandsOf(old?.metadata.labels ?? {}).enforce;
  if (enforce.level === 'privileged' || sameDemand(enforce, before)) return undefined;
  if (enforce.version === before.version && strictness.indexOf(enforce.level) <= strictness.indexOf(before.level))
    return undefined;
  return warn(attributes, env, enforce);
}

async function warn(
  { name, context }: Attributes,
  env: Environment,
  enforce: ReturnType<typeof demandsOf>['enforce'],
): Promise<void> {
  const pods = await env.lookAll('pods', `${name}/`);
  /** By what is wrong with them: the names, in their order. */
  const violating = new Map<string, string[]>();
  for (const { metadata, spec } of pods.slice(0, maxPods)) {
    if (!spec) continue;
    const why = violations(enforce.level, enforce.version, spec, metadata)
      .map(({ reason }) => reason)
      .join(', ');
    if (why) gather(violating, why, metadata?.name ?? '');
  }
  if (pods.length > maxPods)
    context.warnings.push(
      `new PodSecurity enforce level only checked against the first ${maxPods} of ${pods.length} existing pods`,
    );
  if (violating.size === 0) return;
  context.warnings.push(
    `existing pods in namespace ${JSON.stringify(name)} violate the new PodSecurity enforce level ${JSON.stringify(key(enforce))}`,
  );
  const lines = [...violating].map(([why, [first, ...others]]) => {
    const more = others.length === 0 ? '' : ` (and ${others.length} other pod${others.length > 1 ? 's' : ''})`;
    return `${first}${more}: ${why}`;
  });
  context.warnings.push(...lines.sort());
}
