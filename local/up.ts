// `zeroplane up`: from whatever is there to a Ready node. Starts only what does not run, so a second `up` after a crash
// brings back exactly what is missing. When a step fails, what this call started is stopped again.

import { existsSync, mkdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type AdminClient, connectAdmin } from './admin-client.ts';
import { type Bundles, ensureBundles } from './bundle.ts';
import {
  addressOf,
  type Cluster,
  type ClusterOptions,
  nodeAddress,
  planCluster,
  readCluster,
  saveCluster,
} from './cluster.ts';
import { loadExampleWebImages } from './images.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { checkPort, checkRights, checkWritable, installPackages, missingPackages } from './machine.ts';
import { ensurePki, type Pki } from './pki.ts';
import { logTail, type ProcessFiles, processFiles, runningPid, startProcess, stopProcess } from './process.ts';
import { runSteps, type Step } from './progress.ts';
import { UserError } from './user-error.ts';

export interface UpOptions extends ClusterOptions {
  readonly detach: boolean;
  /** False with --no-agent. */
  readonly agent: boolean;
}

interface Plan {
  readonly cluster: Cluster;
  readonly controlPlane: ProcessFiles;
  readonly agent: ProcessFiles;
  /** What this call started, to be stopped again when a later step fails. */
  readonly started: ProcessFiles[];
  pki?: Pki;
  bundles?: Bundles;
  admin?: AdminClient;
}

export async function up(options: UpOptions): Promise<void> {
  if (options.agent) checkRights();
  const cluster = planCluster(options);
  const plan: Plan = {
    cluster,
    controlPlane: processFiles(cluster.dataDir, 'control-plane'),
    agent: processFiles(cluster.dataDir, 'agent'),
    started: [],
  };
  refuseMovedPort(plan);
  try {
    await runSteps(steps(plan, options));
  } catch (error) {
    for (const files of plan.started.reverse()) await stopProcess(files, 5_000);
    throw error;
  }
  sayWhatNext(cluster, options);
  if (!options.detach) await stayAttached(plan, options);
}

function steps(plan: Plan, options: UpOptions): Step[] {
  const { cluster } = plan;
  const missing = options.agent ? missingPackages() : [];
  return [
    { title: 'Machine checked', run: () => checkMachine(plan) },
    {
      title: `Debian packages installed: ${missing.map((each) => `${each.name} (${each.why})`).join(', ')}`,
      skip: () => missing.length === 0,
      run: async (say) => {
        await installPackages(missing, say);
        return undefined;
      },
    },
    {
      title: 'Certificates and kubeconfig ready',
      run: async () => {
        saveCluster(cluster);
        plan.pki = await ensurePki(cluster);
        writeKubeconfig(cluster, plan.pki);
        return undefined;
      },
    },
    {
      title: 'Programs bundled',
      run: async () => {
        plan.bundles = await ensureBundles();
        return undefined;
      },
    },
    { title: 'Control plane ready', run: () => startControlPlane(plan) },
    { title: `Node ${cluster.nodeName} is Ready`, skip: () => !options.agent, run: (say) => startAgent(plan, say) },
  ];
}

async function checkMachine(plan: Plan): Promise<undefined> {
  mkdirSync(plan.cluster.dataDir, { recursive: true, mode: 0o700 });
  checkWritable(plan.cluster.dataDir);
  if (runningPid(plan.controlPlane) === undefined) await checkPort(plan.cluster.port);
}

async function startControlPlane(plan: Plan): Promise<string | undefined> {
  const running = runningPid(plan.controlPlane);
  if (running === undefined) {
    // As a hint to the garbage collector: an idle control plane should give memory back.
    const args = ['--max-semi-space-size=2', required(plan.bundles)['control-plane'], plan.cluster.dataDir];
    startProcess(plan.controlPlane, process.execPath, args);
    plan.started.push(plan.controlPlane);
  }
  plan.admin = connectAdmin(plan.cluster, required(plan.pki));
  await waitFor('the control plane', plan.controlPlane, async () => (await plan.admin?.get('/readyz'))?.status === 200);
  return running === undefined ? undefined : `Control plane runs already (pid ${running})`;
}

