// Objects of any schema, drawn from a seed: what a kind could hold, not what its validation lets through.

import type { Schema } from '../../../machinery/schema.ts';

export type Random = () => number;

/** Numbers from 0 to 1 (mulberry32). */
export function randomFrom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A value of the schema. The deeper it stands the fewer fields it has. */
export function sampleOf(schema: Schema, random: Random, depth = 0): unknown {
  const pick = (max: number) => Math.floor(random() * max);
  if (schema.model?.endsWith('.FieldsV1') || schema['x-kubernetes-preserve-unknown-fields'])
    // Free JSON that is a JSON schema as well, which some of these fields must be.
    return { description: texts[pick(texts.length)], maxLength: pick(100) };
  if (schema['x-kubernetes-int-or-string']) return random() < 0.5 ? pick(70_000) : '25%';
  if (schema.type === 'array') {
    const length = depth > 12 ? 0 : pick(3);
    return Array.from({ length }, () => sampleOf(schema.items ?? {}, random, depth + 1));
  }
  if (schema.additionalProperties && typeof schema.additionalProperties === 'object') {
    const keys = texts.slice(0, pick(3)).map((each) => `key${each}`);
    const values = schema.additionalProperties;
    return Object.fromEntries(keys.map((key) => [key, sampleOf(values, random, depth + 1)]));
  }
  if (schema.type === 'object') {
    const chance = depth === 0 ? 1 : 2 / (2 + depth);
    const fields = Object.entries(schema.properties ?? {}).filter(() => random() < chance);
    if (depth > 12) return {};
    return Object.fromEntries(fields.map(([name, each]) => [name, sampleOf(each, random, depth + 1)]));
  }
  if (schema.type === 'boolean') return random() < 0.5;
  if (schema.type === 'integer') return [0, 1, -1, 127, 128, 300, 2 ** 31 - 1, -(2 ** 31)][pick(8)];
  if (schema.type === 'number') return [0, 0.5, -2.25, 1e300][pick(4)];
  return sampleText(schema, random, pick);
}

const texts = ['', 'a', 'Zwölf', '𝒳', '-', 'x'.repeat(200)];

function sampleText({ format, enum: values }: Schema, random: Random, pick: (max: number) => number): unknown {
  if (values) return values[pick(values.length)];
  if (format === 'date-time') return new Date(pick(4e9) * 1000).toISOString().replace('.000', '');
  if (format === 'micro-time')
    return new Date(pick(4e9) * 1000).toISOString().replace('.000', `.${String(pick(1e6)).padStart(6, '0')}`);
  if (format === 'quantity') return ['0', '500m', '1Gi', '2e3'][pick(4)];
  if (format === 'byte') return Buffer.from([pick(256), pick(256)]).toString('base64');
  return random() < 0.2 ? '' : texts[pick(texts.length)];
}
