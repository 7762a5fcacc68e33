// Conversions between types. Source: CEL specification, "Type Conversions".

import { declared, type FunctionDeclaration, global } from '../check/environment.ts';
import * as t from '../types/types.ts';
import {
  boolOfText,
  doubleOfText,
  intOfDouble,
  intOfText,
  textOfDouble,
  uintOfDouble,
  uintOfText,
} from '../values/numbers.ts';
import { formatDuration, formatTimestamp, parseDuration, parseTimestamp, timestampOf } from '../values/times.ts';
import { Duration, fail, intResult, type Timestamp, type Uint, uintResult, type Value } from '../values/values.ts';

const same = (value: Value): Value => value;

export const conversions: readonly FunctionDeclaration[] = [
  declared(
    'bool',
    global('bool_to_bool', [t.bool], t.bool, same),
    global('string_to_bool', [t.string], t.bool, boolOfText),
  ),
  declared(
    'bytes',
    global('bytes_to_bytes', [t.bytes], t.bytes, same),
    global('string_to_bytes', [t.string], t.bytes, (text: string) => Buffer.from(text)),
  ),
  declared(
    'double',
    global('double_to_double', [t.double], t.double, same),
    global('int64_to_double', [t.int], t.double, (value: bigint) => Number(value)),
    global('string_to_double', [t.string], t.double, doubleOfText),
    global('uint64_to_double', [t.uint], t.double, ({ value }: Uint) => Number(value)),
  ),
  declared(
    'int',
    global('int64_to_int64', [t.int], t.int, same),
    global('double_to_int64', [t.double], t.int, intOfDouble),
    global('duration_to_int64', [t.duration], t.int, ({ nanos }: Duration) => nanos),
    global('string_to_int64', [t.string], t.int, intOfText),
    global('timestamp_to_int64', [t.timestamp], t.int, ({ seconds }: Timestamp) => BigInt(seconds)),
    global('uint64_to_int64', [t.uint], t.int, ({ value }: Uint) => intResult(value)),
  ),
  declared(
    'uint',
    global('uint64_to_uint64', [t.uint], t.uint, same),
    global('double_to_uint64', [t.double], t.uint, uintOfDouble),
    global('int64_to_uint64', [t.int], t.uint, (value: bigint) => uintResult(value)),
    global('string_to_uint64', [t.string], t.uint, uintOfText),
  ),
  declared(
    'string',
    global('string_to_string', [t.string], t.string, same),
    global('bool_to_string', [t.bool], t.string, (value: boolean) => String(value)),
    global('bytes_to_string', [t.bytes], t.string, textOfBytes),
    global('double_to_string', [t.double], t.string, textOfDouble),
    global('duration_to_string', [t.duration], t.string, formatDuration),
    global('int64_to_string', [t.int], t.string, (value: bigint) => String(value)),
    global('timestamp_to_string', [t.timestamp], t.string, formatTimestamp),
    global('uint64_to_string', [t.uint], t.string, ({ value }: Uint) => String(value)),
  ),
  declared(
    'timestamp',
    global('timestamp_to_timestamp', [t.timestamp], t.timestamp, same),
    global('int64_to_timestamp', [t.int], t.timestamp, (seconds: bigint) => timestampOf(Number(seconds), 0)),
    global('string_to_timestamp', [t.string], t.timestamp, (text: string) => {
      return parseTimestamp(text) ?? fail("type conversion error from 'string' to 'google.protobuf.Timestamp'");
    }),
  ),
  declared(
    'duration',
    global('duration_to_duration', [t.duration], t.duration, same),
    global('int64_to_duration', [t.int], t.duration, (nanos: bigint) => new Duration(nanos)),
    global('string_to_duration', [t.string], t.duration, (text: string) => {
      return parseDuration(text) ?? fail("type conversion error from 'string' to 'google.protobuf.Duration'");
    }),
  ),
];

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOfBytes(bytes: Uint8Array): Value {
  try {
    return utf8.decode(bytes);
  } catch {
    return fail('invalid UTF-8 in bytes, cannot convert to string');
  }
}
