// `zeroplane up`: from whatever is there to a Ready node. Starts only what does not run, so a second `up` after a crash
// brings back exactly what is missing. When a step fails, what this call started is stopped again.

import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { containerdPaths } from '../agent/containerd/config.ts';
import { agentRights } from '../agent/start-rights.ts';
import { dnsAddresses } from '../core/kinds/allocate/dns-address.ts';
import { deepEqual } from '../core/machinery/equality.ts';
import { errorText } from '../core/machinery/error-text.ts';
import { parseJson } from '../core/machinery/json.ts';
import { defaultHistoryMs } from '../core/store/history.ts';
import { type AdminClient, connectAdmin } from './admin-client.ts';
import { type Bundles, installBundles } from './bundle.ts';
import { type Cluster, type ClusterOptions, nodeAddress, planCluster, readCluster, saveCluster } from './cluster.ts';
import { defaultLimits } from './cluster-limits.ts';
import { changedConfigFlags, checkConfigFiles } from './config-files.ts';
import { agentProgramsDir } from './control-plane/agent-programs.ts';
import { agentDir, loadExampleWebImages } from './images.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { leastRights } from './least-rights.ts';
import { checkPort, checkRights, installPackages, makeDataDir, missingPackages } from './machine.ts';
import { packaged } from './packaged.ts';
import { ensurePki, type Pki } from './pki.ts';
import { logTail, type ProcessFiles, processFiles, runningPid, startProcess, stopProcess } from './process.ts';
import { runSteps, type Step, sayProgress } from './progress.ts';
import { teardownNode } from './teardown-node.ts';
import { applyTrust, planTrust, type TrustFlags, type TrustPlan, writeTrust } from './trust.ts';
import { UserError } from './user-error.ts';

export interface UpOptions extends ClusterOptions {
  readonly detach: boolean;
  /** False with --no-agent. */
  readonly agent: boolean;
  /** Whether the control plane starts though objects cannot be decrypted. */
  readonly ignoreUnreadable?: boolean;
  /** Whose pipelines may run jobs; one empty text: nobody's any more. undefined: as before. */
  readonly trust?: TrustFlags;
  /** Programs of the version before stay: who upgrades may have to go back. */
  readonly keepsPrograms?: boolean;
}

interface Plan {
  readonly cluster: Cluster;
  readonly controlPlane: ProcessFiles;
  readonly agent: ProcessFiles;
  readonly ignoreUnreadable: boolean;
  readonly trust: TrustPlan | undefined;
  /** What this call started, to be stopped again when a later step fails. */
  readonly started: ProcessFiles[];
  pki?: Pki;
  bundles?: Bundles;
  admin?: AdminClient;
  /** Aborted when the user no longer wants the cluster to come up. */
  interrupt?: AbortSignal;
}

/** What there is once it is up. */
export interface UpFacts {
  readonly server: string;
  readonly kubeconfig: string;
  readonly dataDir: string;
  /** undefined: this machine runs no pods. */
  readonly node: string | undefined;
  /** Whether it runs on when this command has ended. */
  readonly detached: boolean;
}

/** `attach`, where it is not to run on by itself: stays until it is told to stop. */
export async function up(
  options: UpOptions,
): Promise<{ readonly facts: UpFacts; readonly attach?: () => Promise<void> }> {
  if (options.agent) checkRights();
  if (options.trust && options.authenticationConfig)
    throw new UserError(
      '--trust and --authentication-config: one file says which issuers are trusted: put into yours what `zeroplane trust --configuration` prints',
    );
  const trust = options.trust && planTrust(options.dataDir, options.trust);
  const cluster = planCluster({ ...options, ...(trust && { authenticationConfig: trust.path }) });
  const plan: Plan = {
    cluster,
    controlPlane: processFiles(cluster.dataDir, 'control-plane'),
    agent: processFiles(cluster.dataDir, 'agent'),
    ignoreUnreadable: options.ignoreUnreadable ?? false,
    trust,
    started: [],
  };
  refuseChangesToRunning(plan);
  if (trust) writeTrust(trust, runningPid(plan.controlPlane) !== undefined);
  await checkConfigFiles(cluster);
  const missing = options.agent ? missingPackages() : [];
  if (missing.length > 0) {
    const list = missing.map(({ name, why }) => `  ${name.padEnd(28)} ${why}`).join('\n');
    sayProgress(`These Debian packages are missing and are installed with apt now:\n${list}`);
  }
  // Pods that ran before this call run on, whatever becomes of it. `down` deletes this directory.
  const alreadyRan = existsSync(containerdPaths(agentDir(cluster)).state);
  const interrupt = listenForInterrupt();
  plan.interrupt = interrupt.signal;
  try {
    await runSteps(steps(plan, options, missing));
  } catch (error) {
    await undo(plan, alreadyRan);
    throw error;
  } finally {
    interrupt.release();
  }
  const { port, kubeconfig, dataDir, nodeName } = cluster;
  const facts = {
    ...{ server: `https://127.0.0.1:${port}`, kubeconfig, dataDir },
    ...{ node: options.agent ? nodeName : undefined, detached: options.detach },
  };
  return { facts, ...(!options.detach && { attach: () => stayAttached(plan, options) }) };
}

