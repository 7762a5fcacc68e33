// What removes objects: one module, so that it is loaded at once.

export { remove } from './write/delete.ts';
export { removeCollection } from './write/delete-collection.ts';
