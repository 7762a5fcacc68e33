// Pods on a node: what its agent adds to the container runtime, for one pod and for thirty at once, and what it takes for itself then.

import { setTimeout as delay } from 'node:timers/promises';
import { removeCgroups } from '../../agent/containerd/teardown.ts';
import { type ContainerRuntime, connectRuntime } from '../../agent/cri/runtime.ts';
import { startCluster, type TestCluster } from '../../test/tools/cluster.ts';
import { cpuTicks, megabytes, pidOf, ticksPerSecond } from '../footprint/main.ts';
import { benchPod } from '../pod-start/bench-pod.ts';
import { quantile, runtimeTimes, startsOverHttp } from '../pod-start/main.ts';
import type { Row } from './row.ts';

const starts = 10;
const podCount = 30;
const idleSeconds = 15;
const cgroup = '/zeroplane-bench';
/** As many as the agent has in the runtime at once on two cores. */
const atOnce = 3;

export async function podRows(): Promise<Row[]> {
  const cluster = await startCluster('zpbench4', '10.211.4');
  try {
    const alone = (await startsOverHttp(cluster, starts + 2)).slice(-starts);
    const runtime = runtimeTimes(cluster).slice(-starts);
    const bare = await bareStarts(cluster);
    const began = performance.now();
    await cluster.apply(Array.from({ length: podCount }, (_, at) => benchPod(`pod-${at}`)));
    const names = Array.from({ length: podCount }, (_, at) => `pod/pod-${at}`);
    await cluster.kubectl('wait', '--for=jsonpath={.status.phase}=Running', ...names, '--timeout=180s');
    const together = (performance.now() - began) / 1000;
    // What starting left behind was collected.
    await delay(20_000);
    const pid = pidOf(cluster.dataDir, 'agent');
    const before = cpuTicks(pid);
    await delay(idleSeconds * 1000);
    const idle = ((cpuTicks(pid) - before) / ticksPerSecond / idleSeconds) * 100;
    const rss = megabytes(pid, 'status', 'VmRSS');
    const above = quantile(alone, 0.5) - quantile(runtime, 0.5);
    return [
      { what: 'a pod, POST to Running seen by a watch, above the runtime, p50', figure: above, unit: 'ms', goal: '50' },
      {
        what: `${podCount} pods at once, kubectl apply to all Running`,
        figure: rate(together),
        unit: 'pods/s',
        goal: "the runtime's",
      },
      {
        what: `${podCount} pods at once, the runtime alone (${atOnce} at a time)`,
        figure: rate(bare),
        unit: 'pods/s',
        goal: '',
      },
      { what: `agent with ${podCount} pods, RSS`, figure: rss, unit: 'MB', goal: '80' },
      { what: `agent with ${podCount} pods, idle`, figure: Number(idle.toFixed(2)), unit: '% of a core', goal: '1' },
    ];
  } finally {
    await cluster.remove();
  }
}

function rate(seconds: number): number {
  return Number((podCount / seconds).toFixed(1));
}

/** Seconds for as many sandboxes with a container each, asked of the same containerd by its own protocol. */
async function bareStarts({ dataDir }: TestCluster): Promise<number> {
  const runtime = connectRuntime(`${dataDir}/agent/containerd/containerd.sock`);
  const sandboxes: string[] = [];
  try {
    const began = performance.now();
    const left = Array.from({ length: podCount }, (_, at) => `bare-${at}`);
    const work = async () => {
      for (let name = left.pop(); name !== undefined; name = left.pop()) sandboxes.push(await startBare(runtime, name));
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    return (performance.now() - began) / 1000;
  } finally {
    for (const podSandboxId of sandboxes) {
      await runtime.stopPodSandbox({ podSandboxId });
      await runtime.removePodSandbox({ podSandboxId });
    }
    runtime.close();
    await removeCgroups(cgroup);
  }
}

async function startBare(runtime: ContainerRuntime, name: string): Promise<string> {
  const sandboxConfig = {
    metadata: { name, uid: name, namespace: 'bench', attempt: 0 },
    hostname: name,
    linux: { cgroupParent: `${cgroup}/${name}` },
  };
  const { podSandboxId } = await runtime.runPodSandbox({ config: sandboxConfig });
  const { containerId } = await runtime.createContainer({
    podSandboxId,
    config: {
      metadata: { name: 'main', attempt: 0 },
      image: { image: 'zeroplane.local/busybox:1' },
      command: ['/bin/sleep', '3600'],
    },
    sandboxConfig,
  });
  await runtime.startContainer({ containerId });
  return podSandboxId;
}
