import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storeContract } from '../contract.ts';
import { openEmbeddedStore } from './embedded-store.ts';

storeContract('embedded', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zeroplane-store-'));
  let now = 0;
  const store = openEmbeddedStore(join(folder, 'store.db'), { now: () => now, tickMs: 0 });
  return {
    store,
    expire: async (nowSeconds) => {
      now = nowSeconds * 1000;
      await store.tick();
    },
    dispose: async () => {
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
});