/** Ctrl-C before the cluster is up: the step that runs gives up with its reason, as any failure. */
function listenForInterrupt(): { signal: AbortSignal; release: () => void } {
  const abort = new AbortController();
  const interrupt = () => abort.abort(new UserError('interrupted: what was started is stopped again'));
  const names = ['SIGINT', 'SIGTERM'] as const;
  for (const name of names) process.on(name, interrupt);
  const release = () => {
    for (const name of names) process.off(name, interrupt);
  };
  return { signal: abort.signal, release };
}

/** Stops what this call started, the last first; the node too if nothing of it ran before. */
async function undo(plan: Plan, alreadyRan: boolean): Promise<void> {
  for (const files of plan.started.reverse()) {
    await stopProcess(files, 5_000);
    if (files !== plan.agent || alreadyRan) continue;
    // What went wrong first is what the user must hear of.
    await teardownNode(plan.cluster).catch((error: unknown) =>
      console.error(`The node could not be taken down: ${errorText(error)}`),
    );
  }
}

function steps(plan: Plan, options: UpOptions, missing: ReturnType<typeof missingPackages>): Step[] {
  const { cluster } = plan;
  return [
    { title: 'Machine checked', run: () => checkMachine(plan) },
    {
      title: `Debian packages installed: ${missing.map(({ name }) => name).join(', ')}`,
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
        const idle = runningPid(plan.controlPlane) === undefined && runningPid(plan.agent) === undefined;
        plan.bundles = await installBundles(cluster.dataDir, idle && !options.keepsPrograms);
        return undefined;
      },
    },
    {
      title: 'Agents of other machines offered this version',
      // It is made when the first machine is to join.
      skip: () => !existsSync(agentProgramsDir(cluster.dataDir)),
      run: async (say) => {
        const { ensureReleased } = await import('./release/release.ts');
        await ensureReleased(cluster.dataDir, say);
        return undefined;
      },
    },
    { title: 'Control plane ready', run: () => startControlPlane(plan) },
    {
      title: `Pipelines may run jobs in namespace ${options.trust?.namespace}`,
      skip: () => !plan.trust?.objects,
      run: async () => {
        if (plan.trust) await applyTrust(plan.trust, cluster, required(plan.pki));
        return undefined;
      },
    },
    { title: `Node ${cluster.nodeName} is Ready`, skip: () => !options.agent, run: (say) => startAgent(plan, say) },
  ];
}

async function checkMachine(plan: Plan): Promise<undefined> {
  nodeAddress();
  if (runningPid(plan.controlPlane) === undefined) await checkPort(plan.cluster.port);
  makeDataDir(plan.cluster.dataDir);
}

async function startControlPlane(plan: Plan): Promise<string | undefined> {
  plan.interrupt?.throwIfAborted();
  const running = runningPid(plan.controlPlane);
  if (running === undefined) {
    // Room for young objects is what throughput needs: with 2 MB the collector took a third of the main thread under load, and most of
    // the controllers'. An idle thread gives it back (core/process/idle-memory.ts).
    const args = ['--max-semi-space-size=16', required(plan.bundles)['control-plane'], plan.cluster.dataDir];
    if (plan.ignoreUnreadable) args.push('--ignore-unreadable');
    const [program = '', ...rest] = [...leastRights(), process.execPath, ...args];
    startProcess(plan.controlPlane, program, rest);
    plan.started.push(plan.controlPlane);
  }
  plan.admin = connectAdmin(plan.cluster, required(plan.pki));
  await waitFor(
    plan,
    'the control plane',
    plan.controlPlane,
    async () => (await plan.admin?.get('/readyz'))?.status === 200,
  );
  return running === undefined ? undefined : `Control plane runs already (pid ${running})`;
}

async function startAgent(plan: Plan, say: (line: string) => void): Promise<string | undefined> {
  plan.interrupt?.throwIfAborted();
  const { cluster } = plan;
  const running = runningPid(plan.agent);
  const began = new Date();
  if (running === undefined) {
    const [program = '', ...args] = [
      ...agentRights(),
      process.execPath,
      // The agent waits most of its time: it does without the optimizing compilers and their memory, 7 MB after many starts. Room for young
      // objects is what many pods that start at once need: with 1 MB the collector took an eighth of it then.
      ...['--max-semi-space-size=4', '--no-opt', '--no-maglev'],
      required(plan.bundles).agent,
      ...['--server', `https://127.0.0.1:${cluster.port}`],
      ...['--certificate-authority', `${cluster.dataDir}/pki/ca.crt`],
      ...['--client-certificate', `${cluster.dataDir}/pki/node.crt`],
      ...['--client-key', `${cluster.dataDir}/pki/node.key`],
      ...['--node-name', cluster.nodeName],
      ...['--node-ip', nodeAddress()],
      ...(cluster.nodeExternalIP === undefined ? [] : ['--node-external-ip', cluster.nodeExternalIP]),
      ...['--data-dir', `${cluster.dataDir}/agent`],
      ...['--cluster-cidr', cluster.podCIDR],
      ...['--service-cidr', cluster.serviceCIDR],
      ...['--cluster-dns', dnsAddresses(cluster.serviceCIDR).join(',')],
      ...['--cluster-domain', cluster.clusterDomain],
      ...(cluster.seccompDefault ? ['--seccomp-default'] : []),
    ];
    startProcess(plan.agent, program, args);
    plan.started.push(plan.agent);
  }
  await waitFor(plan, `node ${cluster.nodeName}`, plan.agent, () =>
    isReady(plan, running === undefined ? began : undefined),
  );
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
  const node = parseJson(answer.body) as NodeView;
  const ready = node.status?.conditions?.find((each) => each.type === 'Ready');
  if (ready?.status !== 'True') return false;
  // Times of the API have whole seconds.
  return !since || !ready.lastHeartbeatTime || Date.parse(ready.lastHeartbeatTime) >= since.getTime() - 1000;
}

