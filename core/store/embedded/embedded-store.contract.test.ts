import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { heartbeatsContract } from '../contract/heartbeats.ts';
import { storeContract } from '../contract.ts';
import { openEmbeddedStore } from './embedded-store.ts';

async function open() {
  const folder = mkdtempSync(join(tmpdir(), 'zeroplane-store-'));
  let now = Date.now();
  const store = openEmbeddedStore(join(folder, 'store.db'), { now: () => now, tickMs: 0 });
  return {
    store,
    expire: async (nowSeconds: number) => {
      now = nowSeconds * 1000;
      await store.tick();
    },
    dispose: async () => {
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
}

storeContract('embedded', open);
heartbeatsContract('embedded', async () => {
  const { store, dispose } = await open();
  return { heartbeats: store.heartbeats, dispose };
});
