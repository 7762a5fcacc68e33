import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foreignFailure, readStatus } from './foreign-status.ts';
import { statusCodes } from './status.ts';

describe('a Status of somebody else', () => {
  it('keeps what Kubernetes knows', () => {
    const failure = {
      kind: 'Status',
      status: 'Failure',
      reason: 'NotFound',
      code: 404,
      message: 'not here',
      details: { name: 'n', kind: 'pods', causes: [{ reason: 'r', message: 'm', field: 'f' }], retryAfterSeconds: 3 },
    };
    expect(readStatus(failure)).toEqual({ ...failure, apiVersion: 'v1', metadata: {} });
    const success = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' };
    expect(readStatus(success)).toEqual(success);
    // How kubectl learns with what code a command ended.
    const details = { causes: [{ reason: 'ExitCode', message: '7' }] };
    expect(readStatus({ status: 'Failure', reason: 'NonZeroExitCode', message: 'x', details })).toMatchObject({
      reason: 'NonZeroExitCode',
      details,
    });
  });

  it('takes the reason of its code, and is our own failure without either', () => {
    expect(foreignFailure({ code: 409, message: 'm' })).toMatchObject({ code: 409, message: 'm' });
    expect(foreignFailure({ message: 'm' }, 403)).toMatchObject({ reason: 'Forbidden' });
    expect(foreignFailure({ code: 200 })).toMatchObject({ reason: 'InternalError', code: 500 });
    expect(foreignFailure({ reason: 'constructor', code: '404' })).toMatchObject({ reason: 'InternalError' });
  });

  it('loses what could not be answered', () => {
    for (const retryAfterSeconds of [-1, 1.5, 1e300, '1', Number.NaN, null, {}])
      expect(foreignFailure({ details: { retryAfterSeconds } }).details).toBeUndefined();
    expect(foreignFailure({ message: 'x'.repeat(100_000) }).message).toHaveLength(8192);
    expect(foreignFailure({ details: { causes: Array(1000).fill({}) } }).details?.causes).toHaveLength(100);
  });

  it('is always one that can be sent', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const { code, message, reason } = readStatus({ ...Object(value), message: value, code: value, details: value });
        expect(code === undefined || Object.values<number>(statusCodes).includes(code)).toBe(true);
        expect(message === undefined || typeof message === 'string').toBe(true);
        expect(reason === undefined || typeof reason === 'string').toBe(true);
      }),
    );
  });
});
