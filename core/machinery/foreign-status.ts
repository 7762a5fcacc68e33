// A Status that somebody else sent: a node, a webhook, another API server. Its fields are read one by one, within limits, so that it can
// be thrown, stored and answered as one of ours.

import {
  type Status,
  type StatusCause,
  type StatusDetails,
  StatusError,
  type StatusReason,
  statusCodes,
} from './status.ts';

const maxMessage = 8 * 1024;
/** Names, kinds, groups, fields: none of Kubernetes' own is longer. */
const maxWord = 1024;
const maxCauses = 100;
/** A client that is told to come back later than in a day need not be told. */
const maxRetrySeconds = 24 * 3600;

/** The Status in `value`. What is no Status at all is a failure that says so. */
export function readStatus(value: unknown): Status {
  if (!isRecord(value)) return new StatusError('InternalError', 'the answer of a failure is not a Status').status;
  if (value['status'] !== 'Success') {
    const { status } = foreignFailure(value);
    return value['reason'] === 'NonZeroExitCode' ? { ...status, reason: 'NonZeroExitCode' } : status;
  }
  const message = text(value['message'], maxMessage);
  const details = detailsOf(value['details']);
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    ...(message !== undefined && { message }),
    ...(details && { details }),
  };
}

/** The failure in `value`; with the reason of `code` where it names none that Kubernetes knows. */
export function foreignFailure(value: unknown, code?: number): StatusError {
  const { reason, message, details, code: own } = isRecord(value) ? value : {};
  return new StatusError(
    reasonOf(reason, own ?? code),
    text(message, maxMessage) ?? 'no reason was given',
    detailsOf(details),
  );
}

/** A reason of Kubernetes' table: the one that is named, or the first with this code. */
export function reasonOf(reason: unknown, code: unknown, otherwise: StatusReason = 'InternalError'): StatusReason {
  const named = reasons.find((each) => each === reason);
  return named ?? reasons.find((each) => statusCodes[each] === code) ?? otherwise;
}

// as: keys of the table.
const reasons = Object.keys(statusCodes) as StatusReason[];

function detailsOf(value: unknown): StatusDetails | undefined {
  if (!isRecord(value)) return undefined;
  const { name, group, kind, uid, causes, retryAfterSeconds } = value;
  const words = { name: word(name), group: word(group), kind: word(kind), uid: word(uid) };
  const known = Object.entries(words).filter(([, each]) => each !== undefined);
  const details: StatusDetails = {
    ...Object.fromEntries(known),
    ...(Array.isArray(causes) && { causes: causes.slice(0, maxCauses).filter(isRecord).map(causeOf) }),
    ...(isSeconds(retryAfterSeconds) && { retryAfterSeconds }),
  };
  return Object.keys(details).length === 0 ? undefined : details;
}

function causeOf({ reason, message, field }: Record<string, unknown>): StatusCause {
  const path = word(field);
  return {
    reason: word(reason) ?? '',
    message: text(message, maxMessage) ?? '',
    ...(path !== undefined && { field: path }),
  };
}

function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= maxRetrySeconds;
}

function word(value: unknown): string | undefined {
  return text(value, maxWord);
}

function text(value: unknown, max: number): string | undefined {
  return typeof value === 'string' ? value.slice(0, max) : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
