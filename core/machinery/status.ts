// Every failure that a user can cause, as one family: a reason from Kubernetes' table, its HTTP code, and data for the client.
// Source: API conventions, "Response Status Kind"; metav1.StatusReason.

/** Reason -> HTTP code. The one table that maps failures to responses. */
export const statusCodes = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Expired: 410,
  Gone: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  StorageReadError: 500,
  NotImplemented: 501,
  ServiceUnavailable: 503,
  Timeout: 504,
  ServerTimeout: 504,
} as const;

export type StatusReason = keyof typeof statusCodes;

export interface StatusCause {
  /** A CauseType of the API conventions, such as FieldValueInvalid. Policies give none. */
  reason?: string;
  message: string;
  /** Path of the field, such as `spec.containers[0].name`. */
  field?: string;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}

/** The `v1.Status` object that a client receives. */
export interface Status {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: { continue?: string };
  status: 'Success' | 'Failure';
  message?: string;
  /** `NonZeroExitCode` ends a command (remotecommand v4) and is no answer to a request. */
  reason?: StatusReason | 'NonZeroExitCode' | '';
  details?: StatusDetails;
  code?: number;
}

/** A failure on its way to the client. Thrown anywhere below the HTTP edge; the edge writes `status` as the response. */
export class StatusError extends Error {
  readonly reason: StatusReason;
  readonly code: number;
  readonly details: StatusDetails | undefined;
  /** With Expired: where an inconsistent list can go on. */
  readonly metadata: Status['metadata'];

  /** `code`: where the reason's own is not the one to answer with. */
  constructor(
    reason: StatusReason,
    message: string,
    details?: StatusDetails,
    metadata: Status['metadata'] = {},
    code: number = statusCodes[reason],
  ) {
    super(message);
    this.name = 'StatusError';
    this.reason = reason;
    this.code = code;
    this.details = details;
    this.metadata = metadata;
  }

  get status(): Status {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.metadata,
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      ...(this.details && { details: this.details }),
      code: this.code,
    };
  }
}

/** Whether `error` is a StatusError with one of these reasons. */
export function hasReason(error: unknown, ...reasons: StatusReason[]): error is StatusError {
  return error instanceof StatusError && reasons.includes(error.reason);
}

/** What a failure speaks about: the resource as the client names it. */
export interface StatusSubject {
  group: string;
  /** Plural resource name, such as `deployments`. */
  resource: string;
}

function qualified({ group, resource }: StatusSubject): string {
  return group ? `${resource}.${group}` : resource;
}

export function notFound(subject: StatusSubject, name: string): StatusError {
  return new StatusError('NotFound', `${qualified(subject)} "${name}" not found`, details(subject, name));
}

export function alreadyExists(subject: StatusSubject, name: string): StatusError {
  return new StatusError('AlreadyExists', `${qualified(subject)} "${name}" already exists`, details(subject, name));
}

export function conflict(subject: StatusSubject, name: string, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${qualified(subject)} "${name}": ${why}`;
  return new StatusError('Conflict', message, details(subject, name));
}

export function forbidden(subject: StatusSubject, name: string, why: string): StatusError {
  const what = name ? `${qualified(subject)} "${name}"` : qualified(subject);
  return new StatusError('Forbidden', `${what} is forbidden: ${why}`, details(subject, name));
}

export function badRequest(message: string): StatusError {
  return new StatusError('BadRequest', message);
}

/** What stands behind this server answered with what cannot be passed on. */
export function badGateway(message: string): StatusError {
  // As Kubernetes: there is no reason of its own.
  return new StatusError('InternalError', message, undefined, {}, 502);
}

/** A resource version that the log no longer reaches (API concepts, "410 Gone responses"). */
export function expired(message: string): StatusError {
  return new StatusError('Expired', message);
}

function details({ group, resource }: StatusSubject, name: string): StatusDetails {
  return { ...(name && { name }), ...(group && { group }), kind: resource };
}
