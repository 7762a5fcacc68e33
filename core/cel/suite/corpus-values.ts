// Values and types of the corpus, which writes them as JSON of protocol buffers.

import * as t from '../types/types.ts';
import { PlainList } from '../values/lists.ts';
import { type KeyOf, keyOf, PlainMap } from '../values/maps.ts';
import { parseDuration, parseTimestamp } from '../values/times.ts';
import { TypeValue, Uint, type Value } from '../values/values.ts';

/** undefined: a value of a type that Kubernetes' environment does not have. */
export function corpusValue(of: object): Value | undefined {
  const [[kind, value] = ['', undefined]] = Object.entries(of) as [string, unknown][];
  switch (kind) {
    case 'nullValue':
      return null;
    case 'boolValue':
      return value as boolean;
    case 'stringValue':
      return value as string;
    case 'int64Value':
      return BigInt(value as string);
    case 'uint64Value':
      return new Uint(BigInt(value as string));
    case 'doubleValue':
      return Number(value === '-Infinity' ? Number.NEGATIVE_INFINITY : value);
    case 'bytesValue':
      return Buffer.from(value as string, 'base64');
    case 'typeValue':
      return new TypeValue(value as string);
    case 'listValue': {
      const items = ((value as { values?: object[] }).values ?? []).map(corpusValue);
      return items.some((each) => each === undefined) ? undefined : new PlainList(items as Value[]);
    }
    case 'mapValue':
      return mapOf((value as { entries?: { key: object; value: object }[] }).entries ?? []);
    case 'objectValue':
      return message(value as { '@type': string; value?: string });
    default:
      return undefined;
  }
}

function mapOf(entries: readonly { key: object; value: object }[]): Value | undefined {
  const map = new Map<KeyOf, readonly [Value, Value]>();
  for (const each of entries) {
    const [key, value] = [corpusValue(each.key), corpusValue(each.value)];
    if (key === undefined || value === undefined) return undefined;
    const known = keyOf(key);
    if (known !== undefined) map.set(known, [key, value]);
  }
  return new PlainMap(map);
}

function message(of: { '@type': string; value?: string }): Value | undefined {
  if (of['@type'].endsWith('google.protobuf.Timestamp')) return parseTimestamp(of.value ?? '');
  if (of['@type'].endsWith('google.protobuf.Duration')) return parseDuration(of.value ?? '');
  return undefined;
}

const primitives = new Map([
  ['BOOL', t.bool],
  ['INT64', t.int],
  ['UINT64', t.uint],
  ['DOUBLE', t.double],
  ['STRING', t.string],
  ['BYTES', t.bytes],
]);

/** undefined: a type that Kubernetes' environment does not have. */
export function corpusType(of: object): t.Type | undefined {
  const [[kind, value] = ['', undefined]] = Object.entries(of) as [string, unknown][];
  switch (kind) {
    case 'dyn':
      return t.dyn;
    case 'null':
      return t.nullType;
    case 'primitive':
      return primitives.get(value as string);
    case 'wellKnown':
      return value === 'TIMESTAMP' ? t.timestamp : value === 'DURATION' ? t.duration : undefined;
    case 'listType': {
      const item = corpusType((value as { elemType: object }).elemType);
      return item && t.list(item);
    }
    case 'mapType': {
      const { keyType, valueType } = value as { keyType: object; valueType: object };
      const [key, each] = [corpusType(keyType), corpusType(valueType)];
      return key && each && t.map(key, each);
    }
    case 'abstractType': {
      const { name, parameterTypes = [] } = value as { name: string; parameterTypes?: object[] };
      const params = parameterTypes.map(corpusType);
      return params.some((each) => each === undefined) ? undefined : t.opaque(name, ...(params as t.Type[]));
    }
    default:
      return undefined;
  }
}
