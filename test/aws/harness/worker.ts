// A cluster of the harness with a real worker: both in a network namespace of their own, each a process, the worker joined with a
// one-time token and woken over SQS. Needs root, and what a node needs.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { loadImage } from '../../../agent/images/load.ts';
import { ociArchive } from '../../../agent/images/oci.ts';
import type { FunctionName } from '../../../infra/function-rows.ts';
import { busyboxImages, type ExampleImage } from '../../../local/example-images.ts';
import { eventually } from '../../tools/cluster.ts';
import { createHost } from '../../tools/host.ts';
import { makeJoinToken } from '../../tools/join-token.ts';
import { type Kubectl, kubectlBy, runTool, tool } from '../../tools/kubectl.ts';
import type { ChannelFaults } from './channel-gateway.ts';
import type { AwsClusterOptions } from './cluster.ts';
import type { Counts } from './counts.ts';

const root = join(import.meta.dirname, '../../..');

export interface AwsWorker {
  readonly kubectl: Kubectl;
  /** In front of a command that is to run where kubectl runs, and kubectl's file. */
  readonly enter: readonly string[];
  readonly kubeconfig: string;
  /** The URL of the API, and the file of the authority by which it is known. */
  readonly url: string;
  readonly caFile: string;
  counted(): Promise<Counts>;
  /** Ends the environments of a function, in the middle of whatever they do. */
  kill(name: FunctionName): void;
  /** What becomes of the channel's messages from now on; undefined: nothing goes wrong. */
  channelFaults(faults: ChannelFaults | undefined): void;
  /** Ends the channel's connections. */
  dropChannel(): void;
  /** Ends the agent in the middle of whatever it does. */
  killAgent(): void;
  /** The resident memory of the agent, in bytes. */
  agentMemory(): number;
  stop(): Promise<void>;
}

/** `name` and `address` as createHost takes them. With the images zeroplane.local/busybox:1 and web:1, where no others are named. */
export async function startAwsWorker(
  name: string,
  address: string,
  options: Pick<AwsClusterOptions, 'channel' | 'env' | 'streamDelayMs'> = {},
  images: readonly ExampleImage[] = busyboxImages,
): Promise<AwsWorker> {
  const host = createHost(name, address);
  const folder = mkdtempSync(join(tmpdir(), 'zeroplane-worker-'));
  const dataDir = join(folder, 'agent');
  const [nsenter = '', ...rest] = host.enter;
  const inside = (...command: string[]) => spawn(nsenter, [...rest, ...command]);
  const harness = inside(process.execPath, join(root, 'test/aws/harness/main.ts'), JSON.stringify(options));
  harness.stderr.pipe(process.stderr);
  const lines = createInterface({ input: harness.stdout });
  let agent: ChildProcess | undefined;
  const stop = async () => {
    if (agent?.exitCode === null && agent.signalCode === null) {
      agent.kill('SIGTERM');
      await once(agent, 'exit');
    }
    await host.run(process.execPath, join(root, 'agent/main.ts'), 'teardown', '--data-dir', dataDir);
    harness.stdin.end();
    if (harness.exitCode === null) await once(harness, 'exit');
    host.remove();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const [line] = await once(lines, 'line');
    const { kubeconfig, caFile, url }: { kubeconfig: string; caFile: string; url: string } = JSON.parse(line);
    const kubectl = kubectlBy((args, input) =>
      runTool(nsenter, [...rest, tool('kubectl'), '--kubeconfig', kubeconfig, ...args], input),
    );
    await eventually(120, async () => (await kubectl.attempt('get', 'namespaces')).code === 0);
    const { manifest, token } = await makeJoinToken();
    await kubectl.input(manifest, 'apply', '-f', '-');
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, token, { mode: 0o600 });
    const trust = ['--certificate-authority', caFile, '--token-file', tokenFile];
    const node = ['--node-name', 'worker-1', '--node-ip', host.address, '--data-dir', dataDir];
    agent = inside(process.execPath, join(root, 'agent/main.ts'), 'join', '--server', url, ...trust, ...node);
    await eventually(120, async () => /worker-1\s+Ready/.test(await kubectl('get', 'nodes')));
    for (const image of images) {
      const file = join(folder, 'image.tar');
      writeFileSync(file, ociArchive(await image.build(() => {})));
      await loadImage(dataDir, file);
    }
    return {
      kubectl,
      enter: host.enter,
      kubeconfig,
      url,
      caFile,
      async counted() {
        harness.stdin.write('count\n');
        const [answer] = await once(lines, 'line');
        return JSON.parse(answer);
      },
      kill: (function_) => void harness.stdin.write(`kill ${function_}\n`),
      channelFaults: (faults) => void harness.stdin.write(`faults ${JSON.stringify(faults ?? null)}\n`),
      dropChannel: () => void harness.stdin.write('drop\n'),
      killAgent: () => void agent?.kill('SIGKILL'),
      agentMemory() {
        // nsenter becomes the program that it starts.
        const status = readFileSync(`/proc/${agent?.pid}/status`, 'utf8');
        return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
