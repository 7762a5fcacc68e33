// What an AuthenticationConfiguration may say about claims and the users that are made of them.

import { claimsEnvironment } from '../../../../core/cel/kubernetes/environments.ts';
import { compileCel } from '../../../../core/cel/kubernetes/programs.ts';
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
} from '../../../../core/machinery/field-error.ts';
import { claimProgram, type Variable } from './claim-program.ts';
import type { ClaimValidationRule, JwtAuthenticator, Mapping } from './configuration-types.ts';

const texts = ['string', 'list'];

export function claimErrors(jwt: Partial<JwtAuthenticator>, path: string): FieldError[] {
  const { claimMappings, claimValidationRules = [], userValidationRules = [] } = jwt;
  const mappings = `${path}.claimMappings`;
  return [
    ...claimValidationRules.flatMap((rule, index) =>
      ruleErrors(rule, index, claimValidationRules, `${path}.claimValidationRules[${index}]`),
    ),
    ...(claimMappings?.username
      ? mappingErrors(claimMappings.username, `${mappings}.username`, ['string'], true)
      : [required(`${mappings}.username`, 'claim or expression is required')]),
    ...(claimMappings?.groups ? mappingErrors(claimMappings.groups, `${mappings}.groups`, texts, true) : []),
    ...(claimMappings?.uid ? mappingErrors(claimMappings.uid, `${mappings}.uid`, ['string'], false) : []),
    ...extraErrors(claimMappings?.extra ?? [], `${mappings}.extra`),
    ...emailErrors(jwt, `${mappings}.username.expression`),
    ...userValidationRules.flatMap(({ expression }, index) => {
      const field = `${path}.userValidationRules[${index}].expression`;
      if (userValidationRules.findIndex((each) => each.expression === expression) < index)
        return [duplicate(field, expression)];
      return expressionErrors(expression, 'user', ['bool'], field);
    }),
  ];
}

function ruleErrors(
  { claim, requiredValue, expression, message }: ClaimValidationRule,
  index: number,
  all: readonly ClaimValidationRule[],
  path: string,
): FieldError[] {
  if (claim && expression) return [invalidValue(path, claim, "claim and expression can't both be set")];
  if (!claim && !expression) return [required(path, 'claim or expression is required')];
  if (claim) {
    if (message) return [invalidValue(`${path}.message`, message, "message can't be set when claim is set")];
    return all.findIndex((each) => each.claim === claim) < index ? [duplicate(`${path}.claim`, claim)] : [];
  }
  if (requiredValue)
    return [invalidValue(`${path}.requiredValue`, requiredValue, "requiredValue can't be set when expression is set")];
  if (all.findIndex((each) => each.expression === expression) < index)
    return [duplicate(`${path}.expression`, expression)];
  return expressionErrors(expression, 'claims', ['bool'], `${path}.expression`);
}

function mappingErrors(
  { claim, prefix, expression }: Mapping,
  path: string,
  results: readonly string[],
  prefixed: boolean,
): FieldError[] {
  if (claim && expression) return [invalidValue(path, claim, "claim and expression can't both be set")];
  if (!claim && !expression) return [required(path, 'claim or expression is required')];
  if (claim)
    return prefixed && prefix === undefined
      ? [
          required(
            `${path}.prefix`,
            'prefix is required when claim is set. It can be set to an empty string to disable prefixing',
          ),
        ]
      : [];
  if (prefix !== undefined)
    return [invalidValue(`${path}.prefix`, prefix, "prefix can't be set when expression is set")];
  return expressionErrors(expression, 'claims', results, `${path}.expression`);
}

function extraErrors(extra: NonNullable<JwtAuthenticator['claimMappings']['extra']>, path: string): FieldError[] {
  return extra.flatMap(({ key, valueExpression }, index) => {
    const field = `${path}[${index}].key`;
    const errors = keyErrors(key, field);
    if (key && extra.findIndex((each) => each.key === key) < index) errors.push(duplicate(field, key));
    return [...errors, ...expressionErrors(valueExpression, 'claims', texts, `${path}[${index}].valueExpression`)];
  });
}

/** A path below a domain of its owner's. */
function keyErrors(key: string | undefined, field: string): FieldError[] {
  if (!key) return [required(field)];
  const domain = key.slice(0, key.indexOf('/'));
  if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?\/[^/A-Z].*$/.test(key) || key !== key.toLowerCase())
    return [invalidValue(field, key, 'must be a domain-prefixed path in lower case (such as "acme.io/foo")')];
  const reserved = ['k8s.io', 'kubernetes.io'].some((each) => domain === each || domain.endsWith(`.${each}`));
  return reserved ? [invalidValue(field, key, 'k8s.io, kubernetes.io and their subdomains are reserved')] : [];
}

/** An address that its issuer did not verify is anybody's. */
function emailErrors(
  { claimMappings, claimValidationRules = [] }: Partial<JwtAuthenticator>,
  field: string,
): FieldError[] {
  const { expression } = claimMappings?.username ?? {};
  if (!claimsRead(expression).has('email')) return [];
  const looked = [
    expression,
    ...(claimMappings?.extra ?? []).map((each) => each.valueExpression),
    ...claimValidationRules.map((each) => each.expression),
  ];
  if (looked.some((each) => claimsRead(each).has('email_verified'))) return [];
  const detail =
    'claims.email_verified must be used in claimMappings.username.expression, claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression';
  return [forbiddenField(field, detail)];
}

/** Of the parsed expression: a comment or a string that looks like a claim is none. */
function claimsRead(expression: string | undefined): ReadonlySet<string> {
  const compiled = expression ? compileCel(expression, claimsEnvironment) : undefined;
  return compiled?.ok ? compiled.value.fieldsOf('claims') : new Set();
}

function expressionErrors(
  expression: string | undefined,
  variable: Variable,
  results: readonly string[],
  field: string,
): FieldError[] {
  if (!expression) return [required(field)];
  const compiled = claimProgram(expression, variable, results);
  return 'problem' in compiled ? [invalidValue(field, expression, compiled.problem)] : [];
}
