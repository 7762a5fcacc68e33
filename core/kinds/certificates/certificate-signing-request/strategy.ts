// CertificateSigningRequests: who may say what in which subresource. What the request itself holds is looked at in admission.
// Source: certificates.k8s.io/v1; "Certificates and Certificate Signing Requests".

import { X509Certificate } from 'node:crypto';
import type { V1CertificateSigningRequest } from '../../../../generated/kubernetes.ts';
import { keyUsages } from '../../../certificates/signers.ts';
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import { seenBefore } from '../../../machinery/seen-before.ts';
import { semanticEqual } from '../../../machinery/semantic-equal.ts';
import { formatTime } from '../../../machinery/time.ts';
import { strategyFor } from '../../strategy.ts';
import { validateSignerName } from './signer-name.ts';

type Request = V1CertificateSigningRequest;
type Condition = NonNullable<NonNullable<Request['status']>['conditions']>[number];

/** Only approvers write these. */
const decisions = ['Approved', 'Denied'];
/** Once said they stay. */
const lasting = [...decisions, 'Failed'];
const shortestSeconds = 600;

export const strategy = strategyFor<Request>({
  prepareForCreate(object, { user }) {
    object.status = {};
    if (!object.spec) return;
    // Who asks is for the server to say: approvers rely on it.
    const { uid, username, groups, extra } = user;
    object.spec = { ...object.spec, username, groups: [...groups] };
    delete object.spec.uid;
    delete object.spec.extra;
    if (uid) object.spec.uid = uid;
    if (extra) object.spec.extra = Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]]));
  },
  prepareForUpdate(object, old, { subresource, now }) {
    object.spec = old.spec;
    // Through /approval only conditions change, and through the object itself no status does.
    if (subresource === 'approval') object.status = { ...old.status, conditions: object.status?.conditions ?? [] };
    if (object.status?.conditions) object.status.conditions = timed(object.status.conditions, old, formatTime(now));
  },
  validate: (object, old) => (old ? [] : specErrors(object)),
  validateUpdate: (object, old, subresource) =>
    subresource === 'approval' ? [...conditionErrors(object), ...removed(object, old, lasting)] : [],
  validateStatus(object, old) {
    const errors = [...conditionErrors(object), ...removed(object, old, lasting)];
    for (const type of decisions) {
      const [after, before] = [conditionsOf(object, type), conditionsOf(old, type)];
      if (after.length > before.length)
        errors.push(
          forbiddenField('status.conditions', `updates may not add a condition of type ${JSON.stringify(type)}`),
        );
      else if (after.length === before.length && !semanticEqual(after, before))
        errors.push(
          forbiddenField('status.conditions', `updates may not modify a condition of type ${JSON.stringify(type)}`),
        );
    }
    return [...errors, ...certificateErrors(object, old)];
  },
});

function specErrors({ spec }: Request): FieldError[] {
  const errors: FieldError[] = [];
  if (!spec?.request) errors.push(invalidValue('spec.request', '', 'PEM block type must be CERTIFICATE REQUEST'));
  if (!spec?.usages?.length) errors.push(required('spec.usages'));
  for (const [index, usage] of (spec?.usages ?? []).entries()) {
    const known: readonly string[] = keyUsages;
    if (!known.includes(usage)) errors.push(notSupported(`spec.usages[${index}]`, usage, [...keyUsages].sort()));
  }
  const again = seenBefore();
  for (const [index, usage] of (spec?.usages ?? []).entries())
    if (again(usage)) errors.push(duplicate(`spec.usages[${index}]`, usage));
  errors.push(...validateSignerName(spec?.signerName ?? '', 'spec.signerName'));
  const seconds = spec?.expirationSeconds;
  if (seconds !== undefined && seconds < shortestSeconds)
    errors.push(
      invalidValue('spec.expirationSeconds', seconds, 'may not specify a duration less than 600 seconds (10 minutes)'),
    );
  return errors;
}

function conditionErrors({ status }: Request): FieldError[] {
  const errors: FieldError[] = [];
  const conditions = status?.conditions ?? [];
  for (const [index, { type, status: value }] of conditions.entries()) {
    const path = `status.conditions[${index}]`;
    if (!type) errors.push(required(`${path}.type`));
    const allowed = lasting.includes(type) ? ['True'] : ['False', 'True', 'Unknown'];
    if (!value) errors.push(required(`${path}.status`));
    else if (!allowed.includes(value)) errors.push(notSupported(`${path}.status`, value, allowed));
    const before = conditions.slice(0, index).map((each) => each.type);
    const other = type === 'Denied' ? 'Approved' : type === 'Approved' ? 'Denied' : undefined;
    if (other && before.includes(other))
      errors.push(invalidValue(`${path}.type`, type, 'Approved and Denied conditions are mutually exclusive'));
    if (before.includes(type)) errors.push(duplicate(`${path}.type`, type));
  }
  return errors;
}

function removed(object: Request, old: Request, types: readonly string[]): FieldError[] {
  return types
    .filter((type) => conditionsOf(object, type).length < conditionsOf(old, type).length)
    .map((type) =>
      forbiddenField('status.conditions', `updates may not remove a condition of type ${JSON.stringify(type)}`),
    );
}

function conditionsOf({ status }: Request, type: string): readonly Condition[] {
  return status?.conditions?.filter((each) => each.type === type) ?? [];
}

function certificateErrors(object: Request, old: Request): FieldError[] {
  const [now, before] = [object.status?.certificate, old.status?.certificate];
  if (!now || now === before) return now || !before ? [] : [changed()];
  if (before) return [changed()];
  const why = certificateFault(Buffer.from(now, 'base64').toString('latin1'));
  return why ? [invalidValue('status.certificate', '<certificate data>', why)] : [];
}

/** What is issued is a chain in PEM, and nothing else beside it. */
function certificateFault(text: string): string | undefined {
  const blocks = [...text.matchAll(/-----BEGIN ([^-\n]+)-----([^-]*)-----END \1-----/g)];
  if (blocks.length === 0) return 'must contain at least one CERTIFICATE PEM block';
  for (const [block, type = '', content = ''] of blocks) {
    if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`;
    if (content.includes(':')) return 'no PEM block headers are permitted';
    if (!isCertificate(block)) return 'x509: malformed certificate';
  }
  return undefined;
}

function changed(): FieldError {
  return forbiddenField('status.certificate', 'updates may not modify existing certificate content');
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).serialNumber !== '';
  } catch {
    return false;
  }
}

/** Each with the times that its writer left out: those from before when its status is the same. */
function timed(conditions: readonly Condition[], old: Request, now: string): Condition[] {
  return conditions.map((condition) => {
    const before = old.status?.conditions?.find((each) => each.type === condition.type);
    const since = before?.status === condition.status ? before?.lastTransitionTime : undefined;
    return {
      ...condition,
      lastUpdateTime: condition.lastUpdateTime ?? now,
      lastTransitionTime: condition.lastTransitionTime ?? since ?? now,
    };
  });
}
