// Everybody may fetch the agent, by no credential: who fetches it again and again, and takes it slowly, keeps no other machine from joining.

import { afterEach, beforeEach, expect, it } from 'vitest';
import { tried } from '../../../test/tools/tried.ts';
import { openTestApi, type TestApi } from '../testing/open-test-api.ts';
import { createInstaller } from './installer.ts';

let t: TestApi;
beforeEach(async () => {
  const installer = createInstaller({
    authority: () => undefined,
    programs: async () => [
      {
        ...{ architecture: 'amd64', bytes: 2, sha256: 'a'.repeat(64), unpackedSha256: undefined },
        async *read() {
          yield Buffer.from('a');
          yield Buffer.from('b');
        },
      },
    ],
  });
  t = await openTestApi({ installer });
});
afterEach(() => t.close());

/** Begins it, and takes no more. undefined: refused. */
async function begin(remoteAddress: string): Promise<AsyncIterator<Uint8Array> | undefined> {
  const request = t.request('GET', '/install-agent/zeroplane-linux-amd64.gz', { as: null });
  const { status, body } = await t.api.handle({ ...request, remoteAddress });
  tried('download of the agent', 1);
  if (status === 429) return undefined;
  expect(status).toBe(200);
  if (!body || body instanceof Uint8Array) throw new Error('the agent comes as a stream');
  const chunks = body[Symbol.asyncIterator]();
  await chunks.next();
  return chunks;
}

it('has room for others, whoever takes all that they can', async () => {
  const held: AsyncIterator<Uint8Array>[] = [];
  for (let host = 0; host < 5; host++)
    for (let i = 0; i < 30; i++) {
      // Of one network: an IPv6 host has as many addresses as it wants.
      const found = await begin(`2001:db8:${host}::${i.toString(16)}`);
      if (found) held.push(found);
    }
  expect(held.length).toBeLessThan(45);
  const other = await begin('192.0.2.7');
  expect(other).toBeDefined();
  await other?.return?.();
  // And again, once some have ended.
  await Promise.all(held.map((each) => each.return?.()));
  expect(await begin('2001:db8:1::1')).toBeDefined();
});
