// What the agent reads of a container without asking it, its last words and its logs, is the container's own: no link, device or FIFO in
// their place makes it read another file, write one, or wait.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tried } from '../../test/tools/tried.ts';
import { linuxFiles } from '../files/linux-files.ts';
import { serveLog } from '../streams/log.ts';
import { removeLogs, rotatedLogs, rotateLog } from './log-rotation.ts';
import { terminationMessage } from './termination-message.ts';

let base: string;
let logsDir: string;
let outside: string;
let log: string;

beforeEach(async () => {
  base = await fs.realpath(await fs.mkdtemp(path.join(os.tmpdir(), 'zeroplane-own-files-')));
  logsDir = path.join(base, 'logs');
  outside = path.join(base, 'outside');
  log = path.join(logsDir, 'ns_p_uid', 'main', '0.log');
  await fs.mkdir(path.dirname(log), { recursive: true });
  await fs.mkdir(outside);
  await fs.writeFile(path.join(outside, '0.log'), '2026-01-01T00:00:00Z stdout F secret\n');
});

afterEach(() => execFileSync('rm', ['-rf', base]));

const secret = () => path.join(outside, '0.log');
/** What can be at the log's place. */
const places: Record<string, () => Promise<void>> = {
  'a link to a file': () => fs.symlink(secret(), log),
  'a link to a device': () => fs.symlink('/dev/zero', log),
  'a directory that is a link': async () => {
    await fs.rmdir(path.dirname(log));
    await fs.symlink(outside, path.dirname(log));
  },
  'a FIFO': async () => {
    execFileSync('mkfifo', [log]);
  },
  'a directory': () => fs.mkdir(log),
};

describe.each(Object.entries(places))('with %s in place of the file', (_, make) => {
  beforeEach(make);

  it('a container says nothing at its end', async () => {
    tried('hostile files in place of logs and messages', 2);
    const own = { directory: logsDir, inner: 'ns_p_uid/main/0.log' };
    const none = { directory: logsDir, inner: 'none' };
    const message = { policy: 'FallbackToLogsOnError', exitCode: 1 };
    expect(await terminationMessage({ ...message, files: linuxFiles, file: own, logFile: none })).toBe('');
    expect(await terminationMessage({ ...message, files: linuxFiles, file: none, logFile: own })).toBe('');
  });

  it('a log is not there to be read', async () => {
    tried('hostile files in place of logs and messages');
    const sent: Uint8Array[] = [];
    const frames = (async function* () {})();
    const served = serveLog({
      request: {
        type: 'log',
        namespace: 'ns',
        pod: 'p',
        uid: 'uid',
        container: 'main',
        follow: false,
        previous: false,
        timestamps: false,
      },
      // as: a log needs no more of a pod.
      pods: {
        get: () => ({
          observed: { sandboxes: [], containers: [{ name: 'main', id: 'c', attempt: 0, state: 'exited' }] },
        }),
      } as never,
      logsDir,
      files: linuxFiles,
      now: Date.now,
      server: { frames, send: async (each: Uint8Array) => void sent.push(each), close: () => undefined } as never,
    });
    await expect(served).rejects.toThrow('is no longer on its node');
    expect(sent).toEqual([]);
  });

  it('a log is not rotated, and nothing elsewhere is removed with it', async () => {
    tried('hostile files in place of logs and messages', 2);
    const limits = { maxBytes: 1, maxFiles: 1 };
    const runtime = { reopenContainerLog: () => Promise.reject(new Error('reopened')) };
    expect(
      await rotateLog(
        { runtime, logsDir, host: { files: linuxFiles } },
        { id: 'c', logPath: log },
        limits,
        new Date(0),
      ),
    ).toBe(false);
    await rotatedLogs(linuxFiles, logsDir, log);
    await removeLogs(linuxFiles, logsDir, log).catch(() => undefined);
    expect(await fs.readFile(secret(), 'utf8')).toContain('secret');
  });
});

describe('a log elsewhere', () => {
  it('is none of the node', async () => {
    tried('hostile files in place of logs and messages');
    expect(await rotatedLogs(linuxFiles, logsDir, secret())).toEqual([]);
    await removeLogs(linuxFiles, logsDir, secret());
    expect(await fs.readFile(secret(), 'utf8')).toContain('secret');
  });
});
