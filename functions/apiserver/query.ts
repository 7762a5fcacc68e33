// The one reader of query parameters: each is read as its declaration says, the same way everywhere.
// Source: Kubernetes' conversion of query parameters to options (apimachinery, runtime/conversion.go).

import { badRequest } from '../../core/machinery/status.ts';

const empty = new URLSearchParams();

/** Parses a query string. */
export function parseQuery(query: string): URLSearchParams {
  return query === '' ? empty : new URLSearchParams(query);
}

/** As a parameter of type bool: everything but `false` in any case and `0` is true, also nothing (`?watch=`). */
export function isTrue(value: string): boolean {
  return value !== '0' && value.toLowerCase() !== 'false';
}

/** What decides about access. It stands in the request info that was authorized, and is read nowhere else. */
type Decisive = 'watch' | 'fieldSelector' | 'labelSelector';
type Name<N extends string> = N extends Decisive ? never : N;

/** What routes see of a query. Of a parameter that is given more than once the first counts. A class, since one is made for every request. */
export class Query {
  private readonly parameters: URLSearchParams;

  constructor(parameters: URLSearchParams) {
    this.parameters = parameters;
  }

  get isEmpty(): boolean {
    return this.parameters.size === 0;
  }

  has<N extends string>(name: Name<N>): boolean {
    return this.parameters.has(name);
  }

  /** undefined: not given. */
  text<N extends string>(name: Name<N>): string | undefined {
    return this.parameters.get(name) ?? undefined;
  }

  /** All values of a list. */
  texts<N extends string>(name: Name<N>): string[] {
    return this.parameters.getAll(name);
  }

  /** False where it is not given. */
  boolean<N extends string>(name: Name<N>): boolean {
    const value = this.parameters.get(name);
    return value !== null && isTrue(value);
  }

  /** undefined: not given. */
  optionalBoolean<N extends string>(name: Name<N>): boolean | undefined {
    const value = this.parameters.get(name);
    return value === null ? undefined : isTrue(value);
  }

  /** An int64; undefined: not given. Above 2^53 it is rounded. Throws BadRequest. */
  integer<N extends string>(name: Name<N>): number | undefined {
    const value = this.parameters.get(name);
    if (value === null) return undefined;
    // As Go says it.
    const wrong = (why: string) =>
      badRequest(`strconv.ParseInt: parsing ${JSON.stringify(value.slice(0, 100))}: ${why}`);
    if (!/^[+-]?\d+$/.test(value)) throw wrong('invalid syntax');
    const digits = unsigned(value);
    if (digits.length > mostDigits || BigInt.asIntN(64, BigInt(digits)) !== BigInt(digits))
      throw wrong('value out of range');
    return Number(value);
  }

  /** Numbers of 16 bits, repeated or joined by commas. Throws BadRequest. */
  ports<N extends string>(name: Name<N>): number[] {
    const texts = this.parameters.getAll(name).flatMap((each) => each.split(','));
    return texts.map((text) => {
      const port = /^\d{1,20}$/.test(text) ? Number(text) : Number.NaN;
      if (!(port <= 65535))
        throw badRequest(
          `the query parameter ${name} must name ports such as 80 or 80,443, not ${JSON.stringify(text.slice(0, 100))}`,
        );
      return port;
    });
  }

  /** As it was sent, once it is known to be a time (RFC 3339); undefined: not given, or empty. Throws BadRequest. */
  time<N extends string>(name: Name<N>): string | undefined {
    const value = this.parameters.get(name);
    // Older clients write a time that is not set as JSON does.
    if (value === null || value === '' || value === 'null') return undefined;
    if (!rfc3339.test(value) || Number.isNaN(Date.parse(value)))
      throw badRequest(
        `the query parameter ${name} must be a time such as 2006-01-02T15:04:05Z (RFC 3339), not ${JSON.stringify(value.slice(0, 100))}`,
      );
    return value;
  }

  /** For who hands a request on: encoded anew, so that another server reads the same. */
  toString(): string {
    return this.parameters.toString();
  }
}

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.,]\d+)?(Z|[+-]\d\d:\d\d)$/;

/** BigInt knows no plus. */
/** Of an int64 with its sign, and some zeros before it. */
const mostDigits = 40;

function unsigned(text: string): string {
  return text.startsWith('+') ? text.slice(1) : text;
}
