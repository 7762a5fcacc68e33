// From the POST of a pod whose image is there to its container Running, as a watch tells it, and from kubectl's own start to its end:
// `npm run bench -- pod-start`. One pod at a time, in turns with what the container runtime takes for the same.

import { CommandLineError, readCommandLine } from '../../core/process/command-line.ts';
import { startCluster, type TestCluster } from '../../test/tools/cluster.ts';
import { benchPod, type PodKind, podKinds } from './bench-pod.ts';
import { quantile } from './quantile.ts';
import { startsInTurns } from './turns.ts';

export async function run(args: readonly string[]): Promise<unknown> {
  const { values } = readCommandLine(
    {
      name: 'npm run bench -- pod-start',
      description:
        'from the POST of a pod to its container Running, step by step, beside what the runtime itself takes',
      flags: {
        beside: { value: 'folder', help: 'a checkout of another version: both take turns' },
        rounds: { value: 'count', default: '30', help: 'pods of each' },
        kinds: { value: 'list', default: 'plain', help: `of ${podKinds.join(', ')}, with commas between` },
        'at-once': { value: 'count', default: '0', help: 'pods that are started at once, too, three times' },
        kubectl: { help: 'from `kubectl apply` to the end of `kubectl wait`, too' },
      },
    },
    args,
  );
  const [rounds, atOnce] = [countOf('rounds', values.rounds, 1), countOf('at-once', values['at-once'], 0)];
  const kinds = values.kinds.split(',').map(kindOf);
  const turns = await startsInTurns({ rounds, kinds, beside: values.beside, atOnce });
  return values.kubectl ? { turns, kubectl: await kubectlStarts(rounds) } : turns;
}

function countOf(flag: string, text: string, least: number): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= least) return count;
  throw new CommandLineError(`--${flag} must be a number of pods, at least ${least}, not ${JSON.stringify(text)}`);
}

function kindOf(text: string): PodKind {
  const kind = podKinds.find((each) => each === text);
  if (kind) return kind;
  throw new CommandLineError(`--kinds must be of ${podKinds.join(', ')}, not ${JSON.stringify(text)}`);
}

async function kubectlStarts(rounds: number): Promise<unknown> {
  const cluster = await startCluster('zpbench2', '10.211.2');
  try {
    const took: number[] = [];
    for (let at = -2; at < rounds; at += 1) {
      const each = await startPod(cluster, `bench-${at + 2}`);
      // The first two warm caches of kubectl (discovery) and of the node.
      if (at >= 0) took.push(each);
    }
    const row = { what: 'kubectl apply to Running', p50: quantile(took, 0.5), p90: quantile(took, 0.9) };
    console.table([row]);
    console.log('milliseconds. Goal: p50 under 700');
    return row;
  } finally {
    await cluster.remove();
  }
}

async function startPod(cluster: TestCluster, name: string): Promise<number> {
  const began = performance.now();
  await cluster.apply(JSON.stringify(benchPod(name)));
  await cluster.kubectl('wait', '--for=jsonpath={.status.phase}=Running', `pod/${name}`, '--timeout=30s');
  const took = performance.now() - began;
  await cluster.kubectl('delete', 'pod', name, '--wait=true');
  return Math.round(took);
}
