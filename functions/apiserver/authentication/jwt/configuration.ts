// AuthenticationConfiguration: which issuers' JSON Web Tokens are taken, and who their bearers are; whether one may come without.
// Source: Kubernetes documentation, "Authenticating", "Using Authentication Configuration"; KEP-3331, KEP-4633.

import { X509Certificate } from 'node:crypto';
import { readConfigFile, refuse } from '../../../../core/config/config-file.ts';
import {
  duplicate,
  type FieldError,
  invalidValue,
  notSupported,
  required,
} from '../../../../core/machinery/field-error.ts';
import type { Schema } from '../../../../core/machinery/schema.ts';
import { claimErrors } from './configuration-claims.ts';
import type { AuthenticationConfiguration, JwtAuthenticator } from './configuration-types.ts';

const kind = 'AuthenticationConfiguration';
const string: Schema = { type: 'string' };
const object = (properties: Record<string, Schema>): Schema => ({ type: 'object', properties });
const list = (items: Schema): Schema => ({ type: 'array', items });
const mapping = object({ claim: string, prefix: string, expression: string });

const properties: Readonly<Record<string, Schema>> = {
  jwt: list(
    object({
      issuer: object({
        url: string,
        discoveryURL: string,
        certificateAuthority: string,
        audiences: list(string),
        audienceMatchPolicy: string,
      }),
      claimValidationRules: list(object({ claim: string, requiredValue: string, expression: string, message: string })),
      claimMappings: object({
        username: mapping,
        groups: mapping,
        uid: object({ claim: string, expression: string }),
        extra: list(object({ key: string, valueExpression: string })),
      }),
      userValidationRules: list(object({ expression: string, message: string })),
    }),
  ),
  anonymous: object({ enabled: { type: 'boolean' }, conditions: list(object({ path: string })) }),
};

const maxAuthenticators = 64;

/** `ownIssuer`: of the cluster's service account tokens, which no other issuer may claim to be. Throws ConfigFileError. */
export async function readAuthenticationConfiguration(
  text: string,
  ownIssuer?: string,
): Promise<AuthenticationConfiguration> {
  const apiVersions = ['v1', 'v1beta1', 'v1alpha1'].map((version) => `apiserver.config.k8s.io/${version}`);
  // as: it has the shape that the schema says; what is required is checked below.
  const found = (await readConfigFile(text, { kind, apiVersions, properties })) as AuthenticationConfiguration;
  refuse(kind, [...jwtErrors(found.jwt ?? [], ownIssuer), ...anonymousErrors(found.anonymous)]);
  return found;
}

function jwtErrors(jwt: readonly JwtAuthenticator[], ownIssuer: string | undefined): FieldError[] {
  const errors: FieldError[] = [];
  if (jwt.length > maxAuthenticators)
    errors.push(invalidValue('jwt', jwt.length, `must have at most ${maxAuthenticators} items`));
  for (const [index, each] of jwt.entries()) {
    const path = `jwt[${index}]`;
    errors.push(...issuerErrors(each.issuer ?? {}, `${path}.issuer`, ownIssuer), ...claimErrors(each, path));
    for (const field of ['url', 'discoveryURL'] as const) {
      const value = each.issuer?.[field];
      const first = jwt.findIndex(({ issuer }) => issuer?.[field] === value);
      if (value && first < index) errors.push(duplicate(`${path}.issuer.${field}`, value));
    }
  }
  return errors;
}

function issuerErrors(
  { url, discoveryURL, certificateAuthority, audiences = [], audienceMatchPolicy }: Partial<JwtAuthenticator['issuer']>,
  path: string,
  ownIssuer: string | undefined,
): FieldError[] {
  const errors = url ? urlErrors(url, `${path}.url`) : [required(`${path}.url`)];
  if (url && url === ownIssuer)
    errors.push(invalidValue(`${path}.url`, url, 'is the issuer of this cluster’s service account tokens'));
  if (discoveryURL) errors.push(...urlErrors(discoveryURL, `${path}.discoveryURL`));
  if (discoveryURL && discoveryURL.replace(/\/$/, '') === url?.replace(/\/$/, ''))
    errors.push(invalidValue(`${path}.discoveryURL`, discoveryURL, 'must be different from issuer.url: leave it out'));
  if (audiences.length === 0) errors.push(required(`${path}.audiences`, 'give at least one'));
  for (const [index, audience] of audiences.entries()) {
    if (audience === '') errors.push(required(`${path}.audiences[${index}]`));
    if (audiences.indexOf(audience) < index) errors.push(duplicate(`${path}.audiences[${index}]`, audience));
  }
  if (audienceMatchPolicy && audienceMatchPolicy !== 'MatchAny')
    errors.push(notSupported(`${path}.audienceMatchPolicy`, audienceMatchPolicy, ['MatchAny']));
  else if (audiences.length > 1 && !audienceMatchPolicy)
    errors.push(required(`${path}.audienceMatchPolicy`, 'must be MatchAny for multiple audiences'));
  if (certificateAuthority && !isCertificates(certificateAuthority))
    errors.push(invalidValue(`${path}.certificateAuthority`, '<omitted>', 'must be one or more certificates in PEM'));
  return errors;
}

function urlErrors(text: string, field: string): FieldError[] {
  if (!URL.canParse(text)) return [invalidValue(field, text, 'is no URL: write https://host/path')];
  const { protocol, username, password, search, hash } = new URL(text);
  const errors: FieldError[] = [];
  if (protocol !== 'https:') errors.push(invalidValue(field, text, 'URL scheme must be https'));
  if (username || password) errors.push(invalidValue(field, text, 'must not contain a username or password'));
  if (search || text.includes('?')) errors.push(invalidValue(field, text, 'must not contain a query'));
  if (hash) errors.push(invalidValue(field, text, 'must not contain a fragment'));
  return errors;
}

function isCertificates(pem: string): boolean {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    return blocks.length > 0 && blocks.every((block) => new X509Certificate(block).serialNumber !== '');
  } catch {
    return false;
  }
}

function anonymousErrors(anonymous: AuthenticationConfiguration['anonymous']): FieldError[] {
  if (!anonymous) return [];
  const { enabled, conditions = [] } = anonymous;
  const errors: FieldError[] = [];
  if (enabled === undefined) errors.push(required('anonymous.enabled'));
  if (!enabled && conditions.length > 0)
    errors.push(
      invalidValue('anonymous.conditions', conditions, 'enabled should be set to true when conditions are defined'),
    );
  for (const [index, { path }] of conditions.entries())
    if (!path) errors.push(required(`anonymous.conditions[${index}].path`));
  return errors;
}