async function startAgent(plan: Plan, say: (line: string) => void): Promise<string | undefined> {
  const { cluster } = plan;
  const running = runningPid(plan.agent);
  const began = new Date();
  if (running === undefined) {
    startProcess(plan.agent, process.execPath, [
      '--max-semi-space-size=2',
      required(plan.bundles).agent,
      ...['--server', `https://127.0.0.1:${cluster.port}`],
      ...['--certificate-authority', `${cluster.dataDir}/pki/ca.crt`],
      ...['--client-certificate', `${cluster.dataDir}/pki/node.crt`],
      ...['--client-key', `${cluster.dataDir}/pki/node.key`],
      ...['--node-name', cluster.nodeName],
      ...['--node-ip', nodeAddress()],
      ...['--data-dir', `${cluster.dataDir}/agent`],
      ...['--cluster-cidr', cluster.podCIDR],
      ...['--service-cidr', cluster.serviceCIDR],
      ...['--cluster-dns', addressOf(cluster.serviceCIDR, 10)],
      ...['--cluster-domain', cluster.clusterDomain],
    ]);
    plan.started.push(plan.agent);
  }
  await waitFor(`node ${cluster.nodeName}`, plan.agent, () => isReady(plan, running === undefined ? began : undefined));
  say('loading the images of examples/');
  await loadExampleWebImages(cluster);
  return running === undefined ? undefined : `Node ${cluster.nodeName} is Ready (agent runs already, pid ${running})`;
}

interface NodeView {
  status?: { conditions?: { type: string; status: string; lastHeartbeatTime?: string }[] };
}

/** Ready, as reported no earlier than `since`: what the API says right after a restart may be from before it. */
async function isReady(plan: Plan, since: Date | undefined): Promise<boolean> {
  const answer = await plan.admin?.get(`/api/v1/nodes/${plan.cluster.nodeName}`);
  if (answer?.status !== 200) return false;
  // as: the API server answers a Node.
  const node = JSON.parse(answer.body) as NodeView;
  const ready = node.status?.conditions?.find((each) => each.type === 'Ready');
  if (ready?.status !== 'True') return false;
  // Times of the API have whole seconds.
  return !since || !ready.lastHeartbeatTime || Date.parse(ready.lastHeartbeatTime) >= since.getTime() - 1000;
}

async function waitFor(what: string, files: ProcessFiles, ready: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    if (await ready().catch(() => false)) return;
    if (runningPid(files) === undefined) {
      throw new UserError(
        `${what} ended while it started. Its log, ${files.logFile}, ends with:\n${logTail(files, 12)}`,
      );
    }
    await delay(25);
  }
  throw new UserError(`${what} is not ready after 60 s. Its log, ${files.logFile}, ends with:\n${logTail(files, 12)}`);
}

function refuseMovedPort(plan: Plan): void {
  const found = readCluster(plan.cluster.dataDir);
  if (!found || found.port === plan.cluster.port || runningPid(plan.controlPlane) === undefined) return;
  throw new UserError(`--port: the cluster runs on port ${found.port}: stop it first with \`npm run down\``);
}

function sayWhatNext(cluster: Cluster, options: UpOptions): void {
  console.log(`
The cluster is up. API server: https://127.0.0.1:${cluster.port}
Kubeconfig: ${cluster.kubeconfig}

  export KUBECONFIG=${cluster.kubeconfig}
  kubectl get nodes
  kubectl apply -f examples/web.yaml
`);
  if (!options.detach) console.log('Ctrl-C stops it (the data stays). `--detach` leaves it running.');
}

/** Foreground: what dies is started again; Ctrl-C stops everything; `zeroplane down` from elsewhere ends this too. */
async function stayAttached(plan: Plan, options: UpOptions): Promise<void> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  while (!stop.signal.aborted) {
    await delay(500, undefined, { signal: stop.signal }).catch(() => {});
    if (stop.signal.aborted || stoppedByDown(plan)) break;
    if (runningPid(plan.controlPlane) === undefined) await restart('control plane', () => startControlPlane(plan));
    if (options.agent && runningPid(plan.agent) === undefined) await restart('agent', () => startAgent(plan, () => {}));
  }
  if (!stop.signal.aborted) return;
  const { down } = await import('./down.ts');
  await down({ dataDir: plan.cluster.dataDir, purge: false });
}

async function restart(what: string, start: () => Promise<unknown>): Promise<void> {
  console.error(`The ${what} ended unexpectedly: starting it again.`);
  await start().catch((error: unknown) => console.error(error instanceof Error ? error.message : String(error)));
}

/** `down` removes the pid files; a crash leaves them. */
function stoppedByDown(plan: Plan): boolean {
  return runningPid(plan.controlPlane) === undefined && !existsSync(plan.controlPlane.pidFile);
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('an earlier step did not run');
  return value;
}
