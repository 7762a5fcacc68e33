// From the claims of a token that was verified to the user that its bearer is.
// Source: Kubernetes documentation, "Using Authentication Configuration".

import type { UserInfo } from '../../../../core/authorization/user-info.ts';
import { plainValue } from '../../../../core/cel/kubernetes/values.ts';
import type { Value } from '../../../../core/cel/values/values.ts';
import type { Json } from '../../../../core/machinery/object.ts';
import { getOwn } from '../../../../core/machinery/own.ts';
import { claimFunction } from './claim-program.ts';
import type { ClaimValidationRule, JwtAuthenticator, Mapping } from './configuration-types.ts';

export type Claims = Readonly<Record<string, unknown>>;
type Input = Value;
type Read = (claims: Claims, input: Input) => unknown;

/** Compiles the mappings and rules once. The result throws an Error that says why a token is nobody's. */
export function userOfClaims(jwt: JwtAuthenticator): (claims: Claims) => UserInfo {
  const { claimMappings, claimValidationRules = [], userValidationRules = [] } = jwt;
  const rules = claimValidationRules.map(claimRule);
  const username = reader(claimMappings.username);
  const groups = claimMappings.groups && reader(claimMappings.groups);
  const uid = claimMappings.uid && reader(claimMappings.uid);
  const extra = (claimMappings.extra ?? []).map(
    ({ key, valueExpression }) => [key, reader({ expression: valueExpression })] as const,
  );
  const userRules = userValidationRules.map(
    ({ expression, message }) => [claimFunction(expression, 'user'), message ?? expression] as const,
  );

  return (claims) => {
    const input = plainValue(claims);
    for (const rule of rules) rule(claims, input);
    const extras = extra.flatMap(([key, read]) => {
      const values = textsOf(read(claims, input), `extra ${key}`);
      return values.length > 0 ? [[key, values] as const] : [];
    });
    const id = uid && textOf(uid(claims, input) ?? '', 'uid');
    const user: UserInfo = {
      username: nameOf(claimMappings.username, claims, username(claims, input)),
      groups: prefixed(textsOf(groups?.(claims, input), 'groups'), claimMappings.groups?.prefix),
      ...(id && { uid: id }),
      ...(extras.length > 0 && { extra: Object.fromEntries(extras) }),
    };
    const about = plainValue({ uid: '', extra: {}, ...user });
    for (const [holds, message] of userRules)
      if (holds(about) !== true) throw new Error(`a userValidationRule does not hold: ${message}`);
    return user;
  };
}

function claimRule({ claim, requiredValue = '', expression, message }: ClaimValidationRule) {
  if (expression === undefined || expression === '') {
    const name = claim ?? '';
    return (claims: Claims) => {
      const value = getOwn(claims, name);
      if (value !== requiredValue)
        throw new Error(`the claim ${name} must be ${JSON.stringify(requiredValue)}, not ${JSON.stringify(value)}`);
    };
  }
  const holds = claimFunction(expression, 'claims');
  return (_claims: Claims, input: Input) => {
    if (holds(input) !== true) throw new Error(`a claimValidationRule does not hold: ${message || expression}`);
  };
}

function reader({ claim, expression }: Mapping): Read {
  if (!expression) return (claims) => getOwn(claims, claim ?? '');
  const evaluate = claimFunction(expression, 'claims');
  return (_claims, input) => evaluate(input);
}

function nameOf({ claim, prefix = '' }: Mapping, claims: Claims, value: unknown): string {
  if (claim && value === undefined) throw new Error(`the claim ${claim}, which is the username, is not in the token`);
  // An address that its issuer did not verify is anybody's.
  const verified = getOwn(claims, 'email_verified');
  if (claim === 'email' && verified !== undefined && verified !== true)
    throw new Error('the claim email is not verified by its issuer');
  const text = textOf(value, 'username');
  if (text === '') throw new Error('the username is empty');
  return prefix + text;
}

function prefixed(groups: readonly string[], prefix = ''): readonly string[] {
  return groups.map((each) => prefix + each);
}

function textOf(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  throw new Error(`${what} must be a string, not ${JSON.stringify(value as Json | undefined)}`);
}

/** A string stands for a list of one; nothing, or an empty string, for an empty one. */
function textsOf(value: unknown, what: string): readonly string[] {
  if (value === undefined || value === null || value === '') return [];
  if (typeof value === 'string') return [value];
  if (Array.isArray(value) && value.every((each) => typeof each === 'string'))
    return value.filter((each) => each !== '');
  throw new Error(`${what} must be a string or a list of strings`);
}
