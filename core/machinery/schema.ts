// The schema of a type: OpenAPI v3 as Kubernetes extends it, one representation for built-in types and custom resources.
// Source: CustomResourceDefinition structural schemas; KEP-1027, KEP-2906 (list types), SIG API machinery "merge strategies".

import type { Json } from './object.ts';

export interface Schema {
  /** Name of a built-in model, such as `io.k8s.api.core.v1.PodSpec`: what an OpenAPI document refers to. */
  readonly model?: string;
  /** Of a built-in model: how Go writes its fields. */
  readonly go?: GoFields;
  /** Of a built-in model: 0 is taken for "not set" by what fills in its defaults. */
  readonly zeroIsUnset?: true;
  readonly description?: string;
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  /** `int32`, `int64`, `double`, `date-time`, `byte`, `int-or-string`, `quantity`, and for custom resources any of OpenAPI's. */
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly enum?: readonly Json[];
  readonly default?: Json;
  readonly nullable?: boolean;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly not?: Schema;
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: 'atomic' | 'granular';
  readonly 'x-kubernetes-patch-strategy'?: string;
  readonly 'x-kubernetes-patch-merge-key'?: string;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-embedded-resource'?: boolean;
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[];
  readonly 'x-kubernetes-unions'?: readonly Json[];
}

/** What Go's encoder leaves out of a struct, and what it always writes (core/api/model-row.ts). */
export interface GoFields {
  /** Left out while they are empty. */
  readonly omitted: ReadonlySet<string>;
  /** Always written, and null where nothing else stands in them. */
  readonly nil: ReadonlySet<string>;
  /** What stands in each that nothing else stands in; an object of `struct` has its own such fields. */
  readonly always: readonly { readonly name: string; readonly zero: '' | 0 | false | null | 'struct' }[];
}

/** A CEL rule of `x-kubernetes-validations`. */
export interface ValidationRule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
  readonly fieldPath?: string;
  readonly optionalOldSelf?: boolean;
}
