// Configuration files in Kubernetes' own form (apiVersion and kind, as YAML or JSON), read strictly: everything that is wrong is
// told at once, with its field.

import type { FieldError } from '../machinery/field-error.ts';
import type { Decoded } from '../machinery/json.ts';
import { decodeJson } from '../machinery/json-body.ts';
import type { Schema } from '../machinery/schema.ts';
import { StatusError } from '../machinery/status.ts';
import { applyDefaults } from '../machinery/structure/apply-defaults.ts';
import { prune } from '../machinery/structure/prune.ts';
import { validateStructure } from '../machinery/structure/validate-structure.ts';

export interface ConfigFileKind {
  readonly kind: string;
  readonly apiVersions: readonly string[];
  /** Of the fields beside apiVersion and kind. */
  readonly properties: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

/** A file that its user has to mend: one line for each thing that is wrong. */
export class ConfigFileError extends Error {
  constructor(kind: string, lines: readonly string[]) {
    super(lines.length === 1 ? `${kind}: ${lines[0]}` : `${kind}:\n${lines.map((line) => `  ${line}`).join('\n')}`);
    this.name = 'ConfigFileError';
  }
}

/** The fields of a file of this kind, with defaults. Throws ConfigFileError. The result has the shape that the schema says. */
export async function readConfigFile(text: string, kind: ConfigFileKind): Promise<object> {
  const value = await decode(text, kind.kind);
  const { apiVersion, kind: kindOfFile } = value;
  if (kindOfFile !== kind.kind || typeof apiVersion !== 'string' || !kind.apiVersions.includes(apiVersion)) {
    const versions = kind.apiVersions.join(' or ');
    throw new ConfigFileError(kind.kind, [
      `the file is ${JSON.stringify(kindOfFile ?? '')} of ${JSON.stringify(apiVersion ?? '')}: write kind: ${kind.kind} and apiVersion: ${versions}`,
    ]);
  }
  const string: Schema = { type: 'string' };
  const schema: Schema = {
    type: 'object',
    properties: { ...kind.properties, apiVersion: string, kind: string },
    ...(kind.required && { required: kind.required }),
  };
  const unknown = prune(schema, value);
  applyDefaults(schema, value);
  refuse(kind.kind, validateStructure(schema, value), unknown);
  return value;
}

/** Throws ConfigFileError where there are errors. */
export function refuse(kind: string, errors: readonly FieldError[], more: readonly string[] = []): void {
  const lines = [...more, ...errors.map(({ field, message }) => `${field}: ${message}`)];
  if (lines.length > 0) throw new ConfigFileError(kind, lines);
}

async function decode(text: string, kind: string): Promise<Record<string, unknown>> {
  let decoded: Decoded;
  try {
    // JSON is YAML too; it does without the library.
    if (text.trimStart().startsWith('{')) decoded = { value: decodeJson(text), duplicates: [] };
    else decoded = (await import('../machinery/yaml.ts')).decodeYaml(text);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    throw new ConfigFileError(kind, [error.message]);
  }
  const { value, duplicates } = decoded;
  if (duplicates.length > 0) throw new ConfigFileError(kind, [...duplicates]);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ConfigFileError(kind, ['the file holds no object: it starts with apiVersion and kind']);
  // as: a JSON object, as was just seen.
  return value as Record<string, unknown>;
}
