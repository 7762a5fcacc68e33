// Makers of printer columns, and the texts that many of them share.

import type { V1LabelSelector, V1PodTemplateSpec } from '../../generated/kubernetes.ts';
import type { KubeObject, ObjectMeta } from '../machinery/object.ts';
import { getOwn } from '../machinery/own.ts';
import { ageOf } from './age.ts';
import type { Column } from './definition.ts';

type Cell = ReturnType<Column['cell']>;
type Read<T> = (object: T, now: Date) => Cell | undefined;

/** What kubectl shows for a value that is not there. */
export const none = '<none>';
export const unset = '<unset>';
export const unknown = '<unknown>';

export function text<T>(name: string, read: Read<T>): Column {
  return make(name, 'string', 0, read);
}

export function integer<T>(name: string, read: Read<T>): Column {
  return make(name, 'integer', 0, read);
}

export function boolean<T>(name: string, read: Read<T>): Column {
  return make(name, 'boolean', 0, read);
}

/** The same column, shown with `-o wide` alone. */
export function wide(column: Column): Column {
  return { ...column, priority: 1 };
}

function make<T>(name: string, type: Column['type'], priority: number, read: Read<T>): Column {
  const cell = (object: KubeObject, now: Date): Cell => {
    try {
      // A definition's columns are given objects of that definition's kind, which is what T is.
      return read(object as unknown as T, now) ?? null;
    } catch {
      // One object that lacks what its kind requires must not hide the others of a list.
      return null;
    }
  };
  return { name, type, priority, cell };
}

export const nameColumn: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name must be unique within a namespace.',
  priority: 0,
  cell: ({ metadata }) => metadata.name ?? '',
};

export const ageColumn: Column = {
  name: 'Age',
  type: 'string',
  description: 'Time since the object was created.',
  priority: 0,
  cell: ({ metadata }, now) => ageOf(metadata.creationTimestamp, now),
};

/** Resources without columns of their own. */
export const defaultColumns: readonly Column[] = [
  nameColumn,
  {
    name: 'Created At',
    type: 'date',
    description: 'When the object was created.',
    priority: 0,
    cell: ({ metadata }) => metadata.creationTimestamp ?? null,
  },
];

export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return pairs.sort().join(',') || none;
}

const operators: Readonly<Record<string, (key: string, values: string) => string>> = {
  In: (key, values) => `${key} in (${values})`,
  NotIn: (key, values) => `${key} notin (${values})`,
  Exists: (key) => key,
  DoesNotExist: (key) => `!${key}`,
};

export function selectorText(selector: V1LabelSelector | undefined): string {
  const equal = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => ({ key, text: `${key}=${value}` }));
  const others = (selector?.matchExpressions ?? []).map(({ key, operator, values = [] }) => ({
    key,
    text: getOwn(operators, operator)?.(key, [...values].sort().join(',')) ?? key,
  }));
  const all = [...equal, ...others].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return all.map((each) => each.text).join(',') || none;
}

/** The wide columns of everything that has a pod template. */
export function templateColumns<T>(read: (object: T) => V1PodTemplateSpec | undefined): readonly Column[] {
  const containers = (object: T) => read(object)?.spec?.containers ?? [];
  return [
    wide(text<T>('Containers', (object) => listed(containers(object).map((each) => each.name)))),
    wide(text<T>('Images', (object) => listed(containers(object).map((each) => each.image ?? '')))),
  ];
}

function listed(items: readonly string[]): string {
  return items.join(',');
}

/** Go's way to show an optional boolean. */
export function optionalBoolean(value: boolean | undefined): string {
  if (value === undefined) return unset;
  return value ? 'True' : 'False';
}

/** At most `max` of `items`, and how many more there are. */
export function shortened(items: readonly string[], max: number, separator = ','): string {
  const shown = items.slice(0, max).join(separator);
  return items.length > max ? `${shown} + ${items.length - max} more...` : shown;
}

export function isDeleting({ metadata }: { readonly metadata: ObjectMeta } | KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined;
}
