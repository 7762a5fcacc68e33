import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ApiRequest } from '../http.ts';
import { freeBytes, readBody, takeBody } from './body.ts';

describe('reading a body', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  const request = (body: PassThrough): ApiRequest => ({ method: 'POST', path: '/', query: '', headers: {}, body });

  it('ends a minute after it began, however much comes', async () => {
    const bodies = [new PassThrough(), new PassThrough()];
    const failures = bodies.map((body) => expect(readBody(request(body))).rejects.toMatchObject({ reason: 'Timeout' }));
    for (let seconds = 0; seconds < 65; seconds += 5) {
      bodies[0]?.write('a');
      await vi.advanceTimersByTimeAsync(5000);
    }
    await Promise.all(failures);
    // Nothing is looked after any more.
    await vi.advanceTimersByTimeAsync(5000);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is done once: the request has its bytes then', async () => {
    const body = new PassThrough();
    const asked = request(body);
    const reading = readBody(asked);
    body.end('{}');
    expect(Buffer.from(await reading).toString()).toBe('{}');
    expect(asked.body).toBe(await readBody(asked));
  });

  it('may be the last: the request lets go of its bytes, and nobody takes it for an empty one', async () => {
    const body = new PassThrough();
    const asked = request(body);
    const reading = readBody(asked);
    body.end('{}');
    const bytes = await reading;
    expect(await takeBody(asked)).toBe(bytes);
    expect(asked.body).not.toBe(bytes);
    await expect(readBody(asked)).rejects.toThrow('was taken');
    const given: ApiRequest = { method: 'POST', path: '/', query: '', headers: {}, body: Buffer.from('{}') };
    await takeBody(given);
    expect(Buffer.from(await readBody(given)).toString()).toBe('{}');
    const none: ApiRequest = { method: 'DELETE', path: '/', query: '', headers: {} };
    expect((await takeBody(none)).length).toBe(0);
    expect(none.body).toBeUndefined();
  });

  it('asks for room for what is more than everybody may have', async () => {
    const body = new PassThrough();
    const asked: number[] = [];
    const reading = readBody(request(body), 10 * freeBytes, (bytes) => asked.push(bytes));
    for (const size of [freeBytes, 10, freeBytes]) body.write(Buffer.alloc(size));
    body.end();
    expect((await reading).length).toBe(2 * freeBytes + 10);
    expect(asked.reduce((sum, each) => sum + each, 0)).toBe(freeBytes + 10);
  });

  it('takes no more once there is no room, or the limit is met', async () => {
    for (const limit of [1000, 10 * freeBytes]) {
      const body = new PassThrough();
      const reading = readBody(request(body), limit, () => {
        throw new Error('no room');
      });
      reading.catch(() => undefined);
      for (let i = 0; i < 20; i++) body.write(Buffer.alloc(freeBytes));
      await (limit === 1000
        ? expect(reading).rejects.toMatchObject({ reason: 'RequestEntityTooLarge' })
        : expect(reading).rejects.toThrow('no room'));
      await vi.advanceTimersByTimeAsync(0);
      expect(body.readableLength).toBe(0);
    }
  });
});
