// `zeroplane run`: a command as a Job of a cluster, as if it ran here: its output comes as it is written, its exit code is ours, and ending us
// ends it. What is lost on the way (a connection, an answer) is asked for again.

import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { ApiError, UnreachableError } from '../../agent/api-client/api-client.ts';
import { errorText } from '../../core/machinery/error-text.ts';
import type { V1Job } from '../../generated/kubernetes.ts';
import { UserError } from '../../local/user-error.ts';
import { type BroughtReader, broughtReader } from './bring.ts';
import { type ClusterConnection, connectCluster } from './cluster-connection.ts';
import { ensureJob, jobsPath } from './ensure-job.ts';
import { followRun } from './follow-run.ts';
import { type RunPlan, runJob } from './job.ts';
import type { RunOutput } from './run-output.ts';
import { type SignInOptions, signInWith } from './sign-in.ts';
import { packDirectory, type Upload } from './upload.ts';

export interface RunOptions extends Omit<RunPlan, 'name' | 'namespace' | 'upload' | 'secretNames'> {
  readonly signIn: SignInOptions;
  /** undefined: that of the kubeconfig's context. */
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly secrets: readonly (readonly [string, string])[];
  /** Uploaded, and where files are brought back to. */
  readonly workdir: string | undefined;
  readonly exclude: readonly string[];
  readonly bringTo: string | undefined;
  /** Milliseconds that a container may take to start. */
  readonly startTimeoutMs: number;
  /** Do not wait for the end. */
  readonly detach: boolean;
}

/** The exit code: the command's, or one of ours (outcome.ts). Rejects with UserError and CommandLineError. */
export async function run(options: RunOptions, output: RunOutput): Promise<number> {
  const interrupt = listenForInterrupt();
  const [connection, upload] = await Promise.all([
    connectCluster(signInWith(options.signIn, process.env), output.say),
    options.workdir === undefined ? undefined : packDirectory(options.workdir, options.exclude),
  ]);
  interrupt.wait();
  const namespace = options.namespace ?? connection.namespace;
  try {
    return await runOn(connection, { ...options, namespace }, upload, output, interrupt.signal);
  } catch (error) {
    throw explained(error, namespace, options.signIn);
  } finally {
    interrupt.release();
    connection.close();
  }
}

async function runOn(
  connection: ClusterConnection,
  options: RunOptions & { readonly namespace: string },
  upload: Upload | undefined,
  output: RunOutput,
  interrupted: AbortSignal,
): Promise<number> {
  const { secrets, namespace } = options;
  const name = options.name ?? nameOf(options.key);
  const planned = runJob({
    ...options,
    name,
    secretNames: secrets.map(([secret]) => secret),
    upload: upload && { digest: upload.digest, parts: upload.parts.length },
  });
  const { job, made } = await ensureJob(connection, planned, { upload, secrets });
  output.say(
    `Job ${namespace}/${name} ${made ? 'made' : 'is there already: going on with it'}${filesOf(upload, made)}`,
  );
  if (options.detach) {
    output.result({ namespace, job: name, exitCode: 0 });
    return 0;
  }
  const brought = options.bring.length > 0 ? broughtReader(options.bring) : undefined;
  const end = await followRun({
    connection,
    job,
    parallelism: options.parallelism,
    startTimeoutMs: options.startTimeoutMs,
    output,
    brought: brought?.line,
    interrupted,
  });
  if (end.cancel) await cancel(connection, job, output);
  const { exitCode, message } = end.outcome;
  const files = brought && !end.cancel ? bringBack(brought, options, output) : undefined;
  const told = [message, files?.failure].filter((each) => each !== undefined).join('; ');
  const code = exitCode === 0 && files?.failure !== undefined ? 1 : exitCode;
  output.result({ namespace, job: name, exitCode: code, ...(told !== '' && { message: told }) });
  return code;
}

function filesOf(upload: Upload | undefined, made: boolean): string {
  if (!upload || !made) return '';
  const bytes = upload.parts.reduce((sum, { length }) => sum + length, 0);
  return `, with ${upload.files} files (${(bytes / 1e6).toFixed(1)} MB packed)`;
}

/** A name of its own for a key, whatever is in it. */
function nameOf(key: string | undefined): string {
  if (key === undefined) return `run-${randomBytes(6).toString('hex')}`;
  return `run-${createHash('sha256').update(key).digest('hex').slice(0, 16)}`;
}

/** What it made has its reason in `failure` when it is not all that was asked for. */
function bringBack(brought: BroughtReader, { bringTo, workdir }: RunOptions, output: RunOutput): { failure?: string } {
  try {
    const directory = resolve(bringTo ?? workdir ?? '.');
    const { files, missing, leftOut } = brought.finish(directory);
    output.say(`${files} ${files === 1 ? 'file' : 'files'} brought back to ${directory}`);
    if (leftOut.length > 0)
      output.say(`left where they were, being links or devices: ${leftOut.slice(0, 10).join(', ')}`);
    return missing.length > 0 ? { failure: `--bring: the command left no ${missing.join(', ')}` } : {};
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { failure: error.message };
  }
}

async function cancel(connection: ClusterConnection, job: V1Job, output: RunOutput): Promise<void> {
  const { namespace = '', name = '', uid } = job.metadata ?? {};
  const body = { propagationPolicy: 'Background', preconditions: { uid } };
  try {
    await connection.json('DELETE', `${jobsPath(namespace)}/${name}`, { body, patienceMs: 10_000 });
    output.say(`Job ${namespace}/${name} is deleted, and its pods end`);
  } catch (error) {
    if (error instanceof ApiError && (error.code === 404 || error.code === 409)) return;
    output.say(
      `Job ${namespace}/${name} could not be deleted (${errorText(error)}): kubectl -n ${namespace} delete job ${name}`,
    );
  }
}

/** The first SIGINT or SIGTERM cancels the run, once there may be one (`wait`); the second, or one before, ends us at once. */
function listenForInterrupt(): {
  readonly signal: AbortSignal;
  readonly wait: () => void;
  readonly release: () => void;
} {
  const abort = new AbortController();
  let waits = false;
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const interrupt = (name: NodeJS.Signals) => {
    if (!waits || abort.signal.aborted) process.exit(exitCodeOf(name));
    abort.abort(exitCodeOf(name));
  };
  for (const name of names) process.on(name, interrupt);
  return {
    signal: abort.signal,
    wait: () => {
      waits = true;
    },
    release: () => {
      for (const name of names) process.off(name, interrupt);
    },
  };
}

/** As a shell tells of a program that a signal ended. */
function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + (constants.signals[signal] ?? 0);
}

function explained(error: unknown, namespace: string, signIn: SignInOptions): unknown {
  if (error instanceof UnreachableError)
    return new UserError(`${error.message}: is the cluster up? \`zeroplane status\` says how it is`);
  if (!(error instanceof ApiError)) return error;
  if (error.code === 401)
    return new UserError(
      `the cluster does not know who this is (401): ${signIn.oidc ? `does it trust this pipeline, with audience ${signIn.audience}? An administrator allows it with \`zeroplane up --trust …\` (docs/ci.md)` : 'is the token, or the certificate, past its end?'}`,
    );
  if (error.code === 403)
    return new UserError(
      `the cluster refused it: ${error.message}: an administrator allows it with \`kubectl -n ${namespace} create rolebinding …\` (docs/ci.md)`,
    );
  if (error.code === 404)
    return new UserError(
      `the cluster refused it: ${error.message}: \`kubectl create namespace ${namespace}\`, or --namespace`,
    );
  return new UserError(`the cluster refused it: ${error.message}`);
}
