// How many pods the scheduler decides on in a second, on one core, beside the floors that Kubernetes' CI sets for its own.
// `npm run bench -- scheduler [--nodes 5000] [--only basic]`. Parsing the pods is part of the time; writing binds is not.

import { readCommandLine } from '../../core/process/command-line.ts';
import { podInfo } from '../../functions/scheduler/pod-info.ts';
import { SchedulerState, schedule } from '../../functions/scheduler/schedule.ts';
import type { V1Pod } from '../../generated/kubernetes.ts';
import { node, pod, type Workload, workloads } from './workloads.ts';

interface Row {
  readonly workload: string;
  readonly pods: number;
  readonly placed: number;
  readonly 'pods/s': number;
  readonly 'p99 of a batch, ms': number;
  readonly 'Kubernetes CI floor': number | string;
}

const batchSize = 64;

export async function run(args: readonly string[] = []): Promise<unknown> {
  const { values } = readCommandLine(
    {
      name: 'npm run bench -- scheduler',
      description: 'pods per second of one scheduler, for the workloads of bench/scheduler/workloads.ts',
      flags: {
        nodes: { value: 'count', help: 'of the cluster', default: '5000' },
        only: { value: 'workload', help: 'measure this one' },
      },
    },
    args,
  );
  const nodes = Number(values.nodes);
  const rows: Row[] = [];
  for (const workload of workloads) {
    if (values.only !== undefined && workload.name !== values.only) continue;
    rows.push(measure(workload, nodes));
  }
  console.table(rows);
  return rows;
}

function measure(workload: Workload, nodes: number): Row {
  const state = new SchedulerState();
  for (let i = 0; i < nodes; i++) state.model.setNode(node(i));
  const present = workload.present ?? workload.pod;
  const before = make(workload.before, (i) => present(i + 1_000_000));
  // Spread evenly, as they would be: how they came there is not what is measured.
  before.forEach((each, i) => {
    state.model.placePod(podInfo(each), `node-${String(i % nodes).padStart(5, '0')}`);
  });
  const measured = make(workload.measured, workload.pod);
  const hopeless = make(workload.hopeless ?? 0, (i) => pod('hopeless', i, { cpu: '64' }));
  const pods = interleave(measured, hopeless);

  const batches: number[] = [];
  const start = performance.now();
  let placed = 0;
  let waiting = pods;
  for (let round = 0; waiting.length > 0 && round < 2; round++) {
    const again: V1Pod[] = [];
    for (let i = 0; i < waiting.length; i += batchSize) {
      const from = performance.now();
      const infos = waiting.slice(i, i + batchSize).map((each) => podInfo(each));
      const { bindings, rejections } = schedule(state, infos);
      placed += bindings.length;
      for (const { pod: info, preemption } of rejections) {
        for (const victim of preemption?.victims ?? []) state.model.removePod(victim.key);
        if (preemption) again.push(info.pod);
      }
      batches.push(performance.now() - from);
    }
    waiting = again;
  }
  const seconds = (performance.now() - start) / 1000;
  batches.sort((a, b) => a - b);
  return {
    workload: workload.name,
    pods: pods.length,
    placed,
    'pods/s': Math.round(pods.length / seconds),
    'p99 of a batch, ms': Math.round((batches[Math.floor(batches.length * 0.99)] ?? 0) * 10) / 10,
    'Kubernetes CI floor': workload.floor ?? '',
  };
}

function make(count: number, of: (index: number) => V1Pod): V1Pod[] {
  return Array.from({ length: count }, (_, i) => of(i));
}

function interleave(left: readonly V1Pod[], right: readonly V1Pod[]): V1Pod[] {
  const all: V1Pod[] = [];
  for (let i = 0; i < Math.max(left.length, right.length); i++)
    for (const each of [right[i], left[i]]) if (each) all.push(each);
  return all;
}
