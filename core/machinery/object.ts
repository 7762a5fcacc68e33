// The shapes that every Kubernetes object shares, as plain JSON values. Timestamps are RFC 3339 strings, as on the wire.

/** Whole numbers beyond 2^53 are bigints (machinery/json.ts). */
export type Json = string | number | bigint | boolean | null | Json[] | { [key: string]: Json };

/** A field of Go's type int64, that a user may have set to any of its values. */
export type Int64 = number | bigint;

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface ManagedFieldsEntry {
  manager?: string;
  operation?: 'Apply' | 'Update';
  apiVersion?: string;
  time?: string;
  fieldsType?: 'FieldsV1';
  fieldsV1?: { [key: string]: Json };
  subresource?: string;
}

export interface ObjectMeta {
  name?: string;
  generateName?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: Int64;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
  managedFields?: ManagedFieldsEntry[];
  selfLink?: string;
}

/** Any object of any type. Parts that know a type use its interface from `generated/kubernetes.ts` instead. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
}
