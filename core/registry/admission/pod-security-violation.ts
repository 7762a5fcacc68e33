// What a check of the Pod Security Standards looks at, and how it words what it finds.

import type { V1Container, V1PodSecurityContext, V1PodSpec, V1SecurityContext } from '../../../generated/kubernetes.ts';

/** What one check says against a pod. */
export interface Violation {
  readonly reason: string;
  readonly detail: string;
}

export interface Pod {
  readonly spec: V1PodSpec;
  readonly containers: readonly V1Container[];
  readonly annotations: Readonly<Record<string, string>>;
}

export type Run = (pod: Pod) => Violation | undefined;

/** Whose security context is bad: `pod`, `containers "a", "b"`, both, or the empty text. */
export function settersOf(
  { securityContext }: V1PodSpec,
  containers: readonly V1Container[],
  isBad: (context: V1SecurityContext & V1PodSecurityContext) => boolean,
): string {
  // as: what both have in common is all that is asked for.
  const bad = (context: unknown) => Boolean(context) && isBad(context as V1SecurityContext & V1PodSecurityContext);
  const own = bad(securityContext) ? ['pod'] : [];
  const those = containers.filter((each) => bad(each.securityContext));
  return [...own, ...(those.length > 0 ? [names(those)] : [])].join(' and ');
}

export function found(holds: boolean, reason: string, detail: string): Violation | undefined {
  return holds ? { reason, detail } : undefined;
}

export function names(containers: readonly V1Container[]): string {
  return `${plural('container', containers.length)} ${containers.map(({ name }) => quote(name)).join(', ')}`;
}

export function uses(those: readonly unknown[]): string {
  return those.length > 1 ? 'use' : 'uses';
}

export function plural(noun: string, count: number): string {
  return count > 1 ? `${noun}s` : noun;
}

export function quoted(values: Iterable<string>): string {
  return [...new Set(values)].sort().map(quote).join(', ');
}

export function quote(text: string): string {
  return JSON.stringify(text);
}
