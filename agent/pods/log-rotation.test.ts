import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linuxFiles } from '../files/linux-files.ts';
import { removeLogs, rotatedLogs, rotateLog } from './log-rotation.ts';

describe('rotateLog', () => {
  let directory: string;
  let logPath: string;
  beforeEach(async () => {
    directory = await fs.mkdtemp(path.join(os.tmpdir(), 'zeroplane-log-'));
    logPath = path.join(directory, '0.log');
  });
  afterEach(() => fs.rm(directory, { recursive: true }));

  const limits = { maxBytes: 10, maxFiles: 3 };
  /** What a runtime does: it begins a new file. */
  const runtime = { reopenContainerLog: () => fs.writeFile(logPath, '').then(() => ({})) };
  const rotate = (second: number) =>
    rotateLog(
      { runtime, logsDir: directory, host: { files: linuxFiles } },
      { id: 'c', logPath },
      limits,
      new Date(second * 1000),
    );
  const kept = () => rotatedLogs(linuxFiles, directory, logPath);

  it('leaves a small log alone', async () => {
    await fs.writeFile(logPath, 'short');
    expect(await rotate(1)).toBe(false);
    expect(await kept()).toEqual([]);
  });

  it('sets a full log aside, keeps the newest, and drops the oldest', async () => {
    for (const second of [1, 2, 3]) {
      await fs.writeFile(logPath, `full enough ${second}`);
      expect(await rotate(second)).toBe(true);
    }
    const texts = await Promise.all((await kept()).map((file) => fs.readFile(file, 'utf8')));
    expect(texts).toEqual(['full enough 2', 'full enough 3']);
    expect(await fs.readFile(logPath, 'utf8')).toBe('');
  });

  it('removes a log with all that was set aside of it', async () => {
    await fs.writeFile(logPath, 'full enough');
    await rotate(1);
    await fs.writeFile(path.join(directory, '1.log'), 'of the next');
    await removeLogs(linuxFiles, directory, logPath);
    expect(await fs.readdir(directory)).toEqual(['1.log']);
  });

  it('puts the log back when the runtime does not open a new one', async () => {
    await fs.writeFile(logPath, 'full enough');
    const broken = { reopenContainerLog: () => Promise.reject(new Error('not running')) };
    await expect(
      rotateLog(
        { runtime: broken, logsDir: directory, host: { files: linuxFiles } },
        { id: 'c', logPath },
        limits,
        new Date(0),
      ),
    ).rejects.toThrow('not running');
    expect(await fs.readFile(logPath, 'utf8')).toBe('full enough');
  });
});
