// Printer columns of built-in resources, as `kubectl get` and `-o wide` of Kubernetes 1.36 show them.

import { getOwn } from '../../machinery/own.ts';
import type { Column } from '../definition.ts';
import { autoscalerColumns } from './autoscalers.ts';
import { defaultColumns } from './column.ts';
import { coreColumns } from './core.ts';
import { podColumns } from './pods.ts';
import { policyColumns } from './policy.ts';
import { storageColumns } from './storage.ts';
import { workloadColumns } from './workloads.ts';

const columns: Readonly<Record<string, readonly Column[]>> = {
  pods: podColumns,
  'horizontalpodautoscalers.autoscaling': autoscalerColumns,
  ...workloadColumns,
  ...coreColumns,
  ...storageColumns,
  ...policyColumns,
};

/** By plural name and group; a resource without columns of its own shows its name and when it was made. */
export function columnsOf(group: string, resource: string): readonly Column[] {
  return getOwn(columns, group ? `${resource}.${group}` : resource) ?? defaultColumns;
}
