// A newcomer's first steps: `up`, apply the example, use it, break it, take it down. Real kubectl, containers and network rules.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, startCluster, type TestCluster } from '../tools/cluster.ts';

const examples = join(import.meta.dirname, '../../examples');

describe.skipIf(process.getuid?.() !== 0)('one machine (needs root)', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster('zpe2e1', '10.210.1');
  });
  afterAll(async () => {
    await cluster?.remove();
  });

  it('shows a Ready node', async () => {
    const table = await cluster.kubectl('get', 'nodes');
    expect(table).toMatch(/Ready\s+<none>|Ready\s+\S+/);
  });

  it('says how it is: health checks by name, and metrics of the API server and its process', async () => {
    expect(await cluster.kubectl('get', '--raw', '/readyz?verbose')).toContain('[+]etcd ok');
    const metrics = await cluster.kubectl('get', '--raw', '/metrics');
    expect(metrics).toMatch(/^apiserver_request_total\{.*resource="nodes".*\} \d+$/m);
    expect(metrics).toMatch(/^process_resident_memory_bytes \d+$/m);
  });

  it('rolls out the example, whose Service answers from the node and from a pod, by address and by name', async () => {
    await cluster.kubectl('apply', '-f', join(examples, 'web.yaml'));
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=120s');
    const address = await cluster.kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}');
    await eventually(60, async () => (await get(`http://${address}/`)).includes('Hello from Zeroplane'));
    const run = ['run', 'ask', '--image=zeroplane.local/busybox:1', '--restart=Never', '--command', '--'];
    await cluster.kubectl(...run, 'wget', '-q', '-O', '-', 'http://web.default.svc.cluster.local/');
    await cluster.kubectl('wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/ask', '--timeout=120s');
    expect(await cluster.kubectl('logs', 'ask')).toContain('Hello from Zeroplane');
    await cluster.kubectl('delete', 'pod', 'ask');
  });

  it('loses no request during a rolling update', async () => {
    const address = await cluster.kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}');
    let done = false;
    const rollout = (async () => {
      await cluster.kubectl('rollout', 'restart', 'deployment/web');
      await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=120s');
      done = true;
    })();
    let answered = 0;
    while (!done) {
      const body = await get(`http://${address}/`);
      expect(body).toContain('Hello from Zeroplane');
      answered += 1;
    }
    await rollout;
    expect(answered).toBeGreaterThan(10);
  });

  it('replaces a deleted pod', async () => {
    // Pods of the update before may still be ending.
    const names = async () => (await cluster.kubectl('get', 'pods', '-l', 'app=web', '-o', 'name')).trim().split('\n');
    const [first = ''] = await eventually(60, async () => {
      const left = await names();
      return left.length === 3 && left;
    });
    await cluster.kubectl('delete', first, '--wait=false');
    await eventually(60, async () => {
      const left = await names();
      return left.length === 3 && !left.includes(first);
    });
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=120s');
  });

  it('keeps what was answered, and running containers, when everything is killed and started again', async () => {
    const before = await containers();
    for (const program of ['control-plane', 'agent']) kill(cluster.dataDir, program);
    const again = await cluster.zeroplane('up', '--detach');
    expect(again.code, again.stderr).toBe(0);
    expect(await containers()).toEqual(before);
    expect(await cluster.kubectl('get', 'configmap', 'web', '-o', 'jsonpath={.data}')).toContain(
      'Hello from Zeroplane',
    );
  });

  it('leaves nothing of the example after delete -f', async () => {
    await cluster.kubectl('delete', '-f', join(examples, 'web.yaml'), '--timeout=120s');
    await eventually(
      60,
      async () => (await cluster.kubectl('get', 'pods', '-l', 'app=web', '-o', 'name')).trim() === '',
    );
    expect((await cluster.kubectl('get', 'replicasets', '-o', 'name')).trim()).toBe('');
  });

  async function get(url: string): Promise<string> {
    const { code, stdout, stderr } = await cluster.host.run('/bin/busybox', 'wget', '-q', '-O', '-', url);
    if (code !== 0) throw new Error(stderr);
    return stdout;
  }

  /** Container ids and start times, by pod. */
  async function containers(): Promise<string> {
    const path =
      '{range .items[*]}{.metadata.name} {.status.containerStatuses[*].containerID} {.status.containerStatuses[*].restartCount}{"\\n"}{end}';
    return cluster.kubectl('get', 'pods', '-l', 'app=web', '-o', `jsonpath=${path}`);
  }
});

function kill(dataDir: string, program: string): void {
  const [pid] = readFileSync(join(dataDir, 'run', `${program}.pid`), 'utf8').split(' ');
  process.kill(Number(pid), 'SIGKILL');
}
