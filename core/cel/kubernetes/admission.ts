// What expressions of admission may name. Source: k8s.io/apiserver, admission plugins for CEL; KEP-3488, KEP-3716, KEP-3962.

import type { Schema } from '../../machinery/schema.ts';
import { type Environment, type StructType, withVariables } from '../check/environment.ts';
import { declaredType, structsOf } from '../estimate/declared.ts';
import { authorizerType, requestResourceType } from '../libraries/authorizer.ts';
import * as t from '../types/types.ts';
import { fail, StructValue, type Value } from '../values/values.ts';
import { kubernetes } from './environment.ts';

/** Of webhooks, of policies before their variables are there, of policies, and of what they change. */
export type AdmissionPlace = 'webhook' | 'condition' | 'policy' | 'mutation';

/** What a policy declares, as far as it is known. */
export interface Declares {
  /** Its variables' types by name; undefined where they are not known, and any may be read. */
  readonly variables?: ReadonlyMap<string, t.Type> | undefined;
  /** Whether it has parameters. Default true. */
  readonly params?: boolean | undefined;
  /** Of the kinds of objects and parameters, where they are known. */
  readonly schemas?: { readonly object: Schema; readonly params?: Schema | undefined } | undefined;
}

export function admissionEnvironment(
  place: AdmissionPlace,
  { variables, params = true, schemas }: Declares = {},
): Environment {
  const object = schemas && declaredType(schemas.object, 'kubernetes.object', false);
  const parameters = schemas?.params && declaredType(schemas.params, 'kubernetes.params', false);
  const known = [object, parameters].flatMap((each) => (each ? [structsOf(each)] : []));
  const named: [string, t.Type][] = [
    ['object', object?.type ?? t.dyn],
    ['oldObject', object?.type ?? t.dyn],
    ['request', t.struct('kubernetes.AdmissionRequest')],
    // Webhooks may name it, too; of them it is null.
    ['namespaceObject', t.struct('kubernetes.Namespace')],
    ['authorizer', authorizerType],
    ['authorizer.requestResource', requestResourceType],
  ];
  if (place !== 'webhook' && params) named.push(['params', parameters?.type ?? t.dyn]);
  if (place === 'policy' || place === 'mutation') named.push(['variables', t.struct('kubernetes.variables')]);
  const field = (name: string) => (variables ? variables.get(name) : t.dyn);
  const own: StructType = { name: 'kubernetes.variables', field };
  return withVariables(kubernetes, named, (name) => {
    if (name === own.name) return own;
    for (const find of known) {
      const found = find(name);
      if (found) return found;
    }
    return structs.get(name) ?? (place === 'mutation' ? mutationType(name) : undefined);
  });
}

function structOf(name: string, fields: Readonly<Record<string, t.Type>>): readonly [string, StructType] {
  const known = new Map(Object.entries(fields));
  return [name, { name, field: (field) => known.get(field) }];
}

const { string } = t;
const texts = t.list(string);
const [kind, resource] = [t.struct('kubernetes.GroupVersionKind'), t.struct('kubernetes.GroupVersionResource')];
const textMap = t.map(string, string);

const structs: ReadonlyMap<string, StructType> = new Map([
  structOf(kind.name, { group: string, version: string, kind: string }),
  structOf(resource.name, { group: string, version: string, resource: string }),
  structOf('kubernetes.UserInfo', { username: string, uid: string, groups: texts, extra: t.map(string, texts) }),
  structOf('kubernetes.AdmissionRequest', {
    kind,
    resource,
    subResource: string,
    requestKind: kind,
    requestResource: resource,
    requestSubResource: string,
    name: string,
    namespace: string,
    operation: string,
    userInfo: t.struct('kubernetes.UserInfo'),
    dryRun: t.bool,
    options: t.dyn,
  }),
  structOf('kubernetes.NamespaceMetadata', {
    name: string,
    generateName: string,
    namespace: string,
    labels: textMap,
    annotations: textMap,
    UID: string,
    creationTimestamp: t.timestamp,
    deletionGracePeriodSeconds: t.int,
    deletionTimestamp: t.timestamp,
    generation: t.int,
    resourceVersion: string,
    finalizers: texts,
  }),
  structOf('kubernetes.NamespaceSpec', { finalizers: texts }),
  structOf('kubernetes.NamespaceCondition', {
    status: string,
    type: string,
    lastTransitionTime: t.timestamp,
    message: string,
    reason: string,
  }),
  structOf('kubernetes.NamespaceStatus', {
    conditions: t.list(t.struct('kubernetes.NamespaceCondition')),
    phase: string,
  }),
  structOf('kubernetes.Namespace', {
    metadata: t.struct('kubernetes.NamespaceMetadata'),
    spec: t.struct('kubernetes.NamespaceSpec'),
    status: t.struct('kubernetes.NamespaceStatus'),
  }),
]);

const patchFields: ReadonlyMap<string, t.Type> = new Map([
  ['op', string],
  ['path', string],
  ['from', string],
  ['value', t.dyn],
]);

/** `JSONPatch{}`, and `Object{}` with the types of its fields by their paths: `Object.spec{}`. */
function mutationType(name: string): StructType | undefined {
  if (name === 'JSONPatch') {
    return { name, field: (field) => patchFields.get(field), make: (fields) => new StructValue(name, fields) };
  }
  if (name !== 'Object' && !name.startsWith('Object.')) return undefined;
  return { name, field: () => t.dyn, make: (fields) => objectOf(name, fields) };
}

/** An object whose parts are of the types that its fields are named for. */
function objectOf(name: string, fields: ReadonlyMap<string, Value>): Value {
  for (const [field, value] of fields) {
    const wanted = `${name}.${field}`;
    if (value instanceof StructValue && value.name !== wanted && value.name.startsWith('Object'))
      return fail(
        `unexpected type name ${JSON.stringify(value.name)}, expected ${JSON.stringify(wanted)}, which matches field name path from root Object type`,
      );
  }
  return new StructValue(name, fields);
}
