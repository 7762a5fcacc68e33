// What a controller reads through the API instead of the store, because somebody else serves it: metrics, aggregated APIs.

import { foreignFailure } from '../../core/machinery/foreign-status.ts';
import { decodeJson } from '../../core/machinery/json-body.ts';
import { StatusError } from '../../core/machinery/status.ts';

/** GET of a path of the API, as the controller's user. Fails with a StatusError. */
export type ReadApi = (path: string, query: Readonly<Record<string, string>>) => Promise<unknown>;

/** Of a cluster that serves nothing. */
export const nothingServed: ReadApi = () =>
  Promise.reject(new StatusError('NotFound', 'the server could not find the requested resource'));

/** What an answer says. Throws the StatusError that it carries, or one that says that it is no answer of an API server. */
export function answerOf(code: number, body: Uint8Array): unknown {
  let value: unknown;
  try {
    value = decodeJson(body);
  } catch {
    throw new StatusError('InternalError', `the API answered ${code} and no JSON`);
  }
  if (code < 400) return value;
  throw foreignFailure(value, code);
}
