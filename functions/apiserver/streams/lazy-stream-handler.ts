// A stream handler that is loaded when the first stream is asked for: many clusters never see one.

import type { StreamHandler } from '../streams-contract.ts';

export function createLazyStreamHandler(load: () => Promise<StreamHandler>): StreamHandler {
  let loading: Promise<StreamHandler> | undefined;
  const loaded = () => {
    loading ??= load();
    return loading;
  };
  return {
    respond: async (...args) => (await loaded()).respond(...args),
    upgrade: async (...args) => (await loaded()).upgrade(...args),
    connect: async (...args) => (await loaded()).connect(...args),
    connectNode: async (...args) => (await loaded()).connectNode(...args),
    accept: async (...args) => (await loaded()).accept(...args),
  };
}
