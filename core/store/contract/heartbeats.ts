// What a caller of Heartbeats may rely on, run against every engine's.

import { describe, expect, it } from 'vitest';
import type { Heartbeats } from '../heartbeats.ts';

export interface OpenedHeartbeats {
  readonly heartbeats: Heartbeats;
  dispose(): Promise<void>;
}

export function heartbeatsContract(name: string, open: () => Promise<OpenedHeartbeats>): void {
  const opened = (run: (heartbeats: Heartbeats) => Promise<void>) => async () => {
    const { heartbeats, dispose } = await open();
    await run(heartbeats).finally(dispose);
  };
  const usage = (text: string) => new Uint8Array(Buffer.from(text));
  /** As text, by node: engines answer with bytes of whatever class. */
  const kept = async (heartbeats: Heartbeats) =>
    Object.fromEntries([...(await heartbeats.usages())].map(([node, bytes]) => [node, Buffer.from(bytes).toString()]));

  describe(`heartbeats: ${name}`, () => {
    it(
      'keep the newest beat of each node, until the node is forgotten',
      opened(async (heartbeats) => {
        await heartbeats.beat('a', 2000);
        await heartbeats.beat('a', 1000);
        await heartbeats.beat('b', 3000);
        expect(await heartbeats.all()).toEqual(
          new Map([
            ['a', 2000],
            ['b', 3000],
          ]),
        );
        await heartbeats.forget('a');
        await heartbeats.forget('never-seen');
        expect([...(await heartbeats.all()).keys()]).toEqual(['b']);
      }),
    );

    it(
      'keep what each node said last that it uses, until the node is forgotten',
      opened(async (heartbeats) => {
        expect(await kept(heartbeats)).toEqual({});
        await heartbeats.beat('a', 1000, usage('little'));
        await heartbeats.beat('b', 1000);
        await heartbeats.beat('a', 2000);
        expect(await kept(heartbeats)).toEqual({ a: 'little' });
        await heartbeats.beat('a', 3000, usage('much'));
        await heartbeats.beat('a', 2500, usage('late'));
        expect(await kept(heartbeats)).toEqual({ a: 'much' });
        await heartbeats.forget('a');
        expect(await kept(heartbeats)).toEqual({});
        // A node of the same name that comes back has said nothing yet.
        await heartbeats.beat('a', 4000);
        expect(await kept(heartbeats)).toEqual({});
      }),
    );

    it(
      'hold more nodes than fit into one answer of DynamoDB',
      opened(async (heartbeats) => {
        const bytes = new Uint8Array(20_000).fill(7);
        const nodes = Array.from({ length: 60 }, (_, i) => `node-${i}`);
        await Promise.all(nodes.map((node) => heartbeats.beat(node, 1000, bytes)));
        const usages = await heartbeats.usages();
        expect([...usages.keys()].sort()).toEqual(nodes.sort());
        expect([...usages.values()].every((each) => each.length === bytes.length)).toBe(true);
        expect((await heartbeats.all()).size).toBe(60);
      }),
    );
  });
}