async function waitFor(plan: Plan, what: string, files: ProcessFiles, ready: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    plan.interrupt?.throwIfAborted();
    if (await ready().catch(() => false)) return;
    if (runningPid(files) === undefined) {
      // Ctrl-C reaches a process that has not left our group yet, too.
      plan.interrupt?.throwIfAborted();
      throw new UserError(
        `${what} ended while it started. Its log, ${files.logFile}, ends with:\n${logTail(files, 12)}`,
      );
    }
    await delay(25);
  }
  throw new UserError(`${what} is not ready after 60 s. Its log, ${files.logFile}, ends with:\n${logTail(files, 12)}`);
}

function refuseChangesToRunning(plan: Plan): void {
  const found = readCluster(plan.cluster.dataDir);
  if (!found || runningPid(plan.controlPlane) === undefined) return;
  const stop = 'stop it first with `zeroplane down`';
  if (found.port !== plan.cluster.port) throw new UserError(`--port: the cluster runs on port ${found.port}: ${stop}`);
  if ((found.shutdownDelayMs ?? 0) !== plan.cluster.shutdownDelayMs)
    throw new UserError(`--shutdown-delay-duration: the cluster runs with another one: ${stop}`);
  if ((found.historyMs ?? defaultHistoryMs) !== plan.cluster.historyMs)
    throw new UserError(`--history: the cluster runs with another one: ${stop}`);
  if ((found.seccompDefault ?? false) !== plan.cluster.seccompDefault)
    throw new UserError(`--seccomp-default: the cluster runs ${found.seccompDefault ? 'with' : 'without'} it: ${stop}`);
  if (!deepEqual({ ...defaultLimits, ...found.clusters }, plan.cluster.clusters))
    throw new UserError(`--clusters, --cluster-size, --cluster-idle: the cluster runs with others: ${stop}`);
  if (found.nodeExternalIP !== plan.cluster.nodeExternalIP)
    throw new UserError(
      `--node-external-ip: the cluster runs ${found.nodeExternalIP ? `with ${found.nodeExternalIP}` : 'without it'}: ${stop}`,
    );
  const [flag] = changedConfigFlags(plan.cluster, found);
  if (flag) throw new UserError(`${flag}: the cluster runs without this file: ${stop}`);
}

export function whatNext({ server, kubeconfig, detached }: UpFacts): string {
  return `
The cluster is up. API server: ${server}
Kubeconfig: ${kubeconfig}

  export KUBECONFIG=${kubeconfig}
  kubectl get nodes
  kubectl apply -f ${packaged()?.examples ?? 'examples'}/web.yaml
${detached ? '' : '\nCtrl-C stops it (the data stays). `--detach` leaves it running.\n'}`;
}

/** Foreground: what dies is started again; Ctrl-C stops everything; `zeroplane down` from elsewhere ends this too. */
async function stayAttached(plan: Plan, options: UpOptions): Promise<void> {
  const stop = new AbortController();
  plan.interrupt = stop.signal;
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  const watchers = [watchOver('control plane', plan.controlPlane, () => startControlPlane(plan), stop.signal)];
  if (options.agent) watchers.push(watchOver('agent', plan.agent, () => startAgent(plan, () => {}), stop.signal));
  await Promise.all(watchers);
  if (!stop.signal.aborted) return;
  const { down } = await import('./down.ts');
  await down({ dataDir: plan.cluster.dataDir, purge: false });
}

/** Starts a process again whenever it has died, until it is stopped for good. Each has its own: one may need the other to come back. */
async function watchOver(what: string, files: ProcessFiles, start: () => Promise<unknown>, stop: AbortSignal) {
  const pause = (ms: number) => delay(ms, undefined, { signal: stop }).catch(() => {});
  while (!stop.aborted) {
    await pause(500);
    if (stop.aborted || runningPid(files) !== undefined) continue;
    // `down` removes the pid file a moment after the process ended; a crash leaves it.
    await pause(200);
    if (stop.aborted || !existsSync(files.pidFile)) return;
    console.error(`The ${what} ended unexpectedly: starting it again.`);
    await start().catch((error: unknown) => console.error(errorText(error)));
  }
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('an earlier step did not run');
  return value;
}
