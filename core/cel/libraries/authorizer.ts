// The `authorizer` of admission expressions: what may the user of a request, or a service account, do? Source: Kubernetes' CEL
// libraries "authz" and "authzSelectors". Whoever decides may have to wait, and a run of an expression cannot: a check whose answer is
// not there yet fails the run, and whoever runs it gets the answer and runs it again.

import { dns1123Label, dns1123Subdomain } from '../../machinery/names.ts';
import { declared, type Library, member } from '../check/environment.ts';
import { bool, opaque, string, type Type } from '../types/types.ts';
import { fail, OpaqueValue, type Value } from '../values/values.ts';

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

const [authorizer, pathCheck, groupCheck, resourceCheck, decision] = [
  'Authorizer',
  'PathCheck',
  'GroupCheck',
  'ResourceCheck',
  'Decision',
].map((name) => opaque(`kubernetes.authorization.${name}`)) as [Type, Type, Type, Type, Type]; // as many as are named

/** The types of the variables `authorizer` and `authorizer.requestResource`. */
export const authorizerType = authorizer;
export const requestResourceType = resourceCheck;

/** A check as far as it is put together. */
class Question extends OpaqueValue {
  readonly type: Type;
  readonly decide: CelDecide;
  readonly access: CelAccess;
  constructor(type: Type, decide: CelDecide, access: CelAccess) {
    super();
    this.type = type;
    this.decide = decide;
    this.access = access;
  }
  equals(other: OpaqueValue): boolean {
    return other instanceof Question && JSON.stringify(this.access) === JSON.stringify(other.access);
  }
  as(type: Type, more: Partial<CelAccess>): Question {
    return new Question(type, this.decide, { ...this.access, ...more });
  }
}

class DecisionValue extends OpaqueValue {
  readonly type = decision;
  readonly decision: CelDecision;
  constructor(of: CelDecision) {
    super();
    this.decision = of;
  }
  equals(other: OpaqueValue): boolean {
    return other instanceof DecisionValue && JSON.stringify(this.decision) === JSON.stringify(other.decision);
  }
}

/** The values of the variables. `resource`: what the request is for. */
export function authorizerValues(
  decide: CelDecide,
  resource: Pick<CelAccess, 'group' | 'resource' | 'subresource' | 'namespace' | 'name'>,
): { readonly authorizer: Value; readonly requestResource: Value } {
  const nothing = { path: '', fieldSelector: '', labelSelector: '', verb: '', isResource: true };
  const none = { group: '', resource: '', subresource: '', namespace: '', name: '' };
  return {
    authorizer: new Question(authorizer, decide, { ...nothing, ...none }),
    requestResource: new Question(resourceCheck, decide, { ...nothing, ...resource }),
  };
}

export const authorization: Library = {
  functions: [
    declared(
      'path',
      member('authorizer_path', [authorizer, string], pathCheck, (of: Question, path: string) =>
        path.trim() === '' ? fail('path must not be empty') : of.as(pathCheck, { isResource: false, path }),
      ),
    ),
    declared(
      'group',
      member('authorizer_group', [authorizer, string], groupCheck, (of: Question, group: string) =>
        of.as(groupCheck, { group }),
      ),
    ),
    declared(
      'serviceAccount',
      member(
        'authorizer_serviceaccount',
        [authorizer, string, string],
        authorizer,
        (of: Question, namespace: string, name: string) => {
          if (dns1123Subdomain(name).length > 0) return fail('Invalid service account name');
          if (dns1123Label(namespace).length > 0) return fail('Invalid service account namespace');
          return of.as(authorizer, { serviceAccount: { namespace, name } });
        },
      ),
    ),
    declared(
      'resource',
      member('groupcheck_resource', [groupCheck, string], resourceCheck, (of: Question, resource: string) =>
        resource.trim() === '' ? fail('resource must not be empty') : of.as(resourceCheck, { resource }),
      ),
    ),
    ...(['subresource', 'namespace', 'name', 'fieldSelector', 'labelSelector'] as const).map((name) =>
      declared(
        name,
        member(
          `resourcecheck_${name.toLowerCase()}`,
          [resourceCheck, string],
          resourceCheck,
          (of: Question, text: string) => of.as(resourceCheck, { [name]: text }),
        ),
      ),
    ),
    declared(
      'check',
      member('pathcheck_check', [pathCheck, string], decision, check),
      member('resourcecheck_check', [resourceCheck, string], decision, check),
    ),
    declared(
      'allowed',
      member('decision_allowed', [decision], bool, (of: DecisionValue) => of.decision.allowed),
    ),
    declared(
      'reason',
      member('decision_reason', [decision], string, (of: DecisionValue) => of.decision.reason),
    ),
    declared(
      'errored',
      member('decision_errored', [decision], bool, (of: DecisionValue) => of.decision.error !== ''),
    ),
    declared(
      'error',
      member('decision_error', [decision], string, (of: DecisionValue) => of.decision.error),
    ),
  ],
};

function check(of: Question, verb: string): Value {
  const known = of.decide({ ...of.access, verb });
  return known ? new DecisionValue(known) : fail('the authorization check has no answer yet');
}
