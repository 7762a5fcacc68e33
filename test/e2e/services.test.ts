// The network of pods and Services with real rules and real traffic: node ports, names, policies, and updates that lose no request.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, startCluster, type TestCluster } from '../tools/cluster.ts';
import { deployment, forever, pod, service, shell, web } from '../tools/manifests.ts';

describe.skipIf(process.getuid?.() !== 0)('services (needs root)', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster('zpe2e5', '10.210.5');
    await cluster.apply([pod('client', [shell('main', forever)], {}, { role: 'client' })]);
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/client', '--timeout=120s');
  });
  afterAll(async () => {
    await cluster?.remove();
  });

  const webPod = { name: 'main', image: web, ports: [{ name: 'http', containerPort: 8080 }] };
  const ready = { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 };
  const fromClient = (...command: string[]) => cluster.attempt('exec', 'client', '--', ...command);
  /** What a pod is answered within 3 s, or nothing. */
  const fetch = async (url: string) =>
    (await fromClient('timeout', '3', 'wget', '-q', '-O', '-', url)).stdout.trim() || undefined;

  it('a NodePort answers on the addresses of the node, and only while there is an endpoint', async () => {
    await cluster.apply([
      deployment('ported', 1, { terminationGracePeriodSeconds: 2, containers: [{ ...webPod, readinessProbe: ready }] }),
      service('ported', 80, 8080, { type: 'NodePort', ports: [{ port: 80, targetPort: 'http', nodePort: 30080 }] }),
    ]);
    await cluster.kubectl('rollout', 'status', 'deployment/ported', '--timeout=120s');
    const url = `http://${cluster.host.address}:30080/`;
    const ask = async () =>
      (await cluster.host.run('/bin/busybox', 'timeout', '3', 'wget', '-q', '-O', '-', url)).stdout;
    await eventually(60, async () => (await ask()) === 'It works.\n');
    await eventually(60, async () => (await fetch('http://ported.default')) === 'It works.');
    await cluster.kubectl('scale', 'deployment/ported', '--replicas=0');
    await eventually(60, async () => (await ask()) === '');
    await cluster.kubectl('delete', 'deployment/ported', 'service/ported');
  });

  it('a headless Service resolves to its pods, and each pod has a name', async () => {
    const labels = { app: 'crowd' };
    await cluster.apply([
      service('crowd', 80, 8080, { clusterIP: 'None' }),
      pod('one', [webPod], { hostname: 'one', subdomain: 'crowd' }, labels),
      pod('two', [webPod], { hostname: 'two', subdomain: 'crowd' }, labels),
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'alias' },
        spec: { type: 'ExternalName', externalName: 'crowd.default.svc.cluster.local' },
      },
    ]);
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/one', 'pod/two', '--timeout=120s');
    const ips = (await cluster.read('pods', '-l', 'app=crowd')).items.map(
      (each: { status: { podIP: string } }) => each.status.podIP,
    );
    const resolve = async (name: string) => {
      const { stdout } = await fromClient('nslookup', name);
      const [, answer = ''] = stdout.split(/\n\n/);
      return [...answer.matchAll(/Address:\s*([\d.]+)/g)].map(([, address = '']) => address).sort();
    };
    await eventually(
      10,
      async () => (await resolve('crowd.default.svc.cluster.local')).join() === [...ips].sort().join(),
    );
    expect(await fetch('http://one.crowd.default.svc.cluster.local:8080/')).toBe('It works.');
    expect(await fetch('http://crowd:8080/')).toBe('It works.');
    await eventually(60, async () => (await fetch('http://alias:8080/')) === 'It works.');
    const reverse = await fromClient('nslookup', ips[0]);
    expect(reverse.stdout).toMatch(/(one|two)\.crowd\.default\.svc\.cluster\.local/);
    await cluster.kubectl('delete', 'pod', 'one', 'two', '--wait=false');
  });

  it('a NetworkPolicy keeps out who it does not name', async () => {
    await cluster.apply([
      service('guarded', 80, 8080),
      pod('guarded', [{ ...webPod, readinessProbe: ready }], {}, { app: 'guarded' }),
      pod('stranger', [shell('main', forever)]),
    ]);
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/guarded', 'pod/stranger', '--timeout=120s');
    await eventually(60, async () => (await fetch('http://guarded')) === 'It works.');
    const stranger = async () =>
      (await cluster.attempt('exec', 'stranger', '--', 'timeout', '2', 'wget', '-q', '-O', '-', 'http://guarded'))
        .stdout;
    expect(await stranger()).toBe('It works.\n');
    await cluster.apply([
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'guarded' },
        spec: {
          podSelector: { matchLabels: { app: 'guarded' } },
          ingress: [{ from: [{ podSelector: { matchLabels: { role: 'client' } } }], ports: [{ port: 8080 }] }],
        },
      },
    ]);
    await eventually(60, async () => (await stranger()) === '');
    expect(await fetch('http://guarded')).toBe('It works.');
    // The node itself is let in always: probes come from there.
    const { conditions } = (await cluster.read('pod', 'guarded')).status;
    expect(conditions.find((each: { type: string }) => each.type === 'Ready').status).toBe('True');
    await cluster.kubectl('delete', 'networkpolicy', 'guarded');
    await eventually(60, async () => (await stranger()) === 'It works.\n');
  });

  it('a rolling update loses no request of many clients, to the end of the last old pod', async () => {
    const spec = {
      containers: [{ ...webPod, readinessProbe: ready, lifecycle: { preStop: { sleep: { seconds: 2 } } } }],
    };
    const set = deployment('steady', 3, spec);
    const strategy = { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
    await cluster.apply([{ ...set, spec: { ...set.spec, strategy } }, service('steady', 80, 8080)]);
    await cluster.kubectl('rollout', 'status', 'deployment/steady', '--timeout=120s');
    const names = async () =>
      (await cluster.kubectl('get', 'pods', '-l', 'app=steady', '-o', 'name')).trim().split('\n');
    const old = await names();
    const address = await cluster.kubectl('get', 'service', 'steady', '-o', 'jsonpath={.spec.clusterIP}');
    await eventually(60, async () => (await fetch(`http://${address}/`)) === 'It works.');
    const load = startLoad(cluster, `http://${address}/`, 8);
    await cluster.kubectl('rollout', 'restart', 'deployment/steady');
    await cluster.kubectl('rollout', 'status', 'deployment/steady', '--timeout=90s');
    await eventually(60, async () => {
      const left = await names();
      return left.length === 3 && !left.some((name) => old.includes(name));
    });
    const { answered, failures } = await load.end();
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(100);
  });
});

/** Clients on the node, until `end`. */
function startLoad(cluster: TestCluster, url: string, clients: number) {
  const [nsenter = '', ...inside] = cluster.host.enter;
  const program = join(import.meta.dirname, '../tools/http-load.ts');
  const child = spawn(nsenter, [...inside, process.execPath, program, url, String(clients)]);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk));
  const closed = new Promise((resolve) => child.on('close', resolve));
  return {
    end: async (): Promise<{ answered: number; failures: string[] }> => {
      child.stdin.end();
      await closed;
      return JSON.parse(output);
    },
  };
}
