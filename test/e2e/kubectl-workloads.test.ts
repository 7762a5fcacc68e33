// Workloads with the real kubectl: rolled out, watched, changed, debugged and moved off their node.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, startCluster, type TestCluster } from '../tools/cluster.ts';
import { kubectlWith } from '../tools/kubectl-with.ts';

const busybox = 'zeroplane.local/busybox:1';
const app = (replicas: number) => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: app, labels: {app: app}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: web
        image: zeroplane.local/web:1
        ports: [{containerPort: 8080, name: http}]
      - name: side
        image: ${busybox}
        command: [sleep, '1000']
`;
/** Uses all of what it may, which is more than half of what it asks for. */
const burn = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: burn}
spec:
  selector: {matchLabels: {app: burn}}
  template:
    metadata: {labels: {app: burn}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: burn
        image: ${busybox}
        command: [sh, -c, 'while :; do :; done']
        resources: {requests: {cpu: 20m}, limits: {cpu: 60m}}
`;

describe.skipIf(process.getuid?.() !== 0)('kubectl and workloads (needs root)', () => {
  let cluster: TestCluster;
  let node = '';
  beforeAll(async () => {
    cluster = await startCluster('zpkctl2', '10.213.2');
    await eventually(60, () => cluster.kubectl('get', 'serviceaccount', 'default'));
    node = await cluster.kubectl('get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}');
    await cluster.apply(app(2));
    await cluster.kubectl('rollout', 'status', 'deploy/app', '--timeout=120s');
  });
  afterAll(async () => {
    await cluster?.remove();
  });

  const k = (...args: string[]) => cluster.kubectl(...args);
  const refused = async (...args: string[]) => {
    const { code, stderr } = await cluster.attempt(...args);
    expect(code, `kubectl ${args.join(' ')}`).not.toBe(0);
    return stderr.trim();
  };
  const rolledOut = () => k('rollout', 'status', 'deploy/app', '--timeout=120s');

  it('starts each container once, however many start together', async () => {
    for (const replicas of [6, 0, 6]) {
      await k('scale', 'deploy/app', `--replicas=${replicas}`);
      await rolledOut();
    }
    const path = 'jsonpath={.items[*].status.containerStatuses[*].restartCount}';
    expect(await k('get', 'pods', '-l', 'app=app', '-o', path)).toBe('0 0 0 0 0 0 0 0 0 0 0 0');
    await k('scale', 'deploy/app', '--replicas=2');
    await k('wait', '--for=jsonpath={.status.replicas}=2', 'deploy/app', '--timeout=120s');
  });

  it('get and describe show state, owners and events', async () => {
    expect(await k('get', 'deploy', 'app', '-o', 'wide')).toMatch(
      /NAME\s+READY\s+UP-TO-DATE\s+AVAILABLE\s+AGE\s+CONTAINERS\s+IMAGES\s+SELECTOR\napp\s+2\/2\s+2\s+2\s+\d+s\s+web,side\s+\S+web:1,\S+busybox:1\s+app=app\n/,
    );
    const pods = await k('get', 'pods', '-o', 'wide');
    expect(pods).toMatch(/^NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE\s+IP\s+NODE\s+NOMINATED NODE\s+READINESS GATES\n/);
    expect(pods).toMatch(/\napp-\w+-\w+\s+2\/2\s+Running\s+0\s+\d+s\s+10\.244\.\S+/);
    const [pod = ''] = (await k('get', 'pods', '-l', 'app=app', '-o', 'name')).split('\n');
    const described = await k('describe', pod);
    expect(described).toMatch(/Controlled By:\s+ReplicaSet\/app-/);
    expect(described).toMatch(/Normal\s+Scheduled\s+\S+\s+default-scheduler\s+Successfully assigned default\/app-/);
    await expect.poll(() => k('describe', pod)).toMatch(/Normal\s+Started\s+\S+\s+kubelet/);
    expect(await k('describe', 'deploy', 'app')).toMatch(
      /Replicas:\s+2 desired \| 2 updated \| 2 total \| 2 available \| 0 unavailable/,
    );
    const shown = await k('describe', 'node', node);
    expect(shown).toMatch(new RegExp(`HolderIdentity:\\s+${node}`));
    const { spec: lease } = JSON.parse(await k('get', 'lease', node, '-n', 'kube-node-lease', '-o', 'json'));
    expect(Date.now() - Date.parse(lease.renewTime)).toBeLessThan(60_000);
    expect(shown).toMatch(/Ready\s+True\s[^\n]+KubeletReady/);
    expect(shown).toMatch(/Non-terminated Pods:\s+\(2 in total\)/);
    expect(await k('events', '--for=deploy/app', '--types=Normal')).toContain('Scaled up replica set app-');
    const managers = await k('get', 'deploy', 'app', '--show-managed-fields', '-o', 'jsonpath={..manager}');
    expect([...new Set(managers.split(' '))].sort()).toEqual([
      'kube-controller-manager',
      'kubectl',
      'kubectl-client-side-apply',
    ]);
  });

  it('rollout: a new image, its history, undo, pause, resume, restart', async () => {
    await k('set', 'image', 'deploy/app', `side=${busybox}`, 'web=zeroplane.local/web:1');
    await k('set', 'env', 'deploy/app', '-c', 'side', 'X=y');
    expect(await rolledOut()).toContain('deployment "app" successfully rolled out');
    await k('annotate', 'deploy/app', 'kubernetes.io/change-cause=an X');
    await eventually(60, async () => /\n1\s+<none>\n2\s+an X\n/.test(await k('rollout', 'history', 'deploy/app')));
    expect(await k('rollout', 'history', 'deploy/app', '--revision=2')).toMatch(/X:\s+y/);
    expect(await k('rollout', 'undo', 'deploy/app')).toBe('deployment.apps/app rolled back\n');
    await rolledOut();
    expect(await k('set', 'env', 'deploy/app', '--list')).not.toContain('X=y');
    expect(await refused('rollout', 'undo', 'deploy/app', '--to-revision=99')).toContain(
      'unable to find specified revision',
    );
    expect(await k('rollout', 'pause', 'deploy/app')).toContain('paused');
    expect(await refused('rollout', 'pause', 'deploy/app')).toContain('already paused');
    await k('set', 'resources', 'deploy/app', '-c', 'web', '--requests=cpu=1m,memory=8Mi');
    expect(await k('get', 'replicasets', '-o', 'name')).toMatch(/^(replicaset\S+\n){2}$/);
    expect(await k('rollout', 'resume', 'deploy/app')).toContain('resumed');
    await rolledOut();
    expect(await k('rollout', 'restart', 'deploy/app')).toContain('restarted');
    await rolledOut();
  });

  it('a rollout that cannot finish says so in time', async () => {
    await k('set', 'image', 'deploy/app', 'side=zeroplane.local/absent:1');
    const { code, stdout, stderr } = await cluster.attempt('rollout', 'status', 'deploy/app', '--timeout=4s');
    expect([code, stdout, stderr]).toEqual([
      1,
      expect.stringContaining('1 out of 2 new replicas have been updated'),
      expect.stringContaining('timed out waiting for the condition'),
    ]);
    await k('rollout', 'undo', 'deploy/app');
    await rolledOut();
  });

  it('scale with a precondition; autoscale; expose; set selector, serviceaccount and subject', async () => {
    expect(await refused('scale', 'deploy/app', '--replicas=3', '--current-replicas=9')).toBe(
      'error: Expected replicas to be 9, was 2',
    );
    expect(await k('scale', 'deploy/app', '--replicas=1', '--current-replicas=2')).toContain('scaled');
    expect(await k('autoscale', 'deploy/app', '--min=1', '--max=3', '--cpu=50%')).toContain('autoscaled');
    expect(await k('get', 'hpa')).toMatch(/app\s+Deployment\/app\s+cpu: \S+\/50%\s+1\s+3/);
    await k('delete', 'hpa', 'app');
    expect(await k('expose', 'deploy/app', '--port=80', '--target-port=http', '--name=web')).toContain('exposed');
    await eventually(60, async () => /Endpoints:\s+10\.244\.\S+:8080/.test(await k('describe', 'svc', 'web')));
    expect(await k('set', 'selector', 'svc', 'web', 'app=none')).toContain('selector updated');
    await eventually(60, async () => /Endpoints:\s+\n/.test(await k('describe', 'svc', 'web')));
    await k('create', 'rolebinding', 'rb', '--clusterrole=view', '--user=jane');
    await k('set', 'subject', 'rolebinding', 'rb', '--serviceaccount=default:bot');
    expect(await k('get', 'rolebinding', 'rb', '-o', 'wide')).toMatch(
      /rb\s+ClusterRole\/view\s+\S+\s+jane\s+default\/bot/,
    );
  });

  it('run to completion, with its exit code; wait for conditions, values and deletes', async () => {
    const run = (name: string, ...args: string[]) =>
      kubectlWith(cluster, {}, 'run', name, `--image=${busybox}`, '--restart=Never', '--rm', '-i', '-q', '--', ...args);
    expect(await run('ends', 'sh', '-c', 'sleep 2; echo done')).toMatchObject({ code: 0, stdout: 'done\n' });
    expect(await run('fails', 'sh', '-c', 'sleep 2; exit 4')).toMatchObject({ code: 4 });
    await k('run', 'waits', `--image=${busybox}`, '--restart=Never', '--', 'sleep', '1000');
    expect(await k('wait', '--for=condition=Ready', 'pod/waits', '--timeout=120s')).toBe('pod/waits condition met\n');
    expect(await k('wait', '--for=jsonpath={.status.phase}=Running', 'pod/waits')).toBe('pod/waits condition met\n');
    expect(await refused('wait', '--for=condition=Never', 'pod/waits', '--timeout=1s')).toContain('timed out waiting');
    const gone = k('wait', '--for=delete', 'pod/waits', '--timeout=120s');
    await k('delete', 'pod', 'waits', '--grace-period=0', '--force');
    await gone;
    await k('create', 'job', 'job', `--image=${busybox}`, '--', 'echo', 'from a job');
    await k('wait', '--for=condition=complete', 'job/job', '--timeout=120s');
    expect(await k('logs', 'job/job')).toBe('from a job\n');
  });

  it('delete leaves orphans when told, and takes dependents first when told', async () => {
    await k('create', 'deployment', 'o', '--image=zeroplane.local/web:1');
    await eventually(60, async () => (await k('get', 'rs', '-l', 'app=o', '-o', 'name')) !== '');
    await k('delete', 'deploy', 'o', '--cascade=orphan');
    const replicaSet = (await k('get', 'rs', '-l', 'app=o', '-o', 'name')).trim();
    await k('delete', replicaSet, '--cascade=foreground', '--timeout=120s');
    expect(await k('get', 'pods', '-l', 'app=o', '-o', 'name')).toBe('');
  });

  it('debug: a container beside those of a pod, a copy of it, and its node', async () => {
    const [pod = ''] = (await k('get', 'pods', '-l', 'app=app', '-o', 'name')).split('\n');
    const debug = (...args: string[]) => kubectlWith(cluster, {}, 'debug', ...args);
    await debug(pod, '-q', '-c', 'beside', `--image=${busybox}`, '--target=web', '--', 'ps');
    await eventually(60, async () => (await k('logs', pod, '-c', 'beside')).includes('httpd -f -p 8080'));
    await debug(pod, '--copy-to=copy', `--image=${busybox}`, '-c', 'extra', '-q', '--', 'sleep', '1000');
    await k('wait', '--for=condition=Ready', 'pod/copy', '--timeout=120s');
    expect(await k('get', 'pod', 'copy', '-o', 'jsonpath={.spec.containers[*].name}')).toBe('web side extra');
    await debug(`node/${node}`, '-q', `--image=${busybox}`, '--', 'ls', '/host');
    const onNode = 'jsonpath={.items[?(@.spec.hostPID)].metadata.name}';
    const helper = await eventually(60, () => k('get', 'pods', '-o', onNode));
    await eventually(60, async () => /^etc$/m.test(await k('logs', helper)));
    await k('delete', 'pod', '--now', '-l', 'app!=app');
  });

  it('taint, cordon, drain against a budget, uncordon', async () => {
    expect(await k('taint', 'node', node, 'k=v:PreferNoSchedule')).toBe(`node/${node} tainted\n`);
    expect(await refused('taint', 'node', node, 'k=v:PreferNoSchedule')).toContain('already has k taint(s)');
    expect(await k('taint', 'node', node, 'k-')).toBe(`node/${node} untainted\n`);
    await k('create', 'poddisruptionbudget', 'app', '--selector=app=app', '--min-available=1');
    await eventually(60, async () => (await k('get', 'pdb', 'app', '-o', 'jsonpath={.status.currentHealthy}')) === '1');
    const held = await cluster.attempt('drain', node, '--ignore-daemonsets', '--force', '--timeout=2s');
    expect([held.code, held.stderr]).toEqual([
      1,
      expect.stringContaining("Cannot evict pod as it would violate the pod's disruption budget."),
    ]);
    expect(await k('get', 'node', node)).toContain('Ready,SchedulingDisabled');
    await k('delete', 'pdb', 'app');
    expect(await k('drain', node, '--ignore-daemonsets', '--force', '--timeout=120s')).toContain(
      `node/${node} drained`,
    );
    await eventually(60, async () => /app-\S+\s+0\/2\s+Pending/.test(await k('get', 'pods', '-l', 'app=app')));
    expect(await k('uncordon', node)).toBe(`node/${node} uncordoned\n`);
    await rolledOut();
  });

  it('top shows what nodes, pods and containers use, and an autoscaler acts on it', async () => {
    await cluster.apply(burn);
    await k('autoscale', 'deploy', 'burn', '--min=1', '--max=2', '--cpu=50%');
    await eventually(60, async () => /app-\S+\s+web\s+\d+m\s+\d+Mi/.test(await k('top', 'pod', '--containers')));
    expect(await k('top', 'node')).toMatch(/\d+m\s+\d+%\s+\d+Mi\s+\d+%/);
    await k('wait', '--for=jsonpath={.status.currentReplicas}=2', 'hpa/burn', '--timeout=90s');
    expect(await k('get', 'hpa', 'burn')).toMatch(
      /NAME\s+REFERENCE\s+TARGETS\s+MINPODS\s+MAXPODS\s+REPLICAS\s+AGE\nburn\s+Deployment\/burn\s+cpu: \d+%\/50%\s+1\s+2\s+2\s+/,
    );
    const described = await k('describe', 'hpa', 'burn');
    expect(described).toMatch(/ScalingActive\s+True\s+ValidMetricFound/);
    expect(described).toMatch(
      /SuccessfulRescale\s+\S+\s+horizontal-pod-autoscaler\s+New size: 2; reason: cpu resource utilization/,
    );
    await k('delete', 'hpa/burn', 'deploy/burn', '--wait=false');
  });
});
