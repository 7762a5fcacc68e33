// `node agent/main.ts --server URL ...`: the agent as a process. `teardown --data-dir DIR` takes its node off the machine.

import '../core/process/frozen-intrinsics.ts';
import { isSea } from 'node:sea';
import { CommandLineAnswer, CommandLineError } from '../core/process/command-line.ts';
import { giveBackIdleMemory } from '../core/process/idle-memory.ts';
import { createLog } from '../core/process/log.ts';
import { surviveUnhandledRejections } from '../core/process/unhandled-rejections.ts';
import { startAgent } from './agent.ts';
import { InstallError } from './install/install-error.ts';
import { JoinError } from './joined/join-error.ts';
import { type AgentCommand, type AgentOptions, parseOptions } from './options.ts';
import type { Platform } from './platform/platform.ts';

// Files of pods are made with the modes that their containers need; the directory of all of them is for root alone.
process.umask(0o022);
const log = createLog();
surviveUnhandledRejections(log);

void main();

async function main(): Promise<void> {
  try {
    await run(await parseOptions(process.argv.slice(2)));
  } catch (error) {
    if (error instanceof CommandLineAnswer) {
      process.stdout.write(`${error.message}\n`);
      process.exit(0);
    }
    if (error instanceof CommandLineError) {
      process.stderr.write(`${error.message}\n`);
      process.exit(2);
    }
    if (error instanceof JoinError || error instanceof InstallError)
      process.stderr.write(`zeroplane agent: ${error.message}\n`);
    else log.error({ err: error }, 'the agent cannot run');
    process.exit(1);
  }
}

async function run(parsed: AgentCommand): Promise<void> {
  // What only a joined node needs is loaded for one.
  switch (parsed.command) {
    case 'teardown':
      return (await thisPlatform()).teardown(parsed.dataDir, log);
    case 'install':
      if (process.platform === 'win32')
        throw new InstallError(
          'a machine with Windows is made a node by install-agent.ps1, which the API server gives out',
        );
      await (await import('./install/install.ts')).installAgent(parsed);
      return process.exit(0);
    case 'uninstall':
      await (await import('./install/install.ts')).uninstallAgent(parsed.dataDir, log);
      return process.exit(0);
    case 'run':
      await runOn(parsed.options);
      return;
    case 'join': {
      const { becomeMember, joinCluster } = await import('./joined/join.ts');
      const platform = await thisPlatform();
      const join = { ...parsed.join, os: platform.os };
      // Before the first secret is written there.
      await platform.protect?.(parsed.options.dataDir);
      if (!parsed.only) {
        const upgrades = isSea() ? await import('./upgrade/installed.ts') : undefined;
        const startedAt = Date.now();
        // An upgrade that is to be tried goes on as another program here.
        const installed = upgrades?.takeUp(parsed.options.dataDir);
        const options = await joinCluster(join, parsed.options, log);
        const stop = await runOn(options);
        installed?.keepUpgraded({ options, startedAt, stop, log });
        return;
      }
      await becomeMember(join, parsed.options, log);
      return process.exit(0);
    }
  }
}

/** Only the one that it runs on is loaded. */
async function thisPlatform(): Promise<Platform> {
  return process.platform === 'win32'
    ? (await import('./platform/windows/windows.ts')).windows
    : (await import('./platform/linux/linux.ts')).linux;
}

/** Gives what stops it. */
async function runOn(options: AgentOptions): Promise<() => Promise<void>> {
  const agent = await startAgent(await thisPlatform(), options, log, async (stream, context) => {
    // With its WebSockets a megabyte and a half, which most nodes never need.
    const { serveStream } = await import('./streams/serve-stream.ts');
    await serveStream(stream, context);
  });
  giveBackIdleMemory();
  const stop = (signal: string) => {
    log.info({ signal }, 'agent stops; its pods run on');
    void agent.stop().finally(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  return agent.stop;
}
