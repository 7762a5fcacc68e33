import { appendFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ByteQueue } from '../../core/node/byte-queue.ts';
import type { StreamRequest } from '../../core/node/protocol.ts';
import type { V1ContainerStatus } from '../../generated/kubernetes.ts';
import { linuxFiles } from '../files/linux-files.ts';
import type { ObservedContainer } from '../pods/observed.ts';
import { serveLog } from './log.ts';
import { LogFormat } from './log-format.ts';
import { fixedWidth, nanoseconds } from './log-line.ts';
import { logSource } from './log-source.ts';
import { sinceStart, tailStart } from './log-start.ts';

function container(attempt: number, state: ObservedContainer['state']): ObservedContainer {
  return {
    id: `id${attempt}`,
    sandboxId: 's',
    name: 'main',
    attempt,
    state,
    createdAt: attempt,
    startedAt: attempt,
    finishedAt: 0,
    exitCode: 0,
    reason: '',
    message: '',
    image: '',
    imageRef: '',
    quickRestarts: 0,
    logPath: '',
  };
}

function pod(containers: ObservedContainer[], status?: Partial<V1ContainerStatus>) {
  const one = { name: 'main', image: '', imageID: '', ready: false, restartCount: 0, ...status };
  return { observed: { sandboxes: [], containers }, status: { containerStatuses: [one] } };
}

const at = (second: number) => `2026-01-01T00:00:${String(second).padStart(2, '0')}.5Z`;

describe('which instance a log is of', () => {
  const subject = { pod: 'p', container: 'main', previous: false };
  it('is the newest that started', () => {
    expect(logSource(pod([container(0, 'exited'), container(1, 'running')]), subject).id).toBe('id1');
  });
  it('is the last that ended while the next waits', () => {
    const waiting = pod([container(0, 'exited'), container(1, 'created')], {
      lastState: { terminated: { containerID: 'containerd://id0', exitCode: 1 } },
    });
    expect(logSource(waiting, subject).id).toBe('id0');
  });
  it('is, for the previous one, the one that the status calls its last state', () => {
    const previous = { ...subject, previous: true };
    const crashed = pod([container(3, 'exited')], {
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: { terminated: { containerID: 'containerd://id3', exitCode: 1 } },
    });
    expect(logSource(crashed, previous).id).toBe('id3');
    expect(logSource(pod([container(0, 'exited'), container(1, 'running')]), previous).id).toBe('id0');
    expect(() => logSource(pod([container(0, 'running')]), previous)).toThrow(
      'previous terminated container "main" in pod "p" not found',
    );
  });
  it('is none while the container waits, for which it gives the reason', () => {
    expect(() => logSource(undefined, subject)).toThrow(
      'container "main" in pod "p" is waiting to start: ContainerCreating',
    );
    const backOff = pod([], { state: { waiting: { reason: 'ImagePullBackOff' } } });
    expect(() => logSource(backOff, subject)).toThrow('is waiting to start: trying and failing to pull image');
  });
});

describe('log lines', () => {
  const file = Buffer.from(
    `${at(1)} stdout F one\n${at(2)} stderr P tw\n${at(3)} stderr F o\nbroken\n${at(4)} stdout F \n${at(5)} stdout F five\n`,
  );
  const format = (options: ConstructorParameters<typeof LogFormat>[0]) => new LogFormat(options).push(file).toString();
  it('are put together from their pieces', () => {
    expect(format({ timestamps: false })).toBe('one\ntwo\n\nfive\n');
  });
  it('show the time of their beginning, in one width', () => {
    expect(format({ timestamps: true, stream: 'stderr' })).toBe('2026-01-01T00:00:02.500000000Z two\n');
  });
  it('are left out before a time, and cut at a number of bytes', () => {
    expect(format({ timestamps: false, since: nanoseconds(at(4)) ?? 0n })).toBe('\nfive\n');
    expect(format({ timestamps: false, limitBytes: 5 })).toBe('one\nt');
  });
  it('come out the same however the file is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(file.length), { maxLength: 6 }), (cuts) => {
        const reader = new LogFormat({ timestamps: true });
        const places = [0, ...cuts.sort((a, b) => a - b), file.length];
        const parts = places.slice(1).map((end, i) => reader.push(file.subarray(places[i], end)));
        expect(Buffer.concat(parts).toString()).toBe(format({ timestamps: true }));
      }),
    );
  });
  it('have times to the nanosecond, in any zone', () => {
    expect(nanoseconds('2026-01-01T01:00:00.000000001+01:00')).toBe(nanoseconds('2026-01-01T00:00:00.000000001Z'));
    expect(nanoseconds('2026-01-01T00:00:00.1Z')).toBeLessThan(nanoseconds('2026-01-01T00:00:00.100000001Z') ?? 0n);
    expect(nanoseconds('yesterday')).toBeUndefined();
    expect(fixedWidth('2026-01-01T00:00:00+01:00')).toBe('2026-01-01T00:00:00.000000000+01:00');
  });
});

