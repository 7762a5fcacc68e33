import { defineConfig } from 'vitest/config';
import { filesOnAws } from './test/conformance/on-aws.ts';

// How long `expect.poll` asks: vitest's own second is not enough on a busy machine. What holds at once costs nothing more.
const expect = { poll: { timeout: 60_000 } };

// Intrinsics as frozen as in every program, and one seed for all properties.
const setupFiles = ['./core/process/frozen-intrinsics.ts', './test/tools/seed.ts'];

// Clusters, containers and networks are real, and the machine may be busy. `npm test` ends with what needed its second try, and why.
const realRetry = 1;

export default defineConfig({
  test: {
    // Many files wait for real programs more than they compute, each on a host of its own: three at a time keep two cores busy.
    maxWorkers: 3,
    globalSetup: './test/tools/generate.ts',
    projects: [
      {
        test: {
          name: 'unit',
          // What fails now and then has found something.
          retry: 0,
          // Files of one worker share what they import: loading it anew for each took half of the time. What a file changes beyond its own
          // objects it changes back.
          isolate: false,
          setupFiles,
          expect,
          include: [
            '{core,functions,edge,agent,infra,local,cli,bench,test/simulation,test/conformance,test/real,test/security,test/checks}/**/*.test.ts',
          ],
          // On a busy machine a file may get a third of a core.
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'aws',
          retry: realRetry,
          setupFiles,
          expect,
          include: ['test/aws/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          // Behaviours of test/conformance, asked of the functions.
          name: 'conformance-aws',
          retry: realRetry,
          setupFiles,
          expect,
          env: { ZEROPLANE_CONFORMANCE_ON: 'aws' },
          include: filesOnAws.map((file) => `test/conformance/${file}`),
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'nodes',
          setupFiles,
          expect,
          include: ['test/nodes/**/*.test.ts'],
          // More than all that a test waits for, one after the other, on a machine that others keep busy.
          testTimeout: 1_800_000,
          hookTimeout: 1_800_000,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: 'e2e',
          retry: realRetry,
          setupFiles,
          expect,
          include: ['test/e2e/**/*.test.ts'],
          // Each has a cluster of its own: three would wait for the processor. So they come after others that are run with them.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          testTimeout: 180_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: 'cli',
          retry: realRetry,
          setupFiles,
          expect,
          include: ['test/{cli,docs}/**/*.test.ts'],
          fileParallelism: false,
          sequence: { groupOrder: 4 },
          testTimeout: 180_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
