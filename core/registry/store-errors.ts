// The store's failures as Statuses. Conflicts are not here: what they mean depends on the operation.

import { StatusError, type StatusSubject } from '../machinery/status.ts';
import { type Check, type Sealed, StoreError } from '../store/store.ts';

/** The Status of a store failure; anything else is given back as it is. */
export function storeStatus(error: unknown, subject: StatusSubject, name: string): unknown {
  if (!(error instanceof StoreError)) return error;
  const details = { ...(name && { name }), ...(subject.group && { group: subject.group }), kind: subject.resource };
  const { failure } = error;
  switch (failure.code) {
    case 'throttled':
      return new StatusError('TooManyRequests', 'The store asks to slow down; try again later', {
        ...details,
        retryAfterSeconds: Math.max(1, Math.ceil(failure.data.retryAfterMs / 1000)),
      });
    case 'ambiguous':
      return new StatusError(
        'ServerTimeout',
        `It is not known whether the write of ${subject.resource} "${name}" happened; read it before trying again`,
        {
          ...details,
          retryAfterSeconds: 1,
        },
      );
    case 'full':
      return new StatusError(
        'InternalError',
        `The store has no room left on its device (${failure.data.path}); free space and try again`,
        details,
      );
    case 'overQuota':
      return new StatusError(
        'Forbidden',
        `exceeded quota: this cluster's store holds the ${failure.data.limit} bytes${failure.data.objects === undefined ? '' : ` or ${failure.data.objects} objects`} that it may: delete what is not needed, and try again`,
        details,
      );
    case 'tooLarge':
      return new StatusError(
        'RequestEntityTooLarge',
        `The object is too large to store: ${failure.data.size} bytes, the limit is ${failure.data.limit}`,
        details,
      );
    case 'compacted':
      return new StatusError('Expired', 'The provided resource version is too old');
    case 'closed':
      return new StatusError('ServiceUnavailable', 'The store is closed: the server is shutting down', {
        ...details,
        retryAfterSeconds: 1,
      });
    case 'sealed':
      return storageReadError(subject, [failure.data]);
    case 'conflict':
      return new StatusError(
        'Conflict',
        `Operation cannot be fulfilled on ${subject.resource} "${name}": the object has been modified; please apply your changes to the latest version and try again`,
        details,
      );
  }
}

/** Names each object that cannot be read. Source: KEP-3926. */
export function storageReadError(subject: StatusSubject, sealed: readonly Sealed[]): StatusError {
  const [first, ...more] = sealed;
  const others = more.length > 0 ? ` (and ${more.length} more of them)` : '';
  return new StatusError(
    'StorageReadError',
    `${subject.resource} ${JSON.stringify(first?.name)} cannot be decrypted: ${first?.why}${others}`,
    {
      ...(first && { name: first.name }),
      ...(subject.group && { group: subject.group }),
      kind: subject.resource,
      causes: sealed
        .slice(0, 100)
        .map(({ name, why }) => ({ reason: 'UnexpectedServerResponse', message: why, field: name })),
    },
  );
}

export function isConflict(error: unknown): error is StoreError {
  return error instanceof StoreError && error.failure.code === 'conflict';
}

/** Whether one of these conditions is what did not hold. */
export function isConflictAbout(error: unknown, checks: readonly Check[]): boolean {
  if (!(error instanceof StoreError) || error.failure.code !== 'conflict') return false;
  const { type, name } = error.failure.data;
  return checks.some((each) => each.type === type && each.name === name);
}

export function isAmbiguous(error: unknown): error is StoreError {
  return error instanceof StoreError && error.failure.code === 'ambiguous';
}
