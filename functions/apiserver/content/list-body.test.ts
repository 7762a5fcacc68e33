import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { ApiRequest } from '../http.ts';
import { listBody, wholeBody } from './list-body.ts';
import { compress, respondList } from './respond.ts';

const request: ApiRequest = { method: 'GET', path: '/', query: '', headers: { 'accept-encoding': 'gzip' } };

function items(count: number, length: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => Buffer.from(`{"n":${i},"text":"${'x'.repeat(length)}"}\n`));
}

describe('the body of a list', () => {
  it('is one buffer while it is small', () => {
    const { body, bytes } = listBody('[', [Buffer.from('1\n'), Buffer.from('2')], ']\n');
    expect(body).toEqual(Buffer.from('[1,2]\n'));
    expect(bytes).toBe(6);
    expect(listBody('[', [], ']').body).toEqual(Buffer.from('[]'));
  });

  it('comes in chunks when it is large, with items that are larger than a chunk too', async () => {
    for (const [count, length] of [
      [2000, 100],
      [3, 200_000],
    ] as const) {
      const { body, bytes } = listBody('[', items(count, length), ']\n');
      if (body instanceof Uint8Array) throw new Error('one buffer');
      const sizes: number[] = [];
      for await (const chunk of body) sizes.push(chunk.length);
      expect(Math.max(...sizes)).toBe(sizes[0]);
      expect(sizes.reduce((sum, each) => sum + each)).toBe(bytes);
      const whole = Buffer.from(await wholeBody(listBody('[', items(count, length), ']\n').body));
      expect(JSON.parse(whole.toString())).toEqual(items(count, length).map((each) => JSON.parse(String(each))));
    }
  });

  it('is compressed as it goes', async () => {
    const parts = items(2000, 100);
    const plain = await respondList('[', parts, ']', { encoding: 'json', pretty: false });
    expect(plain.bytes).toBe((await wholeBody(plain.body ?? new Uint8Array())).length);
    const response = await compress(request, await respondList('[', parts, ']', { encoding: 'json', pretty: false }));
    expect(response.headers['content-encoding']).toBe('gzip');
    const text = gunzipSync(await wholeBody(response.body ?? new Uint8Array())).toString();
    expect(JSON.parse(text)).toHaveLength(2000);
  });
});
