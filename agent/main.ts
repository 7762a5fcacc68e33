// `node agent/main.ts --server URL ...`: the agent as a process. `teardown --data-dir DIR` takes its node off the machine.

import '../core/process/frozen-intrinsics.ts';
import { CommandLineAnswer, CommandLineError } from '../core/process/command-line.ts';
import { giveBackIdleMemory } from '../core/process/idle-memory.ts';
import { createLog } from '../core/process/log.ts';
import { surviveUnhandledRejections } from '../core/process/unhandled-rejections.ts';
import { startAgent } from './agent.ts';
import { parseOptions } from './options.ts';
import { teardownAgent } from './teardown.ts';

// Files of pods are made with the modes that their containers need; the directory of all of them is for root alone.
process.umask(0o022);
const log = createLog();
surviveUnhandledRejections(log);

try {
  const parsed = await parseOptions(process.argv.slice(2));
  if (parsed.command === 'teardown') await teardownAgent(parsed.dataDir, log);
  else {
    const options =
      parsed.command === 'run'
        ? parsed.options
        : // With the packages that only a joined node needs.
          await (await import('./joined/join.ts')).joinCluster(parsed.join, parsed.options, log);
    const agent = await startAgent(options, log, async (stream, context) => {
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
  }
} catch (error) {
  if (error instanceof CommandLineAnswer) {
    process.stdout.write(`${error.message}\n`);
    process.exit(0);
  }
  if (error instanceof CommandLineError) {
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
  log.error({ err: error }, 'the agent cannot run');
  process.exit(1);
}
