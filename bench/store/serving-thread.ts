// The other thread of the port's benchmark: owns a store and serves it.

import { type MessagePort, workerData } from 'node:worker_threads';
import { openEmbeddedStore } from '../../core/store/embedded/embedded-store.ts';
import { serveStore } from '../../core/store/port.ts';

// as: main.ts is the only one that starts this thread.
const { path, port } = workerData as { path: string; port: MessagePort };
const store = openEmbeddedStore(path);
serveStore(store, port);
port.on('close', () => void store.close());