describe('where a log begins', () => {
  // Long enough for several blocks, with lines in pieces among them.
  const lines = Array.from({ length: 20_000 }, (_, i) => {
    const time = new Date(Date.UTC(2026, 0, 1) + i * 1000).toISOString();
    return `${time} stdout ${i % 7 === 3 ? 'P' : 'F'} line ${i}\n`;
  });
  const file = Buffer.from(lines.join(''));
  let bytesRead = 0;
  const read = async (position: number, length: number) => {
    bytesRead += length;
    return file.subarray(position, position + length);
  };
  it('is found for a tail as if all lines had been counted', async () => {
    const all = new LogFormat({ timestamps: false }).push(file).toString().split('\n').slice(0, -1);
    for (const wanted of [0, 1, 2, 3, 10, 5000, 17_142, 17_143, 30_000]) {
      const text = new LogFormat({ timestamps: false }).push(file.subarray(await tailStart(read, file.length, wanted)));
      expect(text.toString().split('\n').slice(0, -1)).toEqual(wanted === 0 ? [] : all.slice(-wanted));
    }
  });
  it('is found for a short tail without reading the whole file', async () => {
    bytesRead = 0;
    await tailStart(read, file.length, 5);
    expect(bytesRead).toBeLessThan(file.length / 5);
  });
  it('is found for a time, at most a block too early', async () => {
    for (const wanted of [0, 1, 7777, 19_999]) {
      const since = nanoseconds(lines[wanted]?.split(' ')[0] ?? '') ?? 0n;
      const from = await sinceStart(read, file.length, since);
      const exact = lines.slice(0, wanted).join('').length;
      expect(from).toBeLessThanOrEqual(exact);
      expect(exact - from).toBeLessThanOrEqual(64 * 1024);
      const text = new LogFormat({ timestamps: false, since }).push(file.subarray(from)).toString();
      expect(text.startsWith(`line ${wanted}`)).toBe(true);
    }
  });
});

describe('following a log', () => {
  let logsDir: string;
  let file: string;
  beforeEach(async () => {
    logsDir = await mkdtemp(path.join(tmpdir(), 'zeroplane-log-'));
    file = path.join(logsDir, 'ns_p_uid', 'main', '0.log');
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, `${at(1)} stdout F one\n`);
  });
  afterEach(() => rm(logsDir, { recursive: true, force: true }));

  it('goes on over a rotation, and ends with its container', async () => {
    const containers = [container(0, 'running')];
    const fromClient = new ByteQueue(1024);
    let text = '';
    const request: Extract<StreamRequest, { type: 'log' }> = {
      type: 'log',
      namespace: 'ns',
      pod: 'p',
      uid: 'uid',
      container: 'main',
      follow: true,
      previous: false,
      timestamps: false,
    };
    const served = serveLog({
      request,
      pods: { get: () => pod(containers) },
      logsDir,
      files: linuxFiles,
      now: Date.now,
      server: {
        frames: fromClient,
        send: async (frame) => {
          text += Buffer.from(frame.subarray(1)).toString();
        },
        deserted: () => new Promise<void>(() => {}),
        close: () => fromClient.end(),
      },
    });
    await expect.poll(() => text).toBe('one\n');
    await appendFile(file, `${at(2)} stdout F two\n`);
    await expect.poll(() => text).toBe('one\ntwo\n');
    await rename(file, `${file}.1`);
    await writeFile(file, `${at(3)} stdout F three\n`);
    await expect.poll(() => text).toBe('one\ntwo\nthree\n');
    containers[0] = container(0, 'exited');
    await appendFile(file, `${at(4)} stdout F four\n`);
    await served;
    expect(text).toBe('one\ntwo\nthree\nfour\n');
  });
});
