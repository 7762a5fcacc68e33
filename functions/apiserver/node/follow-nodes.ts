// What a process does that acts on what it sees of nodes: one module, so that it is loaded at once.

export { forgetRemovedNodes } from './forget-removed.ts';
export { createNotifier } from './notifier.ts';
