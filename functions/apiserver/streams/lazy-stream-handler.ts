// The stream handler, loaded with its WebSockets when the first stream is asked for: many clusters never see one.

import type { StreamHandler } from '../streams-contract.ts';
import type { StreamOptions } from './stream-handler.ts';

export function createLazyStreamHandler(options: StreamOptions): StreamHandler {
  let loading: Promise<StreamHandler> | undefined;
  const loaded = () => {
    loading ??= import('./stream-handler.ts').then(({ createStreamHandler }) => createStreamHandler(options));
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
