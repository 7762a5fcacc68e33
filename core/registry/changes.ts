// What changes an object that is there: one module, so that it is loaded at once.

export { changeSubresource } from './subresources/change-subresource.ts';
export { createBinding, createSubresource } from './subresources/create-subresource.ts';
export { modify } from './write/modify.ts';
export { patch } from './write/patch.ts';
export { update } from './write/update.ts';
