// A Store around a store that counts how long its requests take, under the names that dashboards know etcd's by.

import { type Family, labelsOf, type Series } from '../metrics/family.ts';
import { createHistogram, type Histogram, observe } from '../metrics/histogram.ts';
import { type Store, StoreError, type TypeName, type Write } from './store.ts';

type Operation = 'get' | 'list' | 'create' | 'update' | 'delete';

interface Row {
  readonly seconds: Histogram;
  errors: number;
}

export interface StoreMeter<S extends Store> {
  readonly store: S;
  families(): Family[];
}

const secondsBounds = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];

/** `store`: an object whose methods are its own. Reads of logs and heads, by which replicas follow, are left out. */
export function meterStore<S extends Store>(store: S): StoreMeter<S> {
  const types = new Map<TypeName, Partial<Record<Operation, Row>>>();

  const rowOf = (type: TypeName, operation: Operation): Row => {
    let rows = types.get(type);
    if (!rows) {
      rows = {};
      types.set(type, rows);
    }
    rows[operation] ??= { seconds: createHistogram(secondsBounds), errors: 0 };
    return rows[operation];
  };
  const meter = async <T>(type: TypeName, operation: Operation, work: () => Promise<T>): Promise<T> => {
    const began = performance.now();
    const row = rowOf(type, operation);
    try {
      return await work();
    } catch (error) {
      if (isFailure(error)) row.errors += 1;
      throw error;
    } finally {
      observe(row.seconds, (performance.now() - began) / 1000);
    }
  };
  const meterWrites = <T>(writes: readonly Write[], work: () => Promise<T>): Promise<T> => {
    // What the commit is for stands first; what else it takes (allocations, claims) comes after.
    const first = writes.find(({ op }) => op !== 'check') ?? writes[0];
    return first ? meter(first.type, operationOf(first), work) : work();
  };

  return {
    store: {
      ...store,
      get: (type, name) => meter(type, 'get', () => store.get(type, name)),
      list: (type, options) => meter(type, 'list', () => store.list(type, options)),
      commit: (writes) => meterWrites(writes, () => store.commit(writes)),
      commitEach: (writes) => meterWrites(writes, () => store.commitEach(writes)),
    },
    families() {
      const rows = [...types].flatMap(([type, operations]) =>
        Object.entries(operations).map(([operation, row]) => ({ labels: labelsFor(type, operation), ...row })),
      );
      const family = (name: string, type: Family['type'], help: string, series: readonly Series[]): Family => ({
        name,
        type,
        help,
        series,
      });
      return [
        family(
          'etcd_request_duration_seconds',
          'histogram',
          'Time of a request to the store, which stands in place of etcd.',
          rows.map(({ labels, seconds }) => ({ labels, value: seconds })),
        ),
        family(
          'etcd_requests_total',
          'counter',
          'Requests to the store.',
          rows.map(({ labels, seconds }) => ({ labels, value: seconds.total })),
        ),
        family(
          'etcd_request_errors_total',
          'counter',
          'Requests to the store that failed; a lost race is no failure.',
          rows.map(({ labels, errors }) => ({ labels, value: errors })),
        ),
      ];
    },
  };
}

function operationOf(write: Write): Operation {
  if (write.op === 'check') return 'get';
  if (write.op === 'delete') return 'delete';
  return write.expect === 0 ? 'create' : 'update';
}

/** `apps/deployments`, or `pods`. */
function labelsFor(type: TypeName, operation: string): string {
  const slash = type.lastIndexOf('/');
  return labelsOf({ group: slash < 0 ? '' : type.slice(0, slash), operation, resource: type.slice(slash + 1) });
}

function isFailure(error: unknown): boolean {
  return !(error instanceof StoreError && (error.failure.code === 'conflict' || error.failure.code === 'compacted'));
}
