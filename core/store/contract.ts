// The suite that every engine passes: what a caller of the Store may rely on. An engine's test file calls `storeContract`.

import { afterEach, beforeEach, describe, it } from 'vitest';
import { logContract } from './contract/log.ts';
import { pastContract } from './contract/past.ts';
import { readsContract } from './contract/reads.ts';
import { failure, put } from './contract/samples.ts';
import type { ContractOptions, OpenedStore } from './contract/suite.ts';
import { writesContract } from './contract/writes.ts';

export function storeContract(name: string, open: () => Promise<OpenedStore>, options: ContractOptions = {}): void {
  describe(`store contract: ${name}`, () => {
    let opened: OpenedStore;
    beforeEach(async () => {
      opened = await open();
    });
    afterEach(() => opened.dispose());

    const suite = {
      options,
      get opened() {
        return opened;
      },
    };
    writesContract(suite);
    readsContract(suite);
    logContract(suite);
    pastContract(suite);

    it('after close, fails with closed', async () => {
      await opened.store.commit([put('a', 0, '1')]);
      await opened.store.close();
      await failure('closed', opened.store.get('pods', 'a'));
      await failure('closed', opened.store.commit([put('b', 0, '1')]));
      await opened.store.close();
    });
  });
}
