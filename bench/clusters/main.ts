// Clusters for nothing: on one machine what an idle one costs its host's memory, and how long one takes from its creation over its use to its
// end, with a hundred idle ones beside it; on AWS requests and dollars of one.

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readCommandLine } from '../../core/process/command-line.ts';
import { writeCommandLine } from '../../local/release/npm-package.ts';
import { planControlPlane } from '../../test/tools/control-plane.ts';
import { kubectlFor, runTool } from '../../test/tools/kubectl.ts';
import { measureOnAws } from './aws.ts';

export async function run(args: readonly string[]): Promise<unknown> {
  const { values } = readCommandLine(
    {
      name: 'npm run bench -- clusters',
      description: 'clusters that one machine, or one deployment on AWS, hosts',
      flags: {
        idle: { value: 'clusters', help: 'beside the one that is measured', default: '100' },
        on: { value: 'ground', help: 'machine or aws; default: both, one after the other', default: '' },
        turns: { value: 'turns', help: 'how often one is made, used and deleted', default: '5' },
      },
    },
    args,
  );
  const { on } = values;
  if (!['', 'machine', 'aws'].includes(on)) throw new Error(`--on ${on}: give machine or aws`);
  const machine = on === 'aws' ? undefined : await onMachine(Number(values.idle), Number(values.turns));
  const aws = on === 'machine' ? undefined : await onAws();
  return { ...machine, ...(aws && { aws }) };
}

async function onAws() {
  const folder = mkdtempSync(join(tmpdir(), 'bench-clusters-'));
  try {
    const program = join(folder, 'command-line');
    await writeCommandLine(program);
    const measured = await measureOnAws(join(program, 'zeroplane.mjs'));
    const { rows, idleMonth } = measured;
    console.table(
      rows.map(
        ({ name, seconds, dollars, apiRequests, invocations, gigabyteSeconds, readUnits, writeUnits, messages }) => ({
          ...{ name, seconds: Number(seconds.toFixed(2)), 'API requests': apiRequests, invocations },
          ...{ 'GB-seconds': Number(gigabyteSeconds.toFixed(3)), 'read units': Math.round(readUnits) },
          ...{ 'write units': Math.round(writeUnits), messages, dollars: dollars.toFixed(6) },
        }),
      ),
    );
    console.log(
      `on AWS, idle for a month: $${idleMonth.dollars.toFixed(6)}, of ${idleMonth.items} items with ${(idleMonth.bytes / 1e6).toFixed(2)} MB`,
    );
    console.log(
      `the look at all of them every five minutes, a month: $${idleMonth.looks.toFixed(4)}, also where there are none`,
    );
    return measured;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function onMachine(idle: number, turns: number) {
  const plane = await planControlPlane();
  try {
    // As a release starts it: types are stripped from no source, and a checkout looks for its packages and its schema first.
    const programs = join(plane.dataDir, 'command-line');
    mkdirSync(plane.dataDir, { recursive: true, mode: 0o700 });
    await writeCommandLine(programs);
    const zeroplane = async (...words: string[]) => {
      const args = [join(programs, 'zeroplane.mjs'), 'cluster', ...words, '--data-dir', plane.dataDir];
      const { code, stderr } = await runTool(process.execPath, args);
      if (code !== 0) throw new Error(`cluster ${words.join(' ')} exited ${code}: ${stderr}`);
    };
    const { code, stderr } = await plane.up('--clusters', String(idle + 10));
    if (code !== 0) throw new Error(stderr);
    // The first of all loads what clusters need, and is let go of; so do the settling collections of an idle process.
    await zeroplane('create', 'first', '--file', join(plane.dataDir, 'first.kubeconfig'));
    await plane.kubectl('delete', 'cluster', 'first');
    const before = await settledMegabytes(plane.dataDir);
    const items = Array.from({ length: idle }, (_, at) => ({
      apiVersion: 'zeroplane.dev/v1',
      kind: 'Cluster',
      metadata: { name: `idle-${at}` },
    }));
    await plane.kubectl.input(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }), 'create', '-f', '-');
    await plane.kubectl('wait', '--for=condition=Ready', 'clusters', '--all', '--timeout=120s');
    const after = await settledMegabytes(plane.dataDir);
    const oneIdle = ((after - before) / idle) * 1000;

    const rows: Record<string, number>[] = [];
    for (let turn = 0; turn < turns; turn += 1) {
      const began = performance.now();
      const [name, kubeconfig] = [`turn-${turn}`, join(plane.dataDir, `turn-${turn}.kubeconfig`)];
      await zeroplane('create', name, '--file', kubeconfig);
      const kubectl = kubectlFor(kubeconfig);
      const created = performance.now();
      const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'hello' }, data: { to: 'you' } };
      await kubectl.input(JSON.stringify(object), 'apply', '-f', '-');
      await kubectl('get', 'configmap', 'hello', '-o', 'yaml');
      const used = performance.now();
      await zeroplane('delete', name);
      const ended = performance.now();
      const seconds = (from: number, to: number) => Number(((to - from) / 1000).toFixed(2));
      rows.push({
        'create s': seconds(began, created),
        'apply and get s': seconds(created, used),
        'delete s': seconds(used, ended),
        'together s': seconds(began, ended),
      });
    }
    console.table(rows);
    console.log(`goal: under 10 s together, with ${idle} idle clusters beside it`);
    console.log(
      `host's private memory: ${before.toFixed(1)} MB without, ${after.toFixed(1)} MB with ${idle} idle clusters: ${oneIdle.toFixed(0)} kB each (goal: under 1000).`,
    );
    return { idle, rows, hostMegabytes: { before, after }, idleKilobytes: oneIdle };
  } finally {
    await plane.remove();
  }
}

/** Private memory of the host's process once it has given back what starting and working left behind: the least of some looks. */
async function settledMegabytes(dataDir: string): Promise<number> {
  const [pid = ''] = readFileSync(join(dataDir, 'run', 'control-plane.pid'), 'utf8').split(' ');
  let least = Number.POSITIVE_INFINITY;
  for (let look = 0; look < 8; look += 1) {
    await delay(2_000);
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    const kilobytes = [...text.matchAll(/^Private_\w+:\s+(\d+) kB/gm)].reduce((sum, [, each]) => sum + Number(each), 0);
    least = Math.min(least, (kilobytes * 1024) / 1e6);
  }
  return least;
}
