// The `authorizer` of admission expressions: what may the user of a request, or a service account, do? Source: Kubernetes' CEL
// libraries "authz" and "authzSelectors". Whoever decides may have to wait, and a run of an expression cannot: a check whose answer is
// not there yet fails the run, and whoever runs it gets the answer and runs it again.

import type { Environment } from '@marcbachmann/cel-js';
import { CelCallError } from './cel-call-error.ts';
import type { CelInput } from './cel-input.ts';
import { dns1123Label, dns1123Subdomain } from './names.ts';

/** What a check asks. */
export interface CelAccess {
  readonly isResource: boolean;
  readonly path: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** As they stand in the expression; empty: none. */
  readonly fieldSelector: string;
  readonly labelSelector: string;
  readonly verb: string;
  /** Who is asked about instead of the request's user. */
  readonly serviceAccount?: { readonly namespace: string; readonly name: string };
}

export interface CelDecision {
  readonly allowed: boolean;
  readonly reason: string;
  /** Empty: the check did not fail. */
  readonly error: string;
}

/** undefined: not known yet, and noted down as asked. */
export type CelDecide = (access: CelAccess) => CelDecision | undefined;

/** The type of the variable. */
export const authorizerType = 'kubernetes.authorization.Authorizer';

/** The variable's value. `resource`: what the request is for. */
export function celAuthorizer(
  decide: CelDecide,
  resource: Pick<CelAccess, 'group' | 'resource' | 'subresource' | 'namespace' | 'name'>,
): CelInput {
  const nothing = { path: '', fieldSelector: '', labelSelector: '', verb: '' };
  const asked: Question = { decide, access: { ...nothing, ...resource, isResource: true } };
  const none = { group: '', resource: '', subresource: '', namespace: '', name: '' };
  const base: Question = { decide, access: { ...nothing, ...none, isResource: true } };
  return { value: new CelAuthorizer(base, new CelResourceCheck(asked)) };
}

/** A check as far as it is put together. */
interface Question {
  readonly decide: CelDecide;
  readonly access: CelAccess;
}

function narrowed({ decide, access }: Question, more: Partial<CelAccess>): Question {
  return { decide, access: { ...access, ...more } };
}

// Classes, because the library tells types apart by constructor.
class CelAuthorizer {
  readonly base: Question;
  /** Only of the request's own user, as in Kubernetes. */
  readonly requestResource: CelResourceCheck | undefined;
  constructor(base: Question, requestResource?: CelResourceCheck) {
    this.base = base;
    this.requestResource = requestResource;
  }
}

class CelPathCheck {
  readonly question: Question;
  constructor(question: Question) {
    this.question = question;
  }
}

class CelGroupCheck {
  readonly question: Question;
  constructor(question: Question) {
    this.question = question;
  }
}

class CelResourceCheck {
  readonly question: Question;
  constructor(question: Question) {
    this.question = question;
  }
}

class CelAuthorization {
  readonly decision: CelDecision;
  constructor(decision: CelDecision) {
    this.decision = decision;
  }
}

export function registerCelAuthorizer(environment: Environment): void {
  const add = environment.registerFunction.bind(environment);
  const [path, group, resource, decision] = ['PathCheck', 'GroupCheck', 'ResourceCheck', 'Decision'].map(
    (each) => `kubernetes.authorization.${each}`,
  ) as [string, string, string, string]; // as many as are named
  // Without fields of their own, or an expression could read what is inside.
  for (const [type, ctor] of [
    [path, CelPathCheck],
    [group, CelGroupCheck],
    [resource, CelResourceCheck],
    [decision, CelAuthorization],
  ] as const)
    environment.registerType(type, { ctor, fields: {} });
  environment.registerType(authorizerType, { ctor: CelAuthorizer, fields: { requestResource: resource } });

  add(`${authorizerType}.path(string): ${path}`, ({ base }: CelAuthorizer, text: string) => {
    if (text.trim() === '') throw new CelCallError('path must not be empty');
    return new CelPathCheck(narrowed(base, { isResource: false, path: text }));
  });
  add(`${authorizerType}.group(string): ${group}`, ({ base }: CelAuthorizer, text: string) => {
    return new CelGroupCheck(narrowed(base, { group: text }));
  });
  add(
    `${authorizerType}.serviceAccount(string, string): ${authorizerType}`,
    ({ base }: CelAuthorizer, namespace: string, name: string) => {
      if (dns1123Subdomain(name).length > 0) throw new CelCallError('Invalid service account name');
      if (dns1123Label(namespace).length > 0) throw new CelCallError('Invalid service account namespace');
      return new CelAuthorizer(narrowed(base, { serviceAccount: { namespace, name } }));
    },
  );
  add(`${group}.resource(string): ${resource}`, ({ question }: CelGroupCheck, text: string) => {
    if (text.trim() === '') throw new CelCallError('resource must not be empty');
    return new CelResourceCheck(narrowed(question, { resource: text }));
  });
  for (const name of ['subresource', 'namespace', 'name', 'fieldSelector', 'labelSelector'] as const)
    add(`${resource}.${name}(string): ${resource}`, ({ question }: CelResourceCheck, text: string) => {
      return new CelResourceCheck(narrowed(question, { [name]: text }));
    });
  for (const type of [path, resource])
    add(`${type}.check(string): ${decision}`, ({ question }: CelPathCheck | CelResourceCheck, verb: string) => {
      const { access, decide } = narrowed(question, { verb });
      const known = decide(access);
      if (!known) throw new CelCallError('the authorization check has no answer yet');
      return new CelAuthorization(known);
    });
  add(`${decision}.allowed(): bool`, (of: CelAuthorization) => of.decision.allowed);
  add(`${decision}.reason(): string`, (of: CelAuthorization) => of.decision.reason);
  add(`${decision}.errored(): bool`, (of: CelAuthorization) => of.decision.error !== '');
  add(`${decision}.error(): string`, (of: CelAuthorization) => of.decision.error);
}
