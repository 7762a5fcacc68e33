// EncryptionConfiguration: which resources are encrypted in the store, and with which keys. The first provider writes, all of them read.
// Source: Kubernetes documentation, "Encrypting Confidential Data at Rest".

import { readConfigFile, refuse } from '../../config/config-file.ts';
import { duplicate, type FieldError, forbiddenField, invalidValue, required } from '../../machinery/field-error.ts';
import { getOwn } from '../../machinery/own.ts';
import type { Schema } from '../../machinery/schema.ts';
import { isOwnType } from '../own-types.ts';
import type { TypeName } from '../store.ts';
import type { Encryption, TypeEncryption } from './encrypted-store.ts';
import type { SealingKey } from './seal.ts';

interface Key {
  readonly name?: string;
  readonly secret?: string;
}

interface Provider {
  readonly aesgcm?: { readonly keys?: readonly Key[] };
  readonly identity?: object;
  readonly [other: string]: unknown;
}

interface Resources {
  readonly resources?: readonly string[];
  readonly providers?: readonly Provider[];
}

const kind = 'EncryptionConfiguration';
const string: Schema = { type: 'string' };
const list = (items: Schema): Schema => ({ type: 'array', items });
const object = (properties: Record<string, Schema>): Schema => ({ type: 'object', properties });
const any: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

const properties: Readonly<Record<string, Schema>> = {
  resources: list(
    object({
      resources: list(string),
      providers: list(
        object({
          aesgcm: object({ keys: list(object({ name: string, secret: string })) }),
          identity: any,
          aescbc: any,
          secretbox: any,
          kms: any,
        }),
      ),
    }),
  ),
};

/** Why a provider of Kubernetes' own is none here. */
const refused: Readonly<Record<string, string>> = {
  aescbc: 'is weak (padding oracles): use aesgcm',
  secretbox: 'is not supported: use aesgcm',
  kms: 'is not supported: use aesgcm',
};

/** `generated`: keys that values may have been sealed with before there was a file; they are read always. Throws ConfigFileError. */
export async function readEncryptionConfiguration(
  text: string,
  generated: readonly SealingKey[] = [],
): Promise<Encryption> {
  const apiVersions = ['apiserver.config.k8s.io/v1'];
  // as: it has the shape that the schema says.
  const found = (await readConfigFile(text, { kind, apiVersions, properties })) as { resources?: readonly Resources[] };
  const groups = found.resources ?? [];
  refuse(kind, groups.length === 0 ? [required('resources')] : groups.flatMap(groupErrors));
  const rules = groups.map(({ resources = [], providers = [] }) => ({
    covers: resources.map(coverage),
    rule: ruleOf(providers, generated),
  }));
  return byType((type) => rules.find(({ covers }) => covers.some((each) => each(type)))?.rule);
}

/** Secrets with one key; what is there without encryption, or with one of the former keys, is read. */
export function encryptSecrets(key: SealingKey, former: readonly SealingKey[] = []): Encryption {
  const readKeys = new Map([...former, key].map((each) => [each.name, each]));
  const rule = { writeKey: key, readKeys, readsPlain: true };
  return byType((type) => (type === 'secrets' ? rule : undefined));
}

function byType(find: (type: TypeName) => TypeEncryption | undefined): Encryption {
  const known = new Map<TypeName, TypeEncryption | undefined>();
  return {
    of(type) {
      if (known.has(type)) return known.get(type);
      // Types of ours hold counters and claims, nothing that anybody confides.
      const rule = isOwnType(type) ? undefined : find(type);
      known.set(type, rule);
      return rule;
    },
  };
}

/** `secrets`, `deployments.apps`, `*.apps`, `*.` for the core group, `*.*` for everything. */
function coverage(resource: string): (type: TypeName) => boolean {
  if (resource === '*.*') return () => true;
  const dot = resource.indexOf('.');
  const [plural, group] = dot < 0 ? [resource, ''] : [resource.slice(0, dot), resource.slice(dot + 1)];
  return (type) => {
    const slash = type.indexOf('/');
    const [own, ownGroup] = slash < 0 ? [type, ''] : [type.slice(slash + 1), type.slice(0, slash)];
    return ownGroup === group && (plural === '*' || plural === own);
  };
}

function ruleOf(providers: readonly Provider[], generated: readonly SealingKey[]): TypeEncryption {
  const keys = providers.flatMap((each) => (each.aesgcm?.keys ?? []).map(keyOf));
  const [first] = providers;
  const [firstKey] = first?.aesgcm?.keys ?? [];
  return {
    writeKey: firstKey && keyOf(firstKey),
    readKeys: new Map([...generated, ...keys].map((key) => [key.name, key])),
    readsPlain: providers.some((each) => each.identity !== undefined),
  };
}

function keyOf({ name = '', secret = '' }: Key): SealingKey {
  return { name, secret: Buffer.from(secret, 'base64') };
}

function groupErrors(
  { resources = [], providers = [] }: Resources,
  index: number,
  all: readonly Resources[],
): FieldError[] {
  const path = `resources[${index}]`;
  const errors: FieldError[] = [];
  if (resources.length === 0) errors.push(required(`${path}.resources`, 'at least one resource is required'));
  if (providers.length === 0) errors.push(required(`${path}.providers`, 'at least one provider is required'));
  for (const [at, resource] of resources.entries()) {
    const field = `${path}.resources[${at}]`;
    if (!/^(\*|[a-z0-9-]+)(\.[a-z0-9.*-]*)?$/.test(resource) || resource === '*')
      errors.push(invalidValue(field, resource, 'write secrets, deployments.apps, *.apps, *. (the core group) or *.*'));
    const before = all.slice(0, index).some((each) => each.resources?.includes(resource));
    if (before || resources.indexOf(resource) < at) errors.push(duplicate(field, resource));
  }
  const names = new Set<string>();
  for (const [at, provider] of providers.entries())
    errors.push(...providerErrors(provider, `${path}.providers[${at}]`, names));
  return errors;
}

function providerErrors(provider: Provider, path: string, names: Set<string>): FieldError[] {
  const [name, ...more] = Object.keys(provider);
  if (name === undefined) return [required(path, 'name a provider: aesgcm or identity')];
  if (more.length > 0) return [invalidValue(path, [name, ...more], 'name one provider an entry')];
  const why = getOwn(refused, name);
  if (why) return [forbiddenField(`${path}.${name}`, why)];
  if (!provider.aesgcm) return [];
  const keys = provider.aesgcm.keys ?? [];
  if (keys.length === 0) return [required(`${path}.aesgcm.keys`)];
  return keys.flatMap((key, at) => keyErrors(key, `${path}.aesgcm.keys[${at}]`, names));
}

function keyErrors({ name, secret }: Key, path: string, names: Set<string>): FieldError[] {
  const errors: FieldError[] = [];
  if (!name) errors.push(required(`${path}.name`));
  else if (Buffer.byteLength(name) > 255) errors.push(invalidValue(`${path}.name`, name, 'has more than 255 bytes'));
  else if (names.has(name)) errors.push(duplicate(`${path}.name`, name));
  else names.add(name);
  // The key itself is never repeated.
  const bytes = Buffer.from(secret ?? '', 'base64').length;
  if (!secret) errors.push(required(`${path}.secret`));
  else if (![16, 24, 32].includes(bytes))
    errors.push(invalidValue(`${path}.secret`, '<omitted>', `has ${bytes} bytes in base64: give 16, 24 or 32`));
  return errors;
}
